"""The board as Markdown, CSV and JSON."""

import csv
import io
import json
from dataclasses import asdict

from leaderboard.board import Board, Number, Row
from leaderboard.columns import COLUMNS
from leaderboard.tables.writing import CORE, amount, caption, remarks, sections, seeds, written

BOARD_SCHEMA = 1
_NAMES = ("task", "model", "variant", "method", "regime", "weighting")


def markdown(board: Board) -> str:
    """Return one table with the core columns for each task and model."""
    parts = []
    for title, rows in sections(board):
        headings = ["method", "regime", "weights", *(heading for _, heading in CORE), "trains", "seconds", "seeds"]
        lines = [f"### {_inline(title)}", "", _line(headings), _line(["---"] * 3 + ["---:"] * (len(headings) - 3))]
        lines += [_line(_cells(row)) for row in rows]
        notes = [f"- {_inline(line)}" for line in remarks(rows) + caption(rows)]
        parts.append("\n".join([*lines, "", *notes]))
    return "\n\n".join(parts) + "\n"


def csv_text(board: Board) -> str:
    """Return all columns; for each number also its interval, method and seeds, and why it is missing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(csv_columns())
    for row in board.rows:
        record: list[object] = [getattr(row, name) for name in _NAMES]
        record += [row.skew_regime, row.vectors, int(row.reference), row.planned, row.done, row.status]
        record += ["; ".join(row.notes), row.group, " ".join(row.cells)]
        for column in COLUMNS:
            record += _fields(row.numbers[column.name])
        record += [_plain(row.untuned.get(name, Number(None)).value) for name in _UNTUNED]
        writer.writerow(record)
    return out.getvalue()


_UNTUNED = ("leakage_probe", "leakage_test", "compression_probe", "compression_test", "saved_probe", "saved_test")


def csv_columns() -> list[str]:
    """Return the names of the CSV's columns, in order; they are documented and stable."""
    names = [*_NAMES, "skew_regime", "vectors", "reference", "seeds_planned", "seeds_done", "status", "notes"]
    names += ["group", "cells"]
    for column in COLUMNS:
        names += [column.name] + [f"{column.name}_{part}" for part in ("low", "high", "interval", "seeds", "reason")]
    return names + [f"{name}_untuned" for name in _UNTUNED]


def json_text(board: Board) -> str:
    """Return ``{"schema", "units", "rows"}``; every number with its interval, method, seeds and reason."""
    value = {
        "schema": BOARD_SCHEMA,
        "units": {column.name: column.unit for column in COLUMNS},
        "rows": [asdict(row) for row in board.rows],
    }
    return json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _fields(number: Number) -> list[object]:
    return [
        _plain(number.value),
        _plain(number.low),
        _plain(number.high),
        number.method,
        number.seeds,
        number.reason,
    ]


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _cells(row: Row) -> list[str]:
    numbers = [written(name, row.numbers[name]) for name, _ in CORE]
    if row.numbers["accuracy"].value is None and row.status in ("failed", "not run", "unfinished"):
        numbers[0] = row.status
    elif row.reference:
        numbers[1] = "reference"
    cost = [amount(row.numbers["trainable_parameters"]), amount(row.numbers["seconds"])]
    weighting = (row.weighting or "-") + (" =" if row.status.startswith("same as") else "")
    return [row.method, row.regime or "-", weighting, *numbers, *cost, seeds(row)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(_inline(cell) for cell in cells)} |"


def _inline(text: str) -> str:
    """Keep a text in its table cell and on its line."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
