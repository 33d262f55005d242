"""What a grid file asks for."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from benchmark.choices import MethodChoice, TaskChoice
from benchmark.grids import grid_file
from benchmark.models import ModelChoice
from benchmark.rates import RateChoice
from benchmark.recipe_choice import RECIPES, RecipeChoice
from benchmark.spec import Measurements
from benchmark.weighting_choice import WeightingChoice
from polyskew.yamls import load_yaml

AXES = ("task", "regime", "model", "method", "weighting", "recipe", "learning_rate", "seed")


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

    @field_validator("recipes")
    @classmethod
    def _based(cls, value: list[RecipeChoice]) -> list[RecipeChoice]:
        # Not a recipe's own validator: some are made at import, when no plug-in is to be looked for yet.
        for choice in value:
            if choice.base is not None and choice.base not in RECIPES:
                raise ValueError(RECIPES.unknown(choice.base))
        return value


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


def listed(value: Any) -> list[Any]:
    """Return the values of a filter's axis: one, or several."""
    return value if isinstance(value, list) else [value]
