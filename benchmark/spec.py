"""A cell: one point of the grid, and what makes two cells the same."""

from functools import cached_property
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from benchmark.attributions.settings import Settings
from benchmark.choices import UNTUNED, MethodChoice, TaskChoice, plugins
from benchmark.models import ModelChoice
from benchmark.recipes import Recipe
from benchmark.weighting_choice import WeightingChoice
from polyskew.canonical import digest
from tasks.regimes import ratios


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
        learning_rate: what boards call the learning rates, empty for the method's own; those themselves stand in the
            recipe.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: TaskChoice
    regime: str | None
    model: ModelChoice
    method: MethodChoice
    weighting: WeightingChoice | None
    seed: int | None
    recipe: Recipe
    recipe_name: str = ""
    learning_rate: str = ""

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
        form |= {"method": self.method.identity(), "regime": regime, "seed": self.seed}
        if self.weighting is not None and (weighting := self.weighting.identity()) != "none":
            form["weighting"] = weighting
        if recipe := self.recipe.canonical():
            form["recipe"] = recipe
        return form

    @cached_property
    def id(self) -> str:
        """The cell's id: 16 hex digits of the canonical form's SHA-256."""
        return digest(self.canonical())

    def __hash__(self) -> int:
        return int(self.id, 16)

    def plugins(self, measure: Measurements) -> list[dict[str, str]]:
        """Return the plug-ins that the cell needs: kind, name, and package and version or file, with its checksum."""
        kinds = {"task": self.task.use}
        if self.weighting is not None:
            kinds |= {"method": self.method.use, "weighting": self.weighting.use, "loss": self.weighting.loss.use}
            kinds["explainer"] = measure.attributions.mode
        return plugins(kinds)

    def work(self) -> "CellSpec":
        """Return the cell that does the same work: this one, or that of the plainest weighting with the same weights.

        All languages have the same number of rows, so the regime's ratios tell most weightings' weights without reading
        a row. (With ``sizes: paper`` languages differ by the rows that its rule rounds away: XNLI's global weights are
        then 1 to within 4e-6.) The regime ``natural`` has no ratios.
        """
        if self.weighting is None:
            return self
        found = ratios(self.task.task, str(self.regime))
        twin = self.weighting if found is None else self.weighting.twin(_scaled(found))
        return self if twin == self.weighting else _changed(self, weighting=twin)

    def describe(self) -> str:
        """Return one line for people."""
        if self.untuned:
            return f"{self.task.name} {self.model.name} untuned"
        names = (self.task.name, self.regime, self.model.name, self.method.name, self.weighting, self.recipe_name)
        rate = f" rate {self.learning_rate}" if self.learning_rate else ""
        return f"{' '.join(str(name) for name in names)}{rate} seed {self.seed}"


def _changed(cell: CellSpec, **fields: Any) -> CellSpec:
    """A copy with other fields; unlike `model_copy` it does not carry over the cached id."""
    return CellSpec(**{name: getattr(cell, name) for name in CellSpec.model_fields} | fields)


def _scaled(shares: np.ndarray) -> np.ndarray:
    """Whole counts in the ratios' proportions with the same number of rows for every language."""
    sums = shares.sum(axis=1, keepdims=True)
    return shares * (np.lcm.reduce(sums.ravel()) // sums)
