"""The page's title and the sentences around the board."""

from pathlib import Path

from leaderboard.board import Board, Row
from leaderboard.statistics.intervals import WITH_TEXTS
from leaderboard.tables.captions import entrants, searched
from leaderboard.tables.marks import marks, undecided
from polyskew.errors import UserError
from polyskew.yamls import parse_yaml

QUESTION = "Does a fine-tuned model learn the task, or does it learn the language?"


def prose(board: Board, folder: Path) -> dict[str, object]:
    """Return the title, a sentence that says what is on the board, and the sentences that explain its numbers."""
    name = _grid_name(folder)
    return {
        "title": f"polyskew · {name}" if name else "polyskew",
        "question": QUESTION,
        "about": _about(board),
        "caption": _caption(board),
    }


def _grid_name(folder: Path) -> str:
    """Return the grid's name; empty where the folder has no readable grid."""
    path = folder / "grid.yaml"
    try:
        told, _ = parse_yaml(path.read_text(encoding="utf-8"), path.name)
        return str(told.get("name", "")).encode(errors="replace").decode()
    except (OSError, UnicodeDecodeError, UserError, AttributeError):
        return ""


def _about(board: Board) -> str:
    rows = [row for row in board.rows if row.method != "untuned"]
    if not rows:
        return "No cell has been trained yet."
    axes = ("task", "model", "method", "regime", "weighting")
    counts = [_counted(len({getattr(row, axis) for row in rows}), axis) for axis in axes]
    seeds = sorted({row.planned for row in rows})
    each = f"{_counted(seeds[0], 'seed')} each" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds each"
    whole = f"{', '.join(counts[:-1])} and {counts[-1]}, {each}."
    finished = sum(row.done == row.planned for row in board.rows)
    failed = sum(row.status == "failed" for row in board.rows)
    if finished < len(board.rows):
        whole += f" {finished} of {len(board.rows)} rows are finished" + (f", {failed} failed." if failed else ".")
    return whole


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _caption(board: Board) -> list[str]:
    """Return what is estimated and how sure it is, for the intervals that the board has."""
    methods = {number.method for row in board.rows for number in row.numbers.values()}
    lines = []
    if any("t interval" in method for method in methods):
        lines.append(
            "Rows with several seeds give the mean over training runs on this test set; ± is half a 95% t interval "
            "over the runs. Differences and drifts are paired by seed."
        )
    if any(method.endswith(WITH_TEXTS) for method in methods):
        lines.append("Neutral drift and uptake vary with the explained texts too; their intervals include that.")
    if any(method.startswith("one seed") for method in methods):
        lines.append(
            "Rows with one seed: ± is half a 95% interval over the test rows of that one run. "
            "How far another seed would be from it is unknown."
        )
    compared, rivals = [column for column in board.columns if column.compared], entrants(board.rows)
    if any(mark.letters for column in compared for mark in marks(board.rows, column)):
        lines.append(
            f"Letters: {rivals} of one regime and weighting that share a letter cannot be told apart (paired by seed, "
            f"Holm-corrected within the table and measure, at 5%). They stand only where two {rivals} are told apart."
        )
    if alike := [column.name.replace("_", " ") for column in compared if undecided(board.rows, column.name)]:
        lines.append(f"No two {rivals} of one regime and weighting can be told apart in {', '.join(alike)}.")
    if any(row.against_reference for row in board.rows):
        lines.append(
            "▲ and ▼: told apart, likewise, from the row's reference, the balanced and unweighted training of the same "
            "method."
        )
    if any(row.status.startswith("same as") for row in board.rows):
        lines.append("=: this row's work is identical to another's and was done once.")
    lines += [f"{told}." for told in searched(board.rows)]
    lines += [
        f"{column.name.replace('_', ' ').capitalize()}, a measure of a plug-in: {column.summary}."
        for column in board.columns
        if column.plugin and column.summary
    ]
    return [*lines, *_measures(board.rows)]


def _measures(rows: tuple[Row, ...]) -> list[str]:
    regimes = ", ".join(sorted({row.skew_regime for row in rows if row.skew_regime})) or "none"
    vectors = ", ".join(sorted({row.vectors for row in rows if row.vectors})) or "frozen"
    return [
        f"Skew uptake is 0 for predictions blind to language, 1 for a full copy of the skew of {regimes}. Language "
        f"leakage is the accuracy of the paper's language probe on {vectors} vectors. Compression is the uniform over "
        "the online codelength of the languages, 1 where features tell nothing. Neutral drift is the mean size of the "
        "SHAP drift of neutral tokens, less the placebo's; neutral uptake is above 0 where neutral tokens argue for "
        "the label that their language over-represents.",
    ]
