"""The board as columns of numbers for the page."""

from typing import Any

from leaderboard.board import Board
from leaderboard.reading.column import Column
from leaderboard.rows import Row
from leaderboard.site.packing import Shared, rounded
from leaderboard.statistics.averaging import Number
from leaderboard.statistics.comparisons import Comparison
from leaderboard.statistics.spread import LEVEL
from leaderboard.tables.choosing import sections
from leaderboard.tables.marks import marks
from leaderboard.tables.writing import AMOUNTS, digits, scale, shown_columns, signed

NAMES = (
    "task",
    "model",
    "variant",
    "method",
    "learning_rate",
    "regime",
    "weighting",
    "status",
    "skew_regime",
    "vectors",
)
_HEADINGS = {
    "accuracy_difference": "Δ reference",
    "leakage_probe": "language leakage",
    "compression_probe": "compression",
    "trainable_parameters": "trainable",
}


def listing(board: Board) -> dict[str, Any]:
    """Return the board's rows column by column; a text stands once, and rows name its place.

    An interval is given as half its width where it is symmetric, else as the lengths of its two sides.
    """
    shared, rows = Shared(), board.rows
    shown = shown_columns(board.columns)
    compared = [column for column in board.columns if column.compared]
    parts = sections(board)
    section_of = {id(row): place for place, (_, own) in enumerate(parts) for row in own}
    return {
        "sections": [title for title, _ in parts],
        "section": [section_of[id(row)] for row in rows],
        "columns": [_column(column, shown=column.name in shown) for column in board.columns],
        "names": {name: [shared.place(getattr(row, name)) for row in rows] for name in NAMES},
        "reference": [int(row.reference) for row in rows],
        "planned": [row.planned for row in rows],
        "done": [row.done for row in rows],
        "notes": [shared.place(row.notes) for row in rows],
        "cells": [row.cells for row in rows],
        "numbers": {column.name: _numbers(column.name, rows, shared) for column in board.columns},
        "against": {column.name: _comparisons(column.name, rows, shared) for column in compared},
        "groups": {column.name: [mark.letters for mark in marks(rows, column)] for column in compared},
        "level": LEVEL,
        "shared": shared.values,
    }


def _column(column: Column, *, shown: bool) -> dict[str, Any]:
    amount = column.unit in AMOUNTS
    return {
        "name": column.name,
        "heading": _HEADINGS.get(column.name, column.name.replace("_", " ")),
        "unit": column.unit,
        "summary": column.summary,
        "shown": shown,
        "plugin": column.plugin,
        "digits": None if amount else digits(column),
        "signed": signed(column),
        "scale": scale(column),
    }


def _numbers(name: str, rows: tuple[Row, ...], shared: Shared) -> dict[str, Any]:
    numbers = [row.numbers[name] for row in rows]
    return {
        "value": [rounded(number.value) for number in numbers],
        "half": [_half(number) for number in numbers],
        "seeds": [number.seeds for number in numbers],
        "method": [shared.place(number.method) for number in numbers],
        "reason": [shared.place(number.reason) for number in numbers],
        "made_by": [shared.place(number.made_by) for number in numbers],
    }


def _half(number: Number) -> float | list[float | None] | None:
    if number.value is None or number.low is None or number.high is None:
        return None
    below, above = rounded(number.value - number.low, 4), rounded(number.high - number.value, 4)
    return below if below == above else [below, above]


def _comparisons(name: str, rows: tuple[Row, ...], shared: Shared) -> list[list[Any] | None]:
    return [_comparison(row.against_reference.get(name), shared) for row in rows]


def _comparison(found: Comparison | None, shared: Shared) -> list[Any] | None:
    if found is None:
        return None
    ends = (found.difference, found.low, found.high)
    return [*(rounded(end) for end in ends), rounded(found.p, 3), found.seeds, shared.place(found.reason)]
