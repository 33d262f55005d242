"""Whether all cells are there that the folder's grids ask for: who leaves out a bad seed has a better board.

A run writes the spec of every cell before it trains the first, so one that is missing was taken away.
"""

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from leaderboard.reading.schema import UNTUNED, Spec
from leaderboard.reading.store import Results
from leaderboard.verification.findings import Findings
from leaderboard.verification.names import called, rate_name, sorted_parts, weighting_name

AXES = ("task", "regime", "model", "method", "weighting", "learning_rate", "recipe", "seed")
_OPTIONS = re.compile(r"\([^()]*\)")
_MOST = 1_000_000  # cells; more is no grid that somebody has run
Point = tuple[str | int, ...]


class _Choice(BaseModel):
    """A task, a model, a method or a recipe as a grid asks for it."""

    use: str = ""
    name: str = ""
    base: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    change: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"use": value, "name": value} if isinstance(value, str) else value


Named = str | int | float | dict[str, Any]


class _Grid(BaseModel):
    """What decides the cells of a grid, by the names that its file has for them."""

    name: str
    tasks: list[_Choice] = Field(min_length=1)
    models: list[_Choice] = Field(min_length=1)
    methods: list[_Choice] = Field(min_length=1)
    regimes: list[str] = ["balanced", "imbalanced"]
    weightings: list[str | dict[str, Any]] = ["none"]
    learning_rates: list[Named] = ["own"]
    seeds: list[int] = [0]
    recipe: _Choice | list[_Choice] = _Choice(base="paper")
    include: list[dict[str, Named | list[Named]]] = Field(default_factory=list)
    exclude: list[dict[str, Named | list[Named]]] = Field(default_factory=list)

    def axes(self, tasks: list[str]) -> dict[str, list[Any]]:
        """Return the names on each axis; those of the tasks are not all in the file."""
        recipes = self.recipe if isinstance(self.recipe, list) else [self.recipe]
        return {
            "task": tasks,
            "regime": self.regimes,
            "model": [choice.name for choice in self.models],
            "method": [called(choice.use, choice.options) for choice in self.methods],
            "weighting": [weighting_name(one) for one in self.weightings],
            "learning_rate": [rate_name(one) for one in self.learning_rates],
            "recipe": [choice.name or choice.base or "" for choice in recipes],
            "seed": self.seeds,
        }


def check_grids(folder: Path, results: Results, cells: dict[str, Findings], beside: Findings) -> None:
    """Compare the cells with ``grid*.yaml``.

    Names of recipes and learning rates, and options of methods and weightings, are not compared where there are several
    grids: a merge gives a cell that two grids call differently one name.

    Args:
        folder: the results folder.
        results: its cells that can be read.
        cells: what was found in each; a row that lacks seeds is told at its first cell.
        beside: what was found beside the cells; is added to.
    """
    paths = sorted(path for path in folder.glob("grid*.yaml") if path.is_file() and not path.is_symlink())
    if not paths:
        beside.gap("grid.yaml", "is not here, so nobody can tell which cells were left out")
    there: dict[Point, str] = {}
    for name, cell in results.cells.items():
        there.setdefault(_key(_point(cell.spec), several=len(paths) > 1), name)
    for path in paths:
        grid = _read(path, beside)
        if grid is None:
            continue
        tasks = _tasks(grid, folder, results, path, beside)
        size = sum(math.prod(map(len, axes.values())) for axes in _parts(grid, tasks))
        if size > _MOST:
            beside.fault(path.name, f"asks for {size} cells, more than anybody runs")
            continue
        rows: dict[Point, list[Any]] = defaultdict(list)
        for point in _points(grid, tasks):
            key = _key(point, several=len(paths) > 1)
            rows[key[:-1]].append(key[-1])
        for row, seeds in rows.items():
            _check_row(path.name, row, list(dict.fromkeys(seeds)), there, cells, beside)


