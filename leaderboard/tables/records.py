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
from leaderboard.tables.fields import NAMES, Fields, Value, chosen, fields_of, texts
from leaderboard.tables.writing import one_line

BOARD_SCHEMA = 1
# What makes a spreadsheet take a text for a formula (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def csv_text(board: Board, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return a line for each row.

    Texts have no line breaks and no control characters, and an apostrophe before what a spreadsheet would take for a
    formula.
    """
    fields = fields_of(board.columns)
    names = _csv_columns(columns, fields)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in _ordered(board, group, fields):
        writer.writerow([_plain(fields[name].get(row)) for name in names])
    return out.getvalue()


def _csv_columns(columns: Sequence[str], fields: Fields) -> list[str]:
    """Return the names of the CSV's columns, in order; they are documented and stable.

    Args:
        columns: of the board, to have beside the names, each with all that belongs to it; all where none are given.
        fields: of the board.
    """
    if not columns:
        return list(fields)
    some = chosen(columns, fields)
    return [*NAMES, *(name for column in some for name, field in fields.items() if field.column == column)]


def json_text(board: Board, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return ``{"schema", "units", "rows"}``, a row on a line; every number with its interval, seeds and reason."""
    fields = fields_of(board.columns)
    wanted = set(chosen(columns, fields) if columns else (column.name for column in board.columns))
    units = {column.name: column.unit for column in board.columns if column.name in wanted}
    rows = ",\n".join(_record(row, wanted) for row in _ordered(board, group, fields))
    return f'{{"schema": {BOARD_SCHEMA}, "units": {json.dumps(units)}, "rows": [\n{rows}\n]}}\n'


def _ordered(board: Board, group: Sequence[str], fields: Fields) -> Iterable[Row]:
    """Return the rows; where they are grouped, those of one section stand together."""
    by = texts(group, fields)
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
