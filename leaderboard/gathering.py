"""Which cells make a row of the board: those that differ by their seed only."""

import re
from typing import Any

import numpy as np

from leaderboard.reading.store import Cell, Results
from leaderboard.reading.summary import Summaries

_BASE = re.compile(r"[^@+(]*")
_NUMBERS = re.compile(r"(\d+\.?\d*(?:e-?\d+)?)")


def same_row(results: Results, summaries: Summaries) -> list[list[Cell]]:
    """Gather the cells that differ by their seed only, in the board's order.

    Kinds of device, precisions and versions of measures are kept apart.
    """
    rows: dict[tuple[Any, ...], list[Cell]] = {}
    waiting: list[tuple[tuple[Any, ...], Cell]] = []
    for cell in sorted(results.cells.values(), key=_order):
        spec = cell.spec
        key = (spec.task, spec.model, spec.group, spec.regime, spec.method, spec.weighting)
        worker = summaries.told[summaries.places[results.resolve(cell).spec.id]]
        if worker.device or worker.precision:
            rows.setdefault((*key, worker.device, worker.precision), []).append(cell)
        else:
            waiting.append((key, cell))
    homes = {other[:6]: other for other in reversed(rows)}
    for key, cell in waiting:  # a cell that was not trained joins the first row of its names
        rows.setdefault(homes.get(key, (*key, "", "")), []).append(cell)
    alike = [part for cells in rows.values() for part in _measured_alike(results, summaries, cells)]
    return sorted(alike, key=lambda cells: _order(cells[0]))


def _measured_alike(results: Results, summaries: Summaries, cells: list[Cell]) -> list[list[Cell]]:
    """Part cells whose numbers were made by other versions or with other parameters of a measure."""
    made_by = summaries.founds.made_by[[summaries.places[results.resolve(cell).spec.id] for cell in cells]]
    if ((made_by == made_by[0]) | (made_by == 0)).all():
        return [cells]
    parts: list[tuple[Any, list[Cell]]] = []
    for cell, own in zip(cells, made_by, strict=True):
        for place, (theirs, home) in enumerate(parts):
            if not ((own != theirs) & (own > 0) & (theirs > 0)).any():
                home.append(cell)
                parts[place] = (np.where(theirs > 0, theirs, own), home)
                break
        else:
            parts.append((own, [cell]))
    return [home for _, home in parts]


def _order(cell: Cell) -> tuple[Any, ...]:
    spec = cell.spec
    # The untuned model comes first, then each method's reference and its regimes.
    return (
        spec.task,
        spec.model,
        not spec.is_untuned,
        _place(spec.method, ("full", "lora", "houlsby")),
        _rate(spec.learning_rate),
        len(spec.canonical.get("recipe", {})),  # the plainest recipe first
        spec.recipe,
        spec.group,
        _place(spec.regime or "", ("balanced", "imbalanced", "switched", "natural")),
        _place(spec.weighting or "", ("none", "global", "per_language")),
        -1 if spec.seed is None else spec.seed,
    )


def _place(name: str, known: tuple[str, ...]) -> tuple[int, list[str | float]]:
    """Order names: the known first, each with those that add a strength, an option or a loss to it; numbers by size."""
    base = _BASE.match(name)
    plain = base[0] if base else ""
    parts = _NUMBERS.split(name)
    told = [float(part) if place % 2 else part for place, part in enumerate(parts)]
    return known.index(plain) if plain in known else len(known), told


def _rate(name: str) -> tuple[int, list[str | float]]:
    """Order learning rates: the method's own, then its multiples, then numbers."""
    return 0 if not name else 1 if name.startswith("x") else 2, _place(name, ())[1]
