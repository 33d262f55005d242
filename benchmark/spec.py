"""What is asked for: a grid, its cells, and what makes two cells the same."""

import hashlib
import itertools
import json
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from adapters import WEIGHTINGS, Method, get_method, get_weighting
from benchmark.models import ModelChoice
from benchmark.recipes import Recipe, RecipeChoice
from polyskew.errors import UserError
from tasks import Task, get_task
from tasks.regimes import ratios

UNTUNED = "untuned"
AXES = ("task", "regime", "model", "method", "weighting", "seed")


class TaskChoice(BaseModel):
    """A task as a grid asks for it.

    Attributes:
        use: a registered name, or the path of a YAML file.
        change: fields of the task that replace the declared ones, such as ``source``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: str
    change: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value

    @property
    def task(self) -> Task:
        """The task itself."""
        return _task(self.use, json.dumps(self.change, sort_keys=True))

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name


class MethodChoice(BaseModel):
    """A fine-tuning method as a grid asks for it: a registered name and its options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"use": value} if isinstance(value, str) else value

    @property
    def method(self) -> Method:
        """The method itself."""
        return get_method(self.use, self.options)

    @property
    def name(self) -> str:
        """What the board shows: the method, with the options that were set."""
        options = ", ".join(f"{key}={value}" for key, value in sorted(self.options.items()))
        return f"{self.use}({options})" if options else self.use


class Measurements(BaseModel):
    """What is measured on a trained cell. Changing it asks for a stage again, never for a training.

    Attributes:
        probe_rows: rows of the probe corpus a language (paper: 1,000 articles); 0 leaves the corpus out.
        explained_texts: test texts a language whose tokens are attributed; 0 leaves attributions out.
        evaluations: model evaluations a text at most (shap's default and the paper's code: 500).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probe_rows: int = Field(1000, ge=0)
    explained_texts: int = Field(100, ge=0)
    evaluations: int = Field(500, ge=10)


class CellSpec(BaseModel):
    """One point of the grid.

    Attributes:
        task: what is learned.
        regime: which labels each language has; None for the untuned cell.
        model: the encoder.
        method: which weights move.
        weighting: what each example counts; None for the untuned cell.
        seed: the repetition; None for the untuned cell.
        recipe: everything else about training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: TaskChoice
    regime: str | None
    model: ModelChoice
    method: MethodChoice
    weighting: str | None
    seed: int | None
    recipe: Recipe

    @property
    def untuned(self) -> bool:
        """Whether this is the model before fine-tuning."""
        return self.method.use == UNTUNED

    def canonical(self) -> dict[str, Any]:
        """Return the form that is hashed: no field at its default, no local path."""
        # Of the task's regimes only the cell's own: declaring another one leaves the id as it is.
        regime = self.regime or "balanced"
        form: dict[str, Any] = {"task": self.task.task.identity(regime), "model": self.model.identity()}
        if self.untuned:
            # What is not trained depends on nothing of the training but the length at which texts are cut.
            return form | {"method": UNTUNED, "max_length": self.recipe.max_length}
        form |= {"method": self.method.method.identity(), "regime": regime, "seed": self.seed}
        if self.weighting != "none":
            form["weighting"] = self.weighting
        if recipe := self.recipe.canonical():
            form["recipe"] = recipe
        return form

    @cached_property
    def id(self) -> str:
        """The cell's id: 16 hex digits of the canonical form's SHA-256."""
        return digest(self.canonical())

    def __hash__(self) -> int:
        return int(self.id, 16)

    def weights(self) -> np.ndarray | None:
        """Return the weights w[l, c] (float64, languages x classes) that follow from the regime's ratios.

        Every weighting is unchanged when all counts are scaled, and all languages have the same number of rows, so
        the ratios' shares give the weights without reading a row. None for the regime ``natural``.
        """
        found = None if self.untuned else ratios(self.task.task, str(self.regime))
        return None if found is None else get_weighting(str(self.weighting))(_scaled(found))

    def work(self) -> "CellSpec":
        """Return the cell that does the same work: this one, or the first weighting with the very same weights."""
        mine = self.weights()
        if mine is None:
            return self
        for name in WEIGHTINGS.names():
            if name == self.weighting:
                break
            twin = _changed(self, weighting=name)
            theirs = twin.weights()
            if theirs is not None and np.array_equal(theirs, mine):
                return twin
        return self

    def describe(self) -> str:
        """Return one line for people."""
        if self.untuned:
            return f"{self.task.name} {self.model.name} untuned"
        return f"{self.task.name} {self.regime} {self.model.name} {self.method.name} {self.weighting} seed {self.seed}"


