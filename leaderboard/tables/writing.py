"""Numbers and sentences as people read them, for the terminal, Markdown and figures alike."""

from collections.abc import Iterable

from leaderboard.board import SAME, Board, Row
from leaderboard.statistics.averaging import Number
from leaderboard.statistics.intervals import WITH_TEXTS, WITHOUT_TEXTS

CORE = (
    ("accuracy", "accuracy"),
    ("accuracy_difference", "Δ ref."),
    ("skew_uptake", "uptake"),
    ("leakage_probe", "leakage"),
    ("compression_probe", "compr."),
    ("neutral_drift", "n.drift"),
    ("neutral_uptake", "n.uptake"),
)
"""The board's core columns, with their headings."""

SIGNED = {"accuracy_difference", "skew_uptake", "neutral_drift", "neutral_uptake"}
DIGITS = {"skew_uptake": 2, "neutral_uptake": 2, "compression_probe": 1, "neutral_drift": 0}
SCALE = {"neutral_drift": 1000.0}


def written(name: str, number: Number) -> str:
    """Write a number with the half width of its interval, for example ``.612±.013``; ``-`` where it is missing.

    The neutral drift is written in thousandths, so that it fits and can be read.
    """
    if number.value is None:
        return "-"
    digits, scale = DIGITS.get(name, 3), SCALE.get(name, 1.0)
    text = _short(number.value * scale, digits, signed=name in SIGNED)
    if number.low is not None and number.high is not None:
        text += f"±{_short((number.high - number.low) / 2 * scale, digits)}"
    return text


def amount(number: Number) -> str:
    """Write a count with a unit prefix, for example ``4.8M``; ``-`` where it is missing."""
    if number.value is None:
        return "-"
    value = number.value
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{prefix}"
    return f"{value:.3g}"


def seeds(row: Row) -> str:
    """Write the number of measured seeds, and of how many if some are missing."""
    return str(row.done) if row.done == row.planned else f"{row.done}/{row.planned}"


def sections(board: Board) -> list[tuple[str, list[Row]]]:
    """Group rows by task, model and variant; each section has a title, and begins with the untuned model."""
    untuned: dict[str, list[Row]] = {}
    found: dict[str, list[Row]] = {}
    for row in board.rows:
        home = f"{row.task} · {row.model}"
        if row.method == "untuned" and not row.variant:
            untuned.setdefault(home, []).append(row)
            continue
        title = f"{home} · {row.variant}" if row.variant else home
        found.setdefault(title, list(untuned.pop(home, []))).append(row)
    return [*((title, rows) for title, rows in untuned.items()), *found.items()]


def caption(rows: Iterable[Row]) -> list[str]:
    """Return the sentences that explain a section's numbers: units, intervals, chance, untuned model."""
    rows = list(rows)
    lines = []
    methods = {number.method for row in rows for name, _ in CORE if (number := row.numbers[name]).method}
    kinds = []
    if any("t interval" in method for method in methods):
        kinds.append("several seeds: t interval of the mean (Δ, n.drift, n.uptake: paired by seed)")
    if any(method.endswith(WITH_TEXTS) for method in methods):
        some = " where every seed has one" if any(method.endswith(WITHOUT_TEXTS) for method in methods) else ""
        kinds.append(f"n.drift, n.uptake: error over texts added in quadrature{some}")
    if any(method.startswith("one seed") for method in methods):
        kinds.append("one seed: bootstrap over groups of texts")
    lines.append("± is half a 95% interval; " + "; ".join(kinds) if kinds else "no intervals")
    vectors = ", ".join(sorted({row.vectors for row in rows if row.vectors})) or "frozen"
    leak = f"leakage: share of probe texts whose language the paper's probe tells from {vectors} vectors"
    chance = next((n.value for row in rows if (n := row.numbers["leakage_probe_chance"]).value is not None), None)
    if chance is not None:
        leak += f": chance {_short(chance, 3)}"
        mixed = [n.value for row in rows if (n := row.numbers["leakage_probe_shuffled"]).value is not None]
        leak += f", shuffled {_short(sum(mixed) / len(mixed), 3)}" if mixed else ""
        untuned = next((m.value for row in rows if (m := row.untuned.get("leakage_probe")) and m.value), None)
        leak += f", untuned {_short(untuned, 3)}" if untuned is not None else ""
    lines.append(leak)
    compressed = next((m.value for row in rows if (m := row.untuned.get("compression_probe")) and m.value), None)
    lines.append(
        "compr. (ratio): uniform over online codelength of those languages, 1 tells nothing"
        + (f"; untuned {compressed:.2f}" if compressed else "")
    )
    regimes = ", ".join(sorted({row.skew_regime for row in rows if row.skew_regime})) or "none"
    lines.append(f"accuracy, Δ: shares. uptake of the skew of {regimes} (ratio): 0 blind to language, 1 copies it")
    lines.append("n.drift: mean |SHAP drift| of neutral tokens less the placebo's, in thousandths of a probability")
    lines.append("n.uptake (ratio): above 0, neutral tokens argue for the label that their language over-represents")
    lines.append("trains: trainable parameters. s: seconds of training. n: seeds")
    return lines


def remarks(rows: Iterable[Row]) -> list[str]:
    """Return one line for each thing a reader must know about a row: failures, identical cells, missing numbers."""
    lines, twins = [], []
    reasons: dict[str, list[str]] = {}
    for row in rows:
        name = row_name(row)
        for note in row.notes:
            if note.startswith(SAME):
                twins.append(f"{name} as {note.removeprefix(SAME)}")
            else:
                lines.append(f"{name}: {note}")
        if row.status in ("failed", "not run") or row.method == "untuned":
            continue
        for column, heading in CORE:
            reason = row.numbers[column].reason
            if reason and reason != "this is the reference cell":
                reasons.setdefault(f"{heading}: {reason}", []).append(name)
    if twins:
        lines.append(f"= the same work, run once: {', '.join(twins)}")
    for reason, names in reasons.items():
        some = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        lines.append(f"{reason} ({some})")
    return lines


def row_name(row: Row) -> str:
    """Return method/regime/weighting."""
    return "/".join(part for part in (row.method, row.regime, row.weighting) if part)


def _short(value: float, digits: int, *, signed: bool = False) -> str:
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("0.", ".", 1) if text.lstrip("+-").startswith("0.") else text
