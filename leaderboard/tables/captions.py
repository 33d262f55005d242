"""What a table's caption says: what is estimated and how surely, units, marks; and what a reader must know of rows."""

from collections.abc import Iterable, Mapping, Sequence

from leaderboard.reading.column import Column
from leaderboard.reading.sources import NO_SEARCH
from leaderboard.rows import SAME, Row
from leaderboard.statistics.intervals import WITH_TEXTS, WITHOUT_TEXTS
from leaderboard.tables.marks import Mark, compared, undecided
from leaderboard.tables.writing import AMOUNTS, amount_of, heading, row_name, scale, short

_EXPLAINED = {
    "accuracy": "accuracy: share of test rows",
    "accuracy_difference": "Δ ref.: accuracy less that of the reference cell",
    "neutral_drift": "n.drift: mean |SHAP drift| of neutral tokens less the placebo's, in thousandths of a probability",
    "neutral_uptake": "n.uptake (ratio): above 0, neutral tokens argue for the label that their language "
    "over-represents",
    "trainable_parameters": "trains: trainable parameters",
    "seconds": "s: seconds of training",
    "rate_body": "rate_body: peak learning rate of the body",
    "search_seconds": "search_seconds: seconds of all trainings of the search",
}


def explained(rows: Sequence[Row], numbers: Sequence[Column]) -> list[str]:
    """Return the sentences that explain a section's numbers: what is estimated, units, chance, the untuned model.

    Args:
        rows: of the section.
        numbers: the columns of numbers that are shown.
    """
    told = [_intervals(rows, numbers), *(_meaning(rows, column) for column in numbers), "n: finished seeds"]
    return told + searched(rows)


def searched(rows: Sequence[Row]) -> list[str]:
    """Return the sentence that says what searches of the learning rate cost, where there were any."""
    own = [row for row in rows if row.numbers["search_trainings"].value and not row.status.startswith("same as")]
    if not own:
        return []
    trainings, seconds = (_total(own, name) for name in ("search_trainings", "search_seconds"))
    edge = sum(bool(row.numbers["search_at_edge"].value) for row in own)
    return [
        f"Learning rates were searched by {trainings:.0f} trainings, of {amount_of(seconds)} s in all; {edge} of "
        f"{len(own)} rows chose an end of the range, beyond which a better rate may lie"
    ]


def _total(rows: Sequence[Row], column: str) -> float:
    return sum((number.value or 0.0) * number.seeds for number in (row.numbers[column] for row in rows))


def tested(
    rows: Sequence[Row],
    numbers: Mapping[str, Column],
    marks: Mapping[str, Sequence[Mark]],
    emphasis: tuple[str, str] | None,
) -> list[str]:
    """Return the sentences that explain the marks beside a section's numbers.

    Args:
        rows: of the section.
        numbers: the columns of numbers that are shown, by name.
        marks: of its rows, by column.
        emphasis: how the best and what is tied with it are set off, or None where they are not.
    """
    lines = []
    methods = entrants(rows)
    beside = [mark for column in marks.values() for mark in column]
    if any(mark.apart for mark in beside):
        lines.append("*: told apart from its reference")
    same = [name for name, own in marks.items() if compared(rows, name) and not any(mark.apart for mark in own)]
    if same:
        lines.append(f"No row is told apart from its reference in {_headings(same)}")
    if any(mark.letters for mark in beside):
        lines.append(f"Raised letters: {methods} of one regime and weighting that share one cannot be told apart")
    same = [name for name in marks if undecided(rows, name)]
    if same:
        lines.append(f"No two {methods} of one regime and weighting can be told apart in {_headings(same)}")
    best = [name for name, own in marks.items() if any(mark.place for mark in own)]
    if best and emphasis:
        ends = {"highest": "higher", "lowest": "lower"}
        named = {end: [name for name in best if numbers[name].better == better] for end, better in ends.items()}
        told = ", ".join(f"the {end} {_headings(names)}" for end, names in named.items() if names)
        told = f"{emphasis[0].capitalize()}: {told} shown of a regime and weighting"
        lines.append(f"{told}; {emphasis[1]}: not told apart from it")
    if lines:
        lines.append("All tests are paired by seed, Holm-corrected within the table and measure, at 5%")
    return lines