class Filter(BaseModel):
    """A part of the grid: per axis a value or several; an axis left out means all of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str | list[str] | None = None
    regime: str | list[str] | None = None
    model: str | list[str] | None = None
    method: str | list[str] | None = None
    weighting: str | list[str] | None = None
    seed: int | list[int] | None = None

    def matches(self, point: dict[str, Any]) -> bool:
        """Return whether a point, given by the names on its axes, lies in this part."""
        return all(getattr(self, axis) is None or point[axis] in _listed(getattr(self, axis)) for axis in AXES)


class GridSpec(BaseModel):
    """A grid file.

    Attributes:
        version: of the file's format; 1.
        name: for people.
        tasks, regimes, models, methods, weightings, seeds: the axes; the grid is their product.
        include: points beside the product, given by axes; an axis left out is the grid's.
        exclude: points taken out of the product.
        recipe: how cells are trained.
        measure: what is measured on them.
        keep_weights: keep the weights of full fine-tuning; adapters are always kept.
        report_to: experiment trackers that transformers knows, such as ``tensorboard`` or ``wandb``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    name: str
    tasks: list[TaskChoice] = Field(min_length=1)
    regimes: list[str] = Field(default=["balanced", "imbalanced"], min_length=1)
    models: list[ModelChoice] = Field(min_length=1)
    methods: list[MethodChoice] = Field(min_length=1)
    weightings: list[str] = Field(default=["none"], min_length=1)
    seeds: list[int] = Field(default=[0], min_length=1)
    include: list[Filter] = Field(default_factory=list)
    exclude: list[Filter] = Field(default_factory=list)
    recipe: RecipeChoice = RecipeChoice(base="paper")
    measure: Measurements = Measurements()
    keep_weights: bool = False
    report_to: list[str] = Field(default_factory=list)


def expand(grid: GridSpec) -> list[CellSpec]:
    """Return the cells of a grid, each once: the untuned cells first, then repetition by repetition.

    Raises:
        UserError: a name on an axis is unknown or means two things, or a part of ``exclude`` matches nothing.
    """
    for axis in ("tasks", "models"):
        names = [choice.name for choice in getattr(grid, axis)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UserError(f"grid {grid.name!r}: two of its {axis} are called {twice[0]!r}; give one another name")
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
        )
        for cell in cells
    ]
    return list({cell.id: cell for cell in [*untuned, *cells]}.values())


def digest(form: Any) -> str:
    """Return 16 hex digits that identify a JSON value, whatever the order of its keys."""
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _axes(grid: GridSpec) -> dict[str, list[Any]]:
    return {axis: list(getattr(grid, f"{axis}s")) for axis in AXES}


def _included(grid: GridSpec, part: Filter) -> dict[str, list[Any]]:
    axes = _axes(grid)
    choice: dict[str, type[BaseModel]] = {"task": TaskChoice, "model": ModelChoice, "method": MethodChoice}
    for axis in AXES:
        if getattr(part, axis) is None:
            continue
        asked = {value.name if axis in choice else value: value for value in axes[axis]}
        axes[axis] = [
            asked[value] if value in asked else choice[axis].model_validate(value) if axis in choice else value
            for value in _listed(getattr(part, axis))
        ]
    return axes


def _cell(grid: GridSpec, point: dict[str, Any]) -> CellSpec:
    task: TaskChoice = point["task"]
    # Unknown names are told here, before anything is run.
    get_weighting(point["weighting"])
    ratios(task.task, point["regime"])
    recipe = grid.recipe.resolve(task.name, point["method"].use)
    return CellSpec(**point, recipe=recipe)


def _names(point: dict[str, Any]) -> dict[str, Any]:
    return {axis: getattr(point[axis], "name", point[axis]) for axis in AXES}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _changed(cell: CellSpec, **fields: Any) -> CellSpec:
    """A copy with other fields; unlike `model_copy` it does not carry over the cached id."""
    return CellSpec(**{name: getattr(cell, name) for name in CellSpec.model_fields} | fields)


def _scaled(shares: np.ndarray) -> np.ndarray:
    """Whole counts in the ratios' proportions with the same number of rows for every language."""
    sums = shares.sum(axis=1, keepdims=True)
    return shares * (np.lcm.reduce(sums.ravel()) // sums)


@lru_cache
def _task(use: str, change: str) -> Task:
    return get_task(use, **json.loads(change))


def load_grid(name: str) -> GridSpec:
    """Read a shipped grid by its name, or a YAML file by its path.

    Task files are looked for beside the grid file.

    Raises:
        UserError: there is no such grid, or the file is wrong; the message names file and line.
    """
    from benchmark.grids import grid_file
    from polyskew.yamls import load_yaml

    path = grid_file(name)
    grid = load_yaml(path, GridSpec)
    beside = [
        choice.model_copy(update={"use": str(path.parent / choice.use)})
        if choice.use.endswith((".yaml", ".yml")) and not Path(choice.use).is_absolute()
        else choice
        for choice in grid.tasks
    ]
    return grid.model_copy(update={"tasks": beside})
