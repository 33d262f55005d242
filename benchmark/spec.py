"""A cell: one point of the grid, and what makes two cells the same."""

import json
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from adapters import WEIGHTINGS, Method, get_method, get_weighting
from benchmark.attributions.settings import Settings
from benchmark.models import ModelChoice
from benchmark.recipes import Recipe
from polyskew.canonical import digest
from tasks import Task, get_task
from tasks.regimes import ratios

UNTUNED = "untuned"


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
        return _task(self.use, json.dumps(self.change, sort_keys=True, default=str))

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
    """What is measured on a trained cell. It is no part of the cell's id: changing it asks for the stage again.

    Only a full fine-tuning whose weights were not kept has to be trained again for it.

    Attributes:
        probe_rows: rows of the probe corpus a language (paper: 1,000 articles); 0 leaves the corpus out.
        probe_layers: also keep the first token's vector of every layer, for the probes.
        explained_texts: test texts a language whose tokens are attributed; 0 leaves attributions out.
        attributions: how they are attributed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probe_rows: int = Field(1000, ge=0)
    probe_layers: bool = False
    explained_texts: int = Field(100, ge=0)
    attributions: Settings = Settings()


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
        recipe_name: what boards call the recipe; no part of what the cell is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: TaskChoice
    regime: str | None
    model: ModelChoice
    method: MethodChoice
    weighting: str | None
    seed: int | None
    recipe: Recipe
    recipe_name: str = ""

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
        the ratios' shares give the weights without reading a row. (With ``sizes: paper`` languages differ by the rows
        that its rule rounds away: XNLI's global weights are then 1 to within 4e-6.) None for the regime ``natural``.
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
        names = (self.task.name, self.regime, self.model.name, self.method.name, self.weighting, self.recipe_name)
        return f"{' '.join(str(name) for name in names)} seed {self.seed}"


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
