"""Which rows of a board, and in what order."""

from collections.abc import Iterable, Sequence

from leaderboard.board import Board
from leaderboard.rows import Row
from leaderboard.tables.fields import Fields, fields_of, no_column
from leaderboard.tables.filters import predicate
from polyskew.errors import UserError

DEFAULT_GROUP = ("task", "model", "variant")
_UNNAMED = {"variant": "", "learning_rate": "own rate"}  # what stands in a section's title where a row has no such name


def filtered(rows: Iterable[Row], expression: str, fields: Fields) -> tuple[Row, ...]:
    """Return the rows that an expression of `leaderboard.tables.filters` fits.

    Raises:
        UserError: the expression is wrong.
    """
    fits = predicate(expression, fields)
    return tuple(row for row in rows if fits(row))


def sorted_by(rows: Iterable[Row], names: Sequence[str], fields: Fields) -> tuple[Row, ...]:
    """Sort rows by columns, the first one first; what is missing comes last, and equal rows stay as they are.

    Args:
        rows: to sort.
        names: columns of the CSV; one that begins with ``-`` sorts from the largest value, or the last text.
        fields: what rows can be asked for.

    Raises:
        UserError: one is no column.
    """
    found = list(rows)
    for name in reversed(names):
        column, falling = name.removeprefix("-"), name.startswith("-")
        if column not in fields:
            raise UserError(no_column(column, fields))
        get = fields[column].get
        valued = [(value, place) for place, row in enumerate(found) if (value := get(row)) not in (None, "")]
        missing = [row for row in found if get(row) in (None, "")]
        valued.sort(key=lambda pair: pair[0], reverse=falling)
        found = [found[place] for _, place in valued] + missing
    return tuple(found)


def sections(board: Board, group: Sequence[str] = DEFAULT_GROUP) -> list[tuple[str, list[Row]]]:
    """Part a board's rows into sections with a title each, in the order of their first rows.

    The untuned model, which has no recipe, stands in the first section of its task and model.

    Args:
        board: the rows.
        group: names of columns of texts; rows with the same texts there share a section.
    """
    fields = fields_of(board.columns)
    first: dict[tuple[str, str], str] = {}
    for row in board.rows:
        if not _bare(row):
            first.setdefault((row.task, row.model), row.variant)
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in board.rows:
        key = [str(fields[name].get(row)) for name in group]
        if _bare(row) and "variant" in group:
            key[list(group).index("variant")] = first.get((row.task, row.model), "")
        found.setdefault(tuple(key), []).append(row)
    return [(_title(group, key), own) for key, own in found.items()]


def _bare(row: Row) -> bool:
    return row.method == "untuned" and not row.variant


def _title(group: Sequence[str], key: Sequence[str]) -> str:
    told = (text or _UNNAMED.get(name, f"no {name}") for name, text in zip(group, key, strict=True))
    return " · ".join(text for text in told if text)
