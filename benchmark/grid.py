"""A grid: what a grid file asks for, and the cells that come of it."""

import itertools
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from benchmark.choices import MethodChoice, TaskChoice, WeightingChoice
from benchmark.grids import grid_file
from benchmark.models import ModelChoice
from benchmark.rates import RateChoice
from benchmark.recipes import Recipe, RecipeChoice
from benchmark.spec import UNTUNED, CellSpec, Measurements
from polyskew.errors import UserError, suggest
from polyskew.yamls import load_yaml, validate
from tasks.regimes import ratios

AXES = ("task", "regime", "model", "method", "weighting", "recipe", "learning_rate", "seed")
_CHOICES: dict[str, type[BaseModel]] = {
    "task": TaskChoice,
    "model": ModelChoice,
    "method": MethodChoice,
    "weighting": WeightingChoice,
    "recipe": RecipeChoice,
    "learning_rate": RateChoice,
}


class Filter(BaseModel):
    """A part of the grid: per axis a value or several; an axis left out means all of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str | list[str] | None = None
    regime: str | list[str] | None = None
    model: str | list[str] | None = None
    method: str | list[str] | None = None
    weighting: str | list[str] | None = None
    recipe: str | list[str] | None = None
    learning_rate: str | float | list[str | float] | None = None
    seed: int | list[int] | None = None

    def matches(self, point: dict[str, Any]) -> bool:
        """Return whether a point, given by the names on its axes, lies in this part."""
        return all(
            getattr(self, axis) is None or point[axis] in [_name(axis, value) for value in _listed(getattr(self, axis))]
            for axis in AXES
        )


class GridSpec(BaseModel):
    """A grid file.

    Attributes:
        version: of the file's format; 1.
        name: for people.
        tasks, regimes, models, methods, weightings, learning_rates, seeds: the axes; the grid is their product.
        include: points beside the product, given by axes; an axis left out is the grid's.
        exclude: points taken out of the product.
        recipes: how cells are trained; written as ``recipe``, one or a list of them, each with a name of its own.
        measure: what is measured on them.
        keep_weights: keep the weights of full fine-tuning; adapters are always kept.
        report_to: experiment trackers that transformers knows, such as ``tensorboard`` or ``wandb``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    tasks: list[TaskChoice] = Field(min_length=1)
    regimes: list[str] = Field(default=["balanced", "imbalanced"], min_length=1)
    models: list[ModelChoice] = Field(min_length=1)
    methods: list[MethodChoice] = Field(min_length=1)
    weightings: list[WeightingChoice] = Field(default=[WeightingChoice()], min_length=1)
    learning_rates: list[RateChoice] = Field(default=[RateChoice()], min_length=1)
    seeds: list[int] = Field(default=[0], min_length=1)
    include: list[Filter] = Field(default_factory=list)
    exclude: list[Filter] = Field(default_factory=list)
    recipes: list[RecipeChoice] = Field(default=[RecipeChoice(base="paper")], min_length=1, alias="recipe")
    measure: Measurements = Measurements()
    keep_weights: bool = False
    report_to: list[str] = Field(default_factory=list)

    @field_validator("recipes", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return value if isinstance(value, list) else [value]


def expand(grid: GridSpec) -> list[CellSpec]:
    """Return the cells of a grid, each once: the untuned cells first, then repetition by repetition.

    Raises:
        UserError: a name on an axis is unknown or means two things, or a part of ``exclude`` matches nothing.
    """
    axes_of = {"by_task": [task.name for task in grid.tasks], "by_method": [method.use for method in grid.methods]}
    axes_of["by_method"] += [name for part in grid.include for name in _listed(part.method or [])]
    axes_of["by_task"] += [name for part in grid.include for name in _listed(part.task or [])]
    for (field, names), recipe in itertools.product(axes_of.items(), grid.recipes):
        for name in getattr(recipe, field):
            if name not in names:
                raise UserError(
                    f"grid {grid.name!r}: recipe.{field}: {name!r} is not in the grid{suggest(name, names)}"
                )
    for axis in ("tasks", "models", "recipes"):
        names = [choice.name or grid.name for choice in getattr(grid, axis)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UserError(f"grid {grid.name!r}: two of its {axis} are called {twice[0]!r}; give one another name")
    _check_recipes(grid)
    points: dict[tuple[Any, ...], dict[str, Any]] = {}
    for axes in [_axes(grid), *(_included(grid, part) for part in grid.include)]:
        for values in itertools.product(*(axes[axis] for axis in reversed(AXES))):
            point = dict(zip(reversed(AXES), values, strict=True))
            points[tuple(_names(point).values())] = point
    for part in grid.exclude:
        hit = [key for key, point in points.items() if part.matches(_names(point))]
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
    """Refuse two recipes that train every cell alike: one of them would have no cell of its own."""
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


def load_grid(name: str) -> GridSpec:
    """Read a shipped grid by its name, or a YAML file by its path.

    Task files are looked for beside the grid file.

    Raises:
        UserError: there is no such grid, or the file is wrong; the message names file and line.
    """
    path = grid_file(name)
    grid = load_yaml(path, GridSpec)
    beside = [
        choice.model_copy(update={"use": str(path.parent / choice.use)})
        if choice.use.endswith((".yaml", ".yml")) and not Path(choice.use).is_absolute()
        else choice
        for choice in grid.tasks
    ]
    return grid.model_copy(update={"tasks": beside})


def _axes(grid: GridSpec) -> dict[str, list[Any]]:
    return {axis: list(getattr(grid, f"{axis}s")) for axis in AXES}


def _included(grid: GridSpec, part: Filter) -> dict[str, list[Any]]:
    axes = _axes(grid)
    for axis in AXES:
        if getattr(part, axis) is None:
            continue
        asked = {getattr(value, "name", value): value for value in axes[axis]}
        axes[axis] = [_chosen(axis, value, asked) for value in _listed(getattr(part, axis))]
    return axes


def _chosen(axis: str, value: Any, asked: dict[Any, Any]) -> Any:
    """The value on an axis that a filter names: one of the grid's own, or another."""
    name = _name(axis, value)
    if name in asked or axis not in _CHOICES:
        return asked.get(name, value)
    return validate(value, _CHOICES[axis], f"include.{axis}")


def _name(axis: str, value: Any) -> Any:
    """The name on an axis of what a filter says; a learning rate can be written in several ways."""
    return validate(value, RateChoice, "a filter").name if axis == "learning_rate" else value


def _cell(grid: GridSpec, point: dict[str, Any]) -> CellSpec:
    task: TaskChoice = point["task"]
    method: MethodChoice = point["method"]
    # Wrong options are told here, before anything is run.
    point["weighting"].identity()
    ratios(task.task, point["regime"])
    choice: RecipeChoice = point["recipe"]
    rate: RateChoice = point["learning_rate"]
    recipe = rate.apply(choice.resolve(task.name, method.use), method.method)
    return CellSpec(
        **point | {"recipe": recipe, "learning_rate": "" if rate == RateChoice() else rate.name},
        recipe_name=choice.name or grid.name,
    )


def _names(point: dict[str, Any]) -> dict[str, Any]:
    return {axis: getattr(point[axis], "name", point[axis]) for axis in AXES}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
