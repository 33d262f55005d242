"""The board for other programs: CSV and JSON."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from leaderboard.board import Board
from leaderboard.rows import Row
from leaderboard.tables.choosing import sections
from leaderboard.tables.fields import FIELDS, NAMES, Value, chosen, texts
from leaderboard.tables.writing import UNITS, one_line

BOARD_SCHEMA = 1
# What makes a spreadsheet take a text for a formula (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def csv_text(board: Board, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return a line for each row.

    Texts have no line breaks and no control characters, and an apostrophe before what a spreadsheet would take for a
    formula.
    """
    names = csv_columns(columns)
    fields = [FIELDS[name] for name in names]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in _ordered(board, group):
        writer.writerow([_plain(field.get(row)) for field in fields])
    return out.getvalue()


def csv_columns(columns: Sequence[str] = ()) -> list[str]:
    """Return the names of the CSV's columns, in order; they are documented and stable.

    Args:
        columns: of the board, to have beside the names, each with all that belongs to it; all where none are given.
    """
    if not columns:
        return list(FIELDS)
    return [*NAMES, *(name for column in chosen(columns) for name, field in FIELDS.items() if field.column == column)]


def json_text(board: Board, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return ``{"schema", "units", "rows"}``, a row on a line; every number with its interval, seeds and reason."""
    wanted = set(chosen(columns) if columns else UNITS)
    units = {name: unit for name, unit in UNITS.items() if name in wanted}
    rows = ",\n".join(_record(row, wanted) for row in _ordered(board, group))
    return f'{{"schema": {BOARD_SCHEMA}, "units": {json.dumps(units)}, "rows": [\n{rows}\n]}}\n'


def _ordered(board: Board, group: Sequence[str]) -> Iterable[Row]:
    """Return the rows; where they are grouped, those of one section stand together."""
    by = texts(group)
    return (row for _, rows in sections(board, by) for row in rows) if by else board.rows


def _record(row: Row, wanted: set[str]) -> str:
    told = {
        name: {column: held for column, held in value.items() if column in wanted} if isinstance(value, dict) else value
        for name, value in vars(row).items()
    }
    return json.dumps(told, default=_attributes, allow_nan=False, ensure_ascii=False)


def _attributes(value: Any) -> dict[str, Any]:
    return vars(value)


def _plain(value: Value) -> str | int | None:
    if isinstance(value, float):
        return f"{value:.9g}"
    return _harmless(value) if isinstance(value, str) else value


@lru_cache(maxsize=10_000)  # a few reasons and methods stand in thousands of fields
def _harmless(text: str) -> str:
    text = one_line(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