def entrants(rows: Iterable[Row]) -> str:
    """Return what is compared within one regime and weighting."""
    return "methods and learning rates" if any(row.learning_rate for row in rows) else "methods"


def remarks(rows: Iterable[Row], numbers: Sequence[Column]) -> list[str]:
    """Return one line for each thing a reader must know about a row: failures, identical cells, missing numbers.

    Args:
        rows: of a section.
        numbers: the columns of numbers that are shown.
    """
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
        for column in numbers:
            reason = row.numbers[column.name].reason if column.unit not in AMOUNTS else ""
            if reason and reason != NO_SEARCH and "this is the reference cell" not in reason:
                reasons.setdefault(f"{heading(column.name)}: {reason}", []).append(name)
    if twins:
        lines.append(f"= the same work, run once: {', '.join(twins)}")
    for reason, names in reasons.items():
        some = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        lines.append(f"{reason} ({some})")
    return lines


def _intervals(rows: Sequence[Row], numbers: Sequence[Column]) -> str:
    """Return what the intervals are about, in a word for each kind that is there."""
    differences = {column.name for column in numbers if column.paired}
    shown = [column.name for column in numbers if column.unit not in AMOUNTS]
    methods = {name: {row.numbers[name].method for row in rows} - {""} for name in shown}
    every = set().union(*methods.values())
    kinds = []
    if any("t interval" in method for method in every):
        paired = [name for name in shown if name in differences and methods[name]]
        told = f" ({_headings(paired)}: paired by seed)" if paired else ""
        kinds.append(f"several seeds: t interval of the mean over training runs on this test set{told}")
    if texts := [name for name in shown if any(method.endswith(WITH_TEXTS) for method in methods[name])]:
        some = " where every seed has one" if any(method.endswith(WITHOUT_TEXTS) for method in every) else ""
        kinds.append(f"{_headings(texts)}: error over texts added in quadrature{some}, so over runs and texts")
    if any(method.startswith("one seed") for method in every):
        kinds.append("one seed: bootstrap over groups of texts of that run, the variance between seeds is unknown")
    return "± is half a 95% interval; " + "; ".join(kinds) if kinds else "No intervals"


def _meaning(rows: Sequence[Row], column: Column) -> str:
    if column.name == "leakage_probe":
        return _leakage(rows)
    if column.name == "compression_probe":
        untuned = _untuned(rows, column.name)
        told = "compr. (ratio): uniform over online codelength of the probe texts' languages, 1 tells nothing"
        return told + (f", untuned {untuned:.2f}" if untuned else "")
    if column.name == "skew_uptake":
        regimes = ", ".join(sorted({row.skew_regime for row in rows if row.skew_regime})) or "none"
        return f"uptake of the skew of {regimes} (ratio): 0 blind to language, 1 copies it"
    unit = column.unit if scale(column) == 1.0 else f"thousandths of a {column.unit}"
    if column.plugin and column.summary:
        return f"{column.name} ({unit}): {column.summary}"
    return _EXPLAINED.get(column.name, f"{column.name}: {unit}")


def _leakage(rows: Sequence[Row]) -> str:
    vectors = ", ".join(sorted({row.vectors for row in rows if row.vectors})) or "frozen"
    told = f"leakage: share of probe texts whose language the paper's probe tells from {vectors} vectors"
    chance = next((n.value for row in rows if (n := row.numbers["leakage_probe_chance"]).value is not None), None)
    if chance is None or _several(rows):
        return told
    told += f": chance {short(chance, 3)}"
    mixed = [n.value for row in rows if (n := row.numbers["leakage_probe_shuffled"]).value is not None]
    told += f", shuffled {short(sum(mixed) / len(mixed), 3)}" if mixed else ""
    untuned = _untuned(rows, "leakage_probe")
    return told + (f", untuned {short(untuned, 3)}" if untuned else "")


def _several(rows: Sequence[Row]) -> bool:
    """Whether rows are of several tasks or models, of which each has its own chance and its own untuned model."""
    return len({(row.task, row.model) for row in rows}) > 1


def _untuned(rows: Sequence[Row], column: str) -> float | None:
    if _several(rows):
        return None
    return next((n.value for row in rows if (n := row.untuned.get(column)) and n.value), None)


def _headings(columns: Sequence[str]) -> str:
    return ", ".join(heading(name) for name in columns)