def _check_row(
    grid: str, row: Point, seeds: list[Any], there: dict[Point, str], cells: dict[str, Findings], beside: Findings
) -> None:
    missing = [str(seed) for seed in seeds if (*row, seed) not in there]
    if not missing:
        return
    first = next((there[*row, seed] for seed in seeds if (*row, seed) in there), None)
    if first is None:
        text = f"asks for the row {' '.join(str(name) for name in row if name)}, of which no cell can be read here"
        if any(other[:-2] == row[:-1] for other in there):  # a recipe may change other methods only
            beside.gap(grid, f"{text}, unless another recipe trains it alike")
        elif any(_may_be_same(row, other[:-1]) for other in there):
            beside.gap(grid, f"{text}, unless another learning rate is the same there")
        else:
            beside.fault(grid, text)
    else:
        asked, absent = ", ".join(map(str, seeds)), ", ".join(missing)
        text = f"{grid} asks for the seeds {asked} of this row; no cell of {absent} can be read here"
        cells[first].fault("", text)


def _may_be_same(row: Point, other: Point) -> bool:
    """Whether two rows differ in a learning rate that one gives as a number and the other as a multiple."""
    (*names, rate, recipe), (*others, other_rate, other_recipe) = row, other
    kinds = {str(one)[:1].isdigit() for one in (rate, other_rate)}
    return (names, recipe) == (others, other_recipe) and len(kinds) == 2


def _read(path: Path, beside: Findings) -> _Grid | None:
    try:
        return _Grid.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        wrong = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else type(error).__name__
        beside.fault(path.name, f"is not a grid ({wrong})")
        return None


def _tasks(grid: _Grid, folder: Path, results: Results, path: Path, beside: Findings) -> list[str]:
    """Return the tasks' names: a grid may ask for a task by its file, which stands beside it or does not."""
    names = {cell.spec.task for cell in results.cells.values()}
    found: dict[str, str] = {}
    for choice in grid.tasks:
        file = Path(choice.use)
        if file.suffix not in (".yaml", ".yml"):
            found[choice.use] = str(choice.change.get("name", choice.use))
        elif (name := choice.change.get("name") or _name(folder / file.name)) or file.stem in names:
            found[choice.use] = str(name or file.stem)
    unknown = [choice.use for choice in grid.tasks if choice.use not in found]
    left = names - set(found.values())
    if len(unknown) == len(left) == 1:
        found[unknown[0]] = left.pop()
    elif unknown:
        beside.gap(path.name, f"asks for the task in {unknown[0]}, which is not here, so its cells were not counted")
    return list(found.values())


def _name(path: Path) -> str | None:
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return told.get("name") if isinstance(told, dict) else None


def _parts(grid: _Grid, tasks: list[str]) -> list[dict[str, list[Any]]]:
    axes = grid.axes(tasks)
    included = [_named(part) for part in grid.include]
    return [axes, *({axis: part.get(axis, names) for axis, names in axes.items()} for part in included)]


def _named(part: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the names on each axis that a part of a grid lists."""
    names = {"weighting": weighting_name, "learning_rate": rate_name}
    return {axis: [names.get(axis, _same)(value) for value in _listed(told)] for axis, told in part.items()}


def _same(value: Any) -> Any:
    return value


def _points(grid: _Grid, tasks: list[str]) -> Iterator[Point]:
    """Yield the cells of a grid, and the untuned cells that come with them."""
    excluded = [_named(part) for part in grid.exclude]
    for axes in _parts(grid, tasks):
        for values in itertools.product(*(axes[axis] for axis in AXES)):
            names = dict(zip(AXES, values, strict=True))
            if any(all(names.get(axis) in named for axis, named in part.items()) for part in excluded):
                continue
            names |= {"model": Path(names["model"]).name, "recipe": names["recipe"] or grid.name}
            yield tuple(names.values())
            yield _untuned(names["task"], names["model"])


def _point(spec: Spec) -> Point:
    if spec.is_untuned:
        return _untuned(spec.task, spec.model)
    names = (
        spec.task,
        spec.regime,
        spec.model,
        spec.method,
        spec.weighting,
        spec.learning_rate,
        spec.recipe,
        spec.seed,
    )
    return tuple("" if name is None else name for name in names)


def _untuned(task: str, model: str) -> Point:
    return (task, "", model, UNTUNED, "", "", "", "")


def _key(point: Point, *, several: bool) -> Point:
    task, regime, model, method, weighting, rate, recipe, seed = point
    weighting = sorted_parts(str(weighting))
    if not several:
        return (task, regime, model, method, weighting, rate, recipe, seed)
    plain = [_OPTIONS.sub("", str(name)) for name in (method, weighting)]
    return (task, regime, model, *plain, "", "", seed)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
