"""Training some cells of a results folder again, and setting what comes of it beside what is recorded."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist, fmean, stdev
from tempfile import TemporaryDirectory
from typing import Any

from benchmark.executor import execute
from benchmark.expansion import expand, regimes_of
from benchmark.grid import GridSpec, load_grid
from benchmark.progress import GridProgress
from benchmark.run import cells, check, describe
from benchmark.spec import CellSpec
from leaderboard.measuring.measure import measure
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.sources import Found
from leaderboard.reading.store import SPEC, STAGE_FILE, Cell, Results, read_results
from leaderboard.reading.summary import summarise
from leaderboard.rows import rows_of
from polyskew.errors import UserError
from polyskew.files import read_json, write_json

COMPARED = ("accuracy", "skew_uptake", "leakage_probe")
LEVEL = 0.95
_EQUAL = 1e-6  # as much as a number may differ that was measured on the same files


@dataclass(frozen=True)
class Number:
    """One number of a cell that was trained again.

    Attributes:
        column: of the board.
        recorded: in the results folder.
        again: what came of it now.
        low: lower end of where the new number is expected, or None where nothing says.
        high: its upper end.
    """

    column: str
    recorded: float
    again: float
    low: float | None
    high: float | None

    @property
    def equal(self) -> bool:
        """Whether both are the same but for rounding."""
        return math.isclose(self.recorded, self.again, rel_tol=_EQUAL, abs_tol=1e-9)

    @property
    def holds(self) -> bool:
        """Whether it is the same, or where it is expected."""
        return self.equal or (self.low is not None and self.high is not None and self.low <= self.again <= self.high)


@dataclass(frozen=True)
class Repeat:
    """One cell that was trained again.

    Attributes:
        cell: its id.
        name: what it is, for people.
        numbers: of `COMPARED`, those that are recorded.
        changed: what it was trained with then and now, where that differs: versions, device, threads.
        failure: why it failed now, or empty.
    """

    cell: str
    name: str
    numbers: tuple[Number, ...]
    changed: tuple[str, ...]
    failure: str = ""

    @property
    def holds(self) -> bool:
        """Whether all its numbers do."""
        return not self.failure and all(number.holds for number in self.numbers)


def rerun(folder: Path, count: int, seed: int = 0, workers: int | None = None) -> list[Repeat]:
    """Train random finished cells of a results folder again, elsewhere, and compare.

    On the machine, and with the versions and the number of threads, of the first training the numbers are equal. Else a
    new number is expected where the row's seeds say: within their mean -/+ t s sqrt(1 + 1/n), the interval in which one
    more training of that kind falls; with one seed, within the interval over its test rows. At 95% for all numbers
    together (Bonferroni).

    Args:
        folder: the results folder; nothing is written to it.
        count: how many cells.
        seed: of the choice.
        workers: processes; by default one a GPU, or by the number of cores.

    Raises:
        UserError: there are not as many finished cells, or their grid, data or model are not here.
    """
    results = read_results(folder)
    finished = sorted(name for name, cell in results.cells.items() if _is_trained(cell))
    if count > len(finished):
        raise UserError(f"{folder} has {len(finished)} finished cells that were trained; {count} cannot be run again")
    chosen = random.Random(seed).sample(finished, count)
    with TemporaryDirectory() as temporary:
        again = Path(temporary, "results")
        for grid, specs, regimes in _grids(folder, chosen):
            _train(grid, specs, regimes, again, workers)
        measure(again, workers=workers or 1)
        new = read_results(again)
        level = 1 - (1 - LEVEL) / (count * len(COMPARED))
        rows = rows_of(results, summarise(list(results.cells.values())))
        seeds = {name: row.cells for row in rows for name in row.cells}
        return [_repeat(results.cells[name], new.cells[name], _others(results, seeds[name]), level) for name in chosen]


def _is_trained(cell: Cell) -> bool:
    return cell.spec.same_as is None and not cell.spec.is_untuned and cell.done


def _grids(folder: Path, chosen: Sequence[str]) -> list[tuple[GridSpec, list[CellSpec], dict[str, list[str]]]]:
    """Return the grids that give the chosen cells, with those cells, and the regimes of each task."""
    found = []
    left = set(chosen)
    for path in sorted(folder.glob("grid*.yaml")):
        grid = load_grid(str(path))
        specs = expand(grid)
        own = [work for work in {spec.work().id: spec.work() for spec in specs}.values() if work.id in left]
        left -= {spec.id for spec in own}
        if own:
            found.append((grid, own, regimes_of(specs)))
    if left:
        raise UserError(
            f"no grid*.yaml in {folder} gives the cell {min(left)} here: its data, its model or the suite's settings "
            f"are other ones than those it was trained with"
        )
    return found


def _train(
    grid: GridSpec, specs: list[CellSpec], regimes: dict[str, list[str]], results: Path, workers: int | None
) -> None:
    """Run cells but for their attributions, which no number here needs."""
    measured = grid.measure.model_copy(update={"explained_texts": 0})
    grid = grid.model_copy(update={"measure": measured, "keep_weights": False, "report_to": []})
    check(grid, specs)
    for spec in specs:
        write_json(results / "cells" / spec.id / SPEC, describe(spec, grid, regimes[spec.task.name]))
    todo = cells(grid, specs, results)
    with GridProgress(len(todo)) as progress:
        execute(todo, progress, workers)


def _others(results: Results, names: Sequence[str]) -> list[Cell]:
    """Return the cells of a row that were done, each once."""
    works = {work.spec.id: work for name in names for work in [results.resolve(results.cells[name])]}
    return [cell for cell in works.values() if cell.done]


def _repeat(recorded: Cell, again: Cell, seeds: list[Cell], level: float) -> Repeat:
    spec = recorded.spec
    rate = f" rate {spec.learning_rate}" if spec.learning_rate else ""
    name = f"{spec.task} {spec.model} {spec.method}{rate} {spec.regime} {spec.weighting} seed {spec.seed}"
    if again.failure is not None:
        return Repeat(spec.id, name, (), (), again.failure.sentence())
    numbers = []
    for column in (column for column in COLUMNS if column.name in COMPARED):
        old, new = column.find(recorded), column.find(again)
        if old.value is not None and new.value is not None:
            told = [found.value for found in map(column.find, seeds) if found.value is not None]
            low, high = expected(old, told, level)
            numbers.append(Number(column.name, old.value, new.value, low, high))
    return Repeat(spec.id, name, tuple(numbers), tuple(_changed(_in_force(recorded), _in_force(again))))


def expected(recorded: Found, seeds: Sequence[float], level: float) -> tuple[float | None, float | None]:
    """Return the interval in which the number of one more training falls.

    Args:
        recorded: the cell's number.
        seeds: the numbers of all seeds of its row, its own included.
        level: of the interval.

    Returns:
        mean -/+ t s sqrt(1 + 1/n); with one seed, that seed's own interval over test rows, widened from 95% to the
        level; None twice where it has none.
    """
    if len(seeds) > 1:
        from scipy.special import stdtrit  # scipy.stats takes a second to import

        count = len(seeds)
        half = float(stdtrit(count - 1, (1 + level) / 2)) * stdev(seeds) * math.sqrt(1 + 1 / count)
        return fmean(seeds) - half, fmean(seeds) + half
    if recorded.value is None or recorded.low is None or recorded.high is None:
        return None, None
    wider = NormalDist().inv_cdf((1 + level) / 2) / NormalDist().inv_cdf(0.975)
    half = (recorded.high - recorded.low) / 2 * wider
    return recorded.value - half, recorded.value + half


def _in_force(cell: Cell) -> dict[str, Any]:
    path = cell.folder / "train" / STAGE_FILE
    told = read_json(path).get("in_force", {}) if path.exists() else {}
    return {**{key: value for key, value in told.items() if key != "packages"}, **told.get("packages", {})}


def _changed(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changed = [key for key in sorted(then | now) if then.get(key) != now.get(key)]
    return [f"{key}: {then.get(key)} then, {now.get(key)} now" for key in changed]
