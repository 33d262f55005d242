"""The axis of weightings: how uneven labels are countered."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from adapters import LOSSES, WEIGHTINGS, Weighting, get_weighting
from benchmark.choices import Choice, LossChoice, as_mapping, made, with_plugin
from benchmark.spelling import parts, read, spelled
from polyskew.errors import UserError, in_brief, suggest_pluggable

CROSS_ENTROPY = "cross_entropy"
SAMPLING = "sampling"


class WeightingChoice(Choice):
    """How uneven labels are countered, as a grid asks for it.

    A string says it as the board does: a weighting (``per_language``), a loss (``focal(gamma=1)``), or both and how
    the weights act, joined by ``+`` (``per_language+focal``, ``per_language+sampling``).

    Attributes:
        use: the weighting, which gives w[l, c] from the counts of the training rows.
        options: of the weighting.
        by: how the weights act: a row's loss is multiplied by its weight, or the row is drawn that many times an epoch
            in the mean.
        loss: what is computed of each row.
    """

    use: str = "none"
    options: dict[str, Any] = Field(default_factory=dict)
    by: Literal["loss", "sampling"] = "loss"
    loss: LossChoice = Field(default_factory=lambda: LossChoice(use=CROSS_ENTROPY))  # not at import: it reads plug-ins

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return as_mapping(value, cls, "options")
        written: dict[str, Any] = {}
        for part in parts(value):
            found = read(part)
            kind = "by" if found["use"] == SAMPLING else _kind(found["use"])
            if kind == "by" and "options" in found:
                raise ValueError(f"{value!r}: {SAMPLING!r} has no options")
            if kind in written:
                what = {"use": "two weightings", "loss": "two losses", "by": f"{SAMPLING!r} twice"}[kind]
                raise ValueError(f"{value!r} names {what}; one is wanted")
            written |= found if kind == "use" else {kind: part}
        return written

    @field_validator("use")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in WEIGHTINGS and value in LOSSES:
            raise ValueError(f"{value!r} is a loss; write it under 'loss'")
        if value not in WEIGHTINGS:
            raise ValueError(WEIGHTINGS.unknown(value))
        return value

    @model_validator(mode="after")
    def _can_be_made(self) -> "WeightingChoice":
        made(lambda: self.weighting)
        return self

    @model_validator(mode="after")
    def _of_one_meaning(self) -> "WeightingChoice":
        for name in (self.use, self.loss.use):
            if name in WEIGHTINGS and name in LOSSES:
                raise ValueError(f"{name!r} is a weighting and a loss; two plug-ins have it, so rename one")
        return self

    @model_validator(mode="after")
    def _something_to_sample_by(self) -> "WeightingChoice":
        if self.by == SAMPLING and self.use == "none":
            raise ValueError("rows are sampled by a weighting's weights, and 'none' has none; name another one")
        return self

    @model_validator(mode="after")
    def _weighed_once(self) -> "WeightingChoice":
        if self.by == "loss" and self.use != "none" and self.loss.loss.weighs_rows:
            raise ValueError(
                f"the loss {self.loss.use!r} weighs rows itself, so weights beside it have no meaning; use "
                f"{self.loss.use!r} alone, or draw rows by the weights: '{self.use}+{SAMPLING}+{self.loss.use}'"
            )
        return self

    @model_serializer(mode="wrap")
    def _short(self, handler: SerializerFunctionWrapHandler) -> Any:
        try:
            return self.name if WeightingChoice.model_validate(self.name) == self else handler(self)
        except ValueError:  # an option that a name cannot hold, such as a list
            return handler(self)

    @property
    def weighting(self) -> Weighting:
        """The weighting itself."""
        return get_weighting(self.use, self.options)

    @property
    def name(self) -> str:
        """What the board shows, such as ``per_language+focal(gamma=1)``."""
        parts = [spelled(self.use, self.options)] if self.use != "none" else []
        parts += [SAMPLING] if self.by == SAMPLING else []
        parts += [self.loss.name] if self.loss.use != CROSS_ENTROPY else []
        return "+".join(parts) or "none"

    def __str__(self) -> str:
        return self.name

    def identity(self) -> str | dict[str, Any]:
        """Return what tells this choice from others, for cell ids: a plain name where there is nothing else to say."""
        form = with_plugin(WEIGHTINGS, self.use, {"name": self.use})
        found = self.weighting
        if isinstance(found, BaseModel) and (changed := found.model_dump(mode="json", exclude_defaults=True)):
            form["options"] = changed
        if self.by == SAMPLING:
            form["by"] = SAMPLING
        if self.loss.use != CROSS_ENTROPY:
            form["loss"] = self.loss.identity()
        return self.use if list(form) == ["name"] else form

    def weigh(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weights w[l, c] of the counts n[l, c] of training rows, float64 [L, C].

        Raises:
            UserError: the weighting, a plug-in's perhaps, fails, or its weights are no numbers of at least 0.
        """
        try:
            with np.errstate(all="ignore"):  # what comes of it is told below
                weights = np.asarray(self.weighting(counts.copy()), dtype=np.float64)
        except UserError:
            raise
        except Exception as error:  # whatever went wrong in a plug-in
            raise UserError(f"the weighting {self.use!r} fails with {in_brief(error)}") from error
        if weights.shape != counts.shape:
            raise UserError(
                f"the weighting {self.use!r} makes weights of the shape {weights.shape} of counts of the shape "
                f"{counts.shape}; one for each language and label is wanted"
            )
        wrong = np.argwhere(~(np.isfinite(weights) & (weights >= 0)))
        if len(wrong):
            language, label = (int(index) for index in wrong[0])
            raise UserError(
                f"the weighting {self.use!r} makes the weight {weights[language, label]:g} for language {language}, "
                f"label {label} (counted from 0); a finite number of at least 0 is wanted"
            )
        return weights

    def weights(self, ratios: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return the weights that follow from the ratios of labels alone, or None where the rows' number counts too.

        Args:
            ratios: counts in the right proportions, int64 [L, C].
        """
        # At as many numbers of rows as there may be: a plug-in's weights may change at one of them.
        found = [self.weigh(ratios * 10**power) for power in range(9)]
        return found[0] if all(np.array_equal(found[0], other) for other in found[1:]) else None

    def twin(self, ratios: NDArray[np.int64]) -> "WeightingChoice":
        """Return the choice that does the same work: this one, or the plainest with the very same weights."""
        mine = self.weights(ratios)
        if mine is None:
            return self
        for name in ("none", "global", "per_language"):
            by = "loss" if name == "none" else self.by  # to draw every row once is no sampling
            twin = WeightingChoice(use=name, by=by, loss=self.loss)
            if twin == self or np.array_equal(twin.weighting(ratios), mine):
                return twin
        return self


def _kind(name: str) -> str:
    """The field that a name in a string is for."""
    if name in WEIGHTINGS:
        return "use"
    if name in LOSSES:
        return "loss"
    hint = suggest_pluggable(name, [*WEIGHTINGS.names(), *LOSSES.names(), SAMPLING])
    raise ValueError(f"there is no weighting or loss called {name!r}{hint}")
