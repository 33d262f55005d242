"""A study: one task, model, method and recipe, in all its training setups and seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leaderboard.reading.column import Column
from leaderboard.reading.sources import Found
from leaderboard.reading.store import Cell, Results
from leaderboard.replication.numbers import Got
from leaderboard.rows import SAME, Row
from leaderboard.statistics.averaging import Number, average
from leaderboard.statistics.intervals import NORMAL, PAIRED_T_INTERVAL
from leaderboard.statistics.spread import spread
from polyskew.files import read_json

Setup = tuple[str, str]
BALANCED: Setup = ("balanced", "none")
NOT_IN_GRID = "not in the grid"
INDEPENDENT = "one seed: normal, errors over texts of both cells in quadrature, as if independent"


@dataclass(frozen=True)
class Study:
    """Cells that differ in regime, weighting and seed only.

    Attributes:
        results: what they were read from.
        task: its name.
        model: its name.
        method: its name.
        variant: how it differs from another study of the same names; else empty.
        task_as: the paper's data set that it is, or stands in for; empty where there is none.
        model_as: the same for the model.
        rows: the board's rows by regime and weighting, in the board's order.
    """

    results: Results
    task: str
    model: str
    method: str
    variant: str
    task_as: str
    model_as: str
    rows: dict[Setup, Row]

    @cached_property
    def first(self) -> Cell:
        """A cell that tells what all have in common."""
        return self.cells(next(iter(self.rows)))[0]

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return self.first.spec.recipe

    @property
    def entropy(self) -> str:
        """The variant of the masked-input entropy loss (``paper`` or ``text``), or empty."""
        return str(pick(self.first.spec.canonical, "recipe", "masked_entropy") or "")

    @property
    def sizes(self) -> str:
        """The rule of the task's sizes: ``paper``, or empty for the suite's own."""
        return str(pick(self.first.spec.canonical, "task", "sizes") or "")

    @property
    def is_papers(self) -> bool:
        """Whether the paper has this task and model (or they stand in for them), fine-tuned in full.

        The two ways to unlearn the language are not in its tables: it reports no number of theirs (footnote 2).
        """
        unlearns = pick(self.first.spec.canonical, "recipe", "unlearn_language") is not None
        return bool(self.task_as and self.model_as and self.method == "full") and not unlearns

    @property
    def skewed(self) -> list[str]:
        """The regimes with a skew, ``imbalanced`` first."""
        return list(dict.fromkeys(regime for regime, _ in self.rows if regime not in ("balanced", "natural")))

    def cells(self, setup: Setup) -> list[Cell]:
        """Return the cells that did the work of a setup, one a seed; none where the grid does not have it."""
        row = self.rows.get(setup)
        return [self.results.resolve(self.results.cells[name]) for name in row.cells] if row else []

    def repeats(self, setup: Setup) -> str:
        """Return whose work a setup repeats, as a note of the board, or an empty text."""
        row = self.rows.get(setup)
        return next((note for note in row.notes if note.startswith(SAME)), "") if row else ""

    def get(
        self, setup: Setup, find: Callable[[Cell], Found], *, paired: bool = False, over_texts: bool = False
    ) -> Got:
        """Average a number over seeds.

        Args:
            setup: regime and weighting.
            find: takes a cell and returns its number.
            paired: it is a difference to another cell of the same seed.
            over_texts: all seeds explain the same texts, so that their error is added in quadrature.
        """
        row = self.rows.get(setup)
        if row is None:
            return Got(Number(None, reason=NOT_IN_GRID), NOT_IN_GRID)
        column = Column("", "", find, "", paired, over_texts)
        number = average(column, [find(cell) for cell in self.cells(setup)])
        return Got(number, row.status if row.status in ("not run", "failed", "unfinished") else "missing", row.planned)

    def less(self, setup: Setup, other: Setup, find: Callable[[Cell], Found]) -> Got:
        """Average over seeds what a number of one setup has more than that of another, within each seed.

        With one seed, the intervals over texts of both are added in quadrature.
        """
        for one in (setup, other):
            if one not in self.rows:
                return Got(Number(None, reason=f"{NOT_IN_GRID}: {name(one)}"), NOT_IN_GRID)
        mine, theirs = self._by_seed(setup, find), self._by_seed(other, find)
        pairs = [(mine[seed], theirs[seed]) for seed in mine if seed in theirs]
        there = [(a, b) for a, b in pairs if a.value is not None and b.value is not None and a.made_by == b.made_by]
        planned = len(pairs)
        missing = {one.reason for pair in pairs for one in pair if one.value is None} or {"made by different measures"}
        reason = f"{planned - len(there)} of {planned} seeds missing: {'; '.join(sorted(missing))}"
        if not there:
            row = self.rows[setup if all(found.value is None for found in mine.values()) else other]
            known = row.status in ("not run", "failed", "unfinished")
            return Got(Number(None, reason=reason), row.status if known else "missing", planned)
        gains = [float(a.value or 0) - float(b.value or 0) for a, b in there]
        reason = reason if len(there) < planned else ""
        if len(gains) == 1:
            return Got(Number(gains[0], *_quadrature(gains[0], *there[0]), 1, reason), planned=planned)
        found = spread(np.array(gains))
        mean, half = float(found.mean), float(found.half)
        method = PAIRED_T_INTERVAL.format(n=len(gains))
        return Got(Number(mean, mean - half, mean + half, method, len(gains), reason), planned=planned)

    def _by_seed(self, setup: Setup, find: Callable[[Cell], Found]) -> dict[int | None, Found]:
        row = self.rows[setup]
        seeds = [self.results.cells[cell].spec.seed for cell in row.cells]
        return {seed: find(cell) for seed, cell in zip(seeds, self.cells(setup), strict=True)}


def _quadrature(gain: float, one: Found, other: Found) -> tuple[float | None, float | None, str]:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return None, None, ""
    half = NORMAL * ((((one.high - one.low) / 2 / NORMAL) ** 2 + ((other.high - other.low) / 2 / NORMAL) ** 2) ** 0.5)
    return gain - half, gain + half, INDEPENDENT


def name(setup: Setup) -> str:
    """Return a setup's name as the paper writes it: ``Imbalanced + CW``."""
    regime, weighting = setup
    weights = {"none": "", "per_language": " + CW"}.get(weighting, f" + {weighting} weights")
    return f"{regime[:1].upper()}{regime[1:]}{weights}"


def in_force(cell: Cell) -> Any:
    """Return ``provenance.json``, or None where the cell has none yet; `pick` reads it."""
    path = cell.folder / "provenance.json"
    return read_json(path) if path.exists() else None


def pick(tree: Any, *path: str) -> Any:
    """Return what stands at a path of keys, or None where something of it is not there."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
