"""What the model says of the explained texts, told twice: by their logits, and by their attributions."""

from pathlib import Path

import numpy as np

from leaderboard.measuring.jobs import ATTRIBUTIONS, PREDICTIONS
from leaderboard.reading import artifacts
from leaderboard.reading.artifacts import Attributions, Predictions
from leaderboard.reading.schema import Spec
from leaderboard.verification.findings import Findings

_OUTPUT = {"fp32": 1e-3, "tf32": 2e-2}
_ROUNDED = 0.1  # in other precisions, which have 8 bits or 11
"""Between a text's output and the softmax of its logits, which are computed in batches of other shapes: on results made
with fp32 on processors at most 2e-7. By the precision of the attributions; logits are computed in fp32. A base model of
8 bits rounds what goes into its layers by the largest number of the batch, so its outputs depend on the batch: 1e-3."""
_INTEGRALS = ("layer-integrated-gradients", "layer_integrated_gradients")  # add up but for the steps of the integral
_SUM = 1e-4
"""Between a text's output and its base and SHAP values, which add up to it but for float32's rounding: at most 7e-8."""


def check_explained(
    path: Path, spec: Spec, attributions: Attributions, predictions: Predictions | None, findings: Findings
) -> None:
    """Check that values add up to outputs, and that explained texts are test rows with the outputs of their logits.

    Args:
        path: of the attributions.
        spec: of the cell.
        attributions: as read.
        predictions: as read, or None.
        findings: are added to.
    """
    classes = len(spec.labels)
    column = artifacts.read_table(path, ["output"]).column("output").combine_chunks()
    output = column.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    if output.size != len(attributions.id) * classes or not np.isfinite(output).all():
        findings.fault(ATTRIBUTIONS, f"column 'output': {classes} finite values a row are wanted")
        return
    output = output.reshape(-1, classes)
    sums = attributions.base.copy()
    np.add.at(sums, attributions.text, attributions.values)
    settings = spec.asked.get("attributions", {}).get("settings", {}).get("attributions", {})
    summed = np.array([not str(mode).startswith(_INTEGRALS) for mode in attributions.mode], dtype=bool)
    off = np.abs(sums - output).max(axis=1, initial=0.0) * summed
    if settings.get("additive") is not False and (off > _SUM).any():  # a plug-in's explainer need not be
        text = _text(attributions, int(off.argmax()))
        findings.fault(ATTRIBUTIONS, f"base and values of {text} do not add up to its output")
    if predictions is None:
        return
    place = {key: row for row, key in enumerate(predictions.keys())}
    keys = attributions.keys()
    strangers = [row for row, key in enumerate(keys) if key not in place]
    if strangers:
        findings.fault(ATTRIBUTIONS, f"the text {_text(attributions, strangers[0])} is no test row")
        return
    if settings.get("mode") == "reference":
        return  # of texts that were put together and cut into tokens again
    bound = _ROUNDED if _in_8_bits(spec) else _OUTPUT.get(str(settings.get("precision", "fp32")), _ROUNDED)
    logits = predictions.logits[[place[key] for key in keys]].astype(np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    off = np.abs(shares - output)
    if (off > bound).any():
        row, label = np.unravel_index(int(off.argmax()), off.shape)
        one, other = f"{shares[row, label]:.4f}", f"{output[row, label]:.4f}"
        text = f"{_text(attributions, int(row))} has {spec.labels[label]!r} at {one}"
        findings.fault(PREDICTIONS, f"the text {text} by its logits, at {other} where it was explained")


def _in_8_bits(spec: Spec) -> bool:
    method = spec.canonical.get("method")
    options = method.get("options") if isinstance(method, dict) else None
    return isinstance(options, dict) and options.get("base") == "int8"


def _text(attributions: Attributions, row: int) -> str:
    return f"{attributions.id[row]!r} ({attributions.language[row]})"
