"""The details of the board's rows: what the page opens when a row is chosen, packed many rows at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leaderboard.reading.schema import Spec
from leaderboard.reading.store import Cell
from leaderboard.site.averages import Average, averages
from leaderboard.site.packing import Shared, integers, packed, places
from leaderboard.site.readings import Reading, read
from leaderboard.site.texts import WantedTexts, example_texts

CHUNK = 64
"""Rows that are packed together."""
_DIGITS = 16  # of a checksum's 64: enough to recognise a file, and a quarter of the room


@dataclass(frozen=True)
class RowCells:
    """One row of the board, as cells.

    Attributes:
        cells: one a seed.
        workers: the cells that did their work: themselves, or those they are identical with.
        texts: which texts to show, or one sentence that says why none are shown.
    """

    cells: tuple[Cell, ...]
    workers: tuple[Cell, ...]
    texts: WantedTexts | str


def packed_details(rows: Sequence[RowCells]) -> str:
    """Read the files of some rows' cells and pack what the page shows of them.

    Raises:
        UserError: a file is broken; the message names it.
    """
    shared = Shared()
    told = [_row(row, shared) for row in rows]
    return packed({"shared": shared.values, "rows": told})


def _row(row: RowCells, shared: Shared) -> dict[str, Any]:
    readings = [read(cell) for cell in row.workers]
    spec = row.cells[0].spec
    truth = next((reading.truth for reading in readings if reading.truth is not None), None)
    return {
        "task": shared.place(_task(spec)),
        "asked": shared.place(_asked(spec)),
        "truth": None if truth is None else shared.place(_shares(truth)),
        "cells": [_cell(*one, shared) for one in zip(row.cells, row.workers, readings, strict=True)],
        "tables": [_table(average, shared) for average in averages(readings)],
        "texts": example_texts(row.texts, shared),
    }


def _task(spec: Spec) -> dict[str, Any]:
    return {
        "languages": spec.languages,
        "labels": spec.labels,
        "shares": None if spec.shares is None else np.round(spec.shares, 4).tolist(),
        "skew": {name: np.round(matrix, 4).tolist() for name, matrix in (spec.skew or {}).items()},
    }


def _asked(spec: Spec) -> dict[str, Any]:
    """Return what was asked of all seeds alike."""
    canonical = {key: value for key, value in spec.canonical.items() if key != "seed"}
    return {"recipe_name": spec.recipe, **canonical}


def _shares(counts: list[list[int]]) -> list[list[float | None]]:
    return [[round(count / sum(row), 4) if sum(row) else None for count in row] for row in counts]


def _cell(cell: Cell, worker: Cell, reading: Reading, shared: Shared) -> dict[str, Any]:
    return {
        "id": cell.spec.id,
        "seed": cell.spec.seed,
        "worker": "" if worker is cell else worker.spec.id,
        "in_force": None if reading.in_force is None else shared.place(reading.in_force),
        "measures": shared.place(reading.versions),
        "checksums": {name: checksum[:_DIGITS] for name, checksum in sorted(reading.checksums.items())},
    }


def _table(average: Average, shared: Shared) -> list[Any]:
    """Return the table's names, decimals, means, half widths, and the numbers of each seed where there are several."""
    table, decimals = average.table, places(average.table.unit)
    seeds = [] if len(average.seeds) == 1 else [integers(values, decimals) for values in average.seeds]
    half = integers(average.half, decimals) if np.isfinite(average.half).any() else []
    names = shared.place((table.measure, table.params, table.by, table.unit, average.method, average.reason))
    return [names, decimals, integers(average.mean, decimals), half, seeds]
