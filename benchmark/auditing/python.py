"""An audit's weights as Python, ready to stand in a training script."""

from collections.abc import Mapping

from benchmark.auditing.report import Report

# F is torch.nn.functional.
EXAMPLES = {
    "weight": """\
weights = torch.tensor([PER_LANGUAGE[row["language"], row["label"]] for row in batch])
losses = F.cross_entropy(logits, targets, reduction="none")
loss = (losses * weights).mean()
""",
    "pos_weight": """\
weights = torch.tensor([[PER_LANGUAGE[row["language"], label] for label in LABELS] for row in batch])
losses = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="none")
loss = losses.mean()
""",
}


def python(report: Report) -> str:
    """Return the weights as dictionaries, and three lines that use them; see `benchmark.auditing.report.Weights`."""
    weights = report.weights
    lines = [
        f"# Weights for the split {weights.split!r} of {report.data}.",
        f"LABELS = {list(report.labels)!r}",
        "# n / (C * n_c) by label: blind to language." if weights.kind == "weight" else "# Absent / present by label.",
        "GLOBAL = {",
        *(f"    {label!r}: {value:.6g}," for label, value in weights.overall.items()),
        "}",
        "# n_l / (C * n[l, c]) by language and label (equation 2 of Jung and van der Plas 2024)."
        if weights.kind == "weight"
        else "# Absent / present by language and label.",
        "PER_LANGUAGE = {",
        *(f"    {line}" for language, row in weights.per_language.items() for line in _entries(language, row)),
        "}",
        "",
    ]
    example = "".join(f"# {line}\n" for line in EXAMPLES[weights.kind].splitlines())
    return "\n".join(lines) + "\n# In the training loop, for a batch of rows:\n" + example


def _entries(language: str, row: Mapping[str, float]) -> list[str]:
    return [f"({language!r}, {label!r}): {value:.6g}," for label, value in row.items()]
