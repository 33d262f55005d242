"""From a grid to its cells."""

import itertools
from typing import Any

from pydantic import BaseModel

from benchmark.choices import MethodChoice, TaskChoice
from benchmark.grid import AXES, Filter, GridSpec, listed
from benchmark.models import ModelChoice
from benchmark.rates import RateChoice
from benchmark.recipe_choice import RecipeChoice
from benchmark.recipes import Recipe
from benchmark.spec import UNTUNED, CellSpec
from benchmark.weighting_choice import WeightingChoice
from polyskew.errors import UserError, suggest
from polyskew.yamls import validate
from tasks.regimes import ratios

_CHOICES: dict[str, type[BaseModel]] = {
    "task": TaskChoice,
    "model": ModelChoice,
    "method": MethodChoice,
    "weighting": WeightingChoice,
    "recipe": RecipeChoice,
    "learning_rate": RateChoice,
}
_SPELLED = ("method", "weighting", "learning_rate")
"""Axes whose values can be written in several ways."""


def expand(grid: GridSpec) -> list[CellSpec]:
    """Return the cells of a grid, each once: the untuned cells first, then repetition by repetition.

    Raises:
        UserError: a name on an axis is unknown or means two things, or a part of ``exclude`` matches nothing.
    """
    for axis in ("tasks", "models", "recipes"):
        names = [choice.name or grid.name for choice in getattr(grid, axis)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UserError(f"grid {grid.name!r}: two of its {axis} are called {twice[0]!r}; give one another name")
    rates = {rate.name: rate for rate in reversed(grid.learning_rates)}
    for rate in grid.learning_rates:
        if rate != rates[rate.name]:
            raise UserError(f"grid {grid.name!r}: two of its learning_rates are called {rate.name!r}; round them")
    _check_recipes(grid)
    points: dict[tuple[Any, ...], dict[str, Any]] = {}
    for axes in [_axes(grid), *(_included(grid, part) for part in grid.include)]:
        for values in itertools.product(*(axes[axis] for axis in reversed(AXES))):
            point = dict(zip(reversed(AXES), values, strict=True))
            points[tuple(_names(point).values())] = point
    for part in grid.exclude:
        wanted = _wanted(part)
        hit = [key for key, point in points.items() if all(_names(point)[axis] in wanted[axis] for axis in wanted)]
        if not hit:
            raise UserError(f"grid {grid.name!r}: exclude {part.model_dump(exclude_none=True)} matches no cell")
        for key in hit:
            del points[key]
    cells = [_cell(grid, point) for point in points.values()]
    untuned = [
        CellSpec(
            task=cell.task,
            regime=None,
            model=cell.model,
            method=MethodChoice(use=UNTUNED),
            weighting=None,
            seed=None,
            recipe=Recipe(max_length=cell.recipe.max_length),
            recipe_name=cell.recipe_name,
        )
        for cell in cells
    ]
    found: dict[str, CellSpec] = {}
    for cell in [*untuned, *cells]:  # the first of equal cells: an untuned one belongs to all recipes
        found.setdefault(cell.id, cell)
    return list(found.values())


def _check_recipes(grid: GridSpec) -> None:
    """Refuse what a recipe says of no task or method of the grid, and two recipes that train every cell alike."""
    tasks = [name for part in grid.include for name in listed(part.task or [])]
    methods = [_read("include", "method", name) for part in grid.include for name in listed(part.method or [])]
    names_of = {
        "by_task": [*(task.name for task in grid.tasks), *tasks],
        "by_method": [method.use for method in (*grid.methods, *methods)],
    }
    for (field, names), recipe in itertools.product(names_of.items(), grid.recipes):
        for name in getattr(recipe, field):
            if name not in names:
                raise UserError(
                    f"grid {grid.name!r}: recipe.{field}: {name!r} is not in the grid{suggest(name, names)}"
                )
    pairs = [(task.name, method.use) for task in grid.tasks for method in grid.methods]
    known: dict[str, str] = {}
    for choice in grid.recipes:
        name = choice.name or grid.name
        resolved = str([choice.resolve(*pair) for pair in pairs])
        if resolved in known:
            raise UserError(f"grid {grid.name!r}: the recipes {known[resolved]!r} and {name!r} are the same")
        known[resolved] = name


def regimes_of(cells: list[CellSpec]) -> dict[str, list[str]]:
    """Return by task, named, the regimes that some cell has."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        if cell.regime:
            found.setdefault(cell.task.name, {})[cell.regime] = None
    return {task: list(regimes) for task, regimes in found.items()}


def _axes(grid: GridSpec) -> dict[str, list[Any]]:
    return {axis: list(getattr(grid, f"{axis}s")) for axis in AXES}


def _included(grid: GridSpec, part: Filter) -> dict[str, list[Any]]:
    axes = _axes(grid)
    for axis in AXES:
        if getattr(part, axis) is None:
            continue
        asked = {getattr(value, "name", value): value for value in axes[axis]}
        axes[axis] = [_chosen(axis, value, asked) for value in listed(getattr(part, axis))]
    return axes


def _chosen(axis: str, value: Any, asked: dict[Any, Any]) -> Any:
    """The value on an axis that a filter names: one of the grid's own, or another."""
    if value in asked:
        return asked[value]
    read = _read("include", axis, value)
    return asked.get(getattr(read, "name", read), read)


def _wanted(part: Filter) -> dict[str, list[Any]]:
    """The names that a part of the grid has on the axes that it restricts."""
    asked = {axis: listed(getattr(part, axis)) for axis in AXES if getattr(part, axis) is not None}
    return {
        axis: [_read("exclude", axis, value).name for value in values] if axis in _SPELLED else values
        for axis, values in asked.items()
    }


def _read(field: str, axis: str, value: Any) -> Any:
    return validate(value, _CHOICES[axis], f"{field}.{axis}") if axis in _CHOICES else value


def _cell(grid: GridSpec, point: dict[str, Any]) -> CellSpec:
    task: TaskChoice = point["task"]
    method: MethodChoice = point["method"]
    try:
        ratios(task.task, point["regime"])  # a regime that is none is told here, before anything is run
    except UserError as error:
        raise UserError(f"grid {grid.name!r}: regimes: {error}") from None
    choice: RecipeChoice = point["recipe"]
    rate: RateChoice = point["learning_rate"]
    recipe = rate.apply(choice.resolve(task.name, method.use), method.method)
    return CellSpec(
        **point | {"recipe": recipe, "learning_rate": "" if rate == RateChoice() else rate.name},
        recipe_name=choice.name or grid.name,
    )


def _names(point: dict[str, Any]) -> dict[str, Any]:
    return {axis: getattr(point[axis], "name", point[axis]) for axis in AXES}
