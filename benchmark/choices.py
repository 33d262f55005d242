"""What stands on a grid's axes: a registered name, with options where there are any."""

import json
import re
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from adapters import LOSSES, METHODS, WEIGHTINGS, Loss, Method, Weighting, get_loss, get_method, get_weighting
from polyskew.errors import suggest
from polyskew.registry import Registry
from polyskew.yamls import parse_yaml
from tasks import Task, get_task

CROSS_ENTROPY = "cross_entropy"
SAMPLING = "sampling"


class _Choice(BaseModel):
    """A name with options; as a string ``lora``, or as the board shows it, ``lora(rank=16)``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return _read(value) if isinstance(value, str) else value

    @property
    def name(self) -> str:
        """What the board shows: the name, with the options that were set."""
        return _called(self.use, self.options)


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


class MethodChoice(_Choice):
    """A fine-tuning method as a grid asks for it: a registered name and its options."""

    @field_validator("options")
    @classmethod
    def _written(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        name, folder = str(info.data.get("use")), (info.context or {}).get("folder")
        if "config_file" in value and folder is not None:
            value = value | {"config_file": str(folder / value["config_file"])}
        return METHODS.get(name).written(value) if value and name in METHODS else value

    @property
    def method(self) -> Method:
        """The method itself."""
        return get_method(self.use, self.options)

    def identity(self) -> dict[str, Any]:
        """Return what tells this method from others, for cell ids."""
        return _with_plugin(METHODS, self.use, self.method.identity())


class LossChoice(_Choice):
    """A loss of one example as a grid asks for it: a registered name and its options."""

    @property
    def loss(self) -> Loss:
        """The loss itself."""
        return get_loss(self.use, self.options)

    def identity(self) -> dict[str, Any]:
        """Return what tells this loss from others, for cell ids."""
        return _with_plugin(LOSSES, self.use, self.loss.identity())


class WeightingChoice(_Choice):
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
    loss: LossChoice = LossChoice(use=CROSS_ENTROPY)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        written: dict[str, Any] = {}
        for part in re.split(r"\+(?![^(]*\))", value):
            found = _read(part)
            is_loss = found["use"] in LOSSES and found["use"] not in WEIGHTINGS
            kind = "by" if part == SAMPLING else "loss" if is_loss else "use"
            if kind in written:
                raise ValueError(f"{value!r} names two {'weightings' if kind == 'use' else 'losses'}; one is wanted")
            written |= found if kind == "use" else {kind: part}
        return written

    @field_validator("use")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in WEIGHTINGS:
            hint = suggest(value, [*WEIGHTINGS.names(), *LOSSES.names()])
            raise ValueError(f"there is no weighting or loss called {value!r}{hint}")
        return value

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
        parts = [_called(self.use, self.options)] if self.use != "none" else []
        parts += [SAMPLING] if self.by == SAMPLING else []
        parts += [self.loss.name] if self.loss.use != CROSS_ENTROPY else []
        return "+".join(parts) or "none"

    def __str__(self) -> str:
        return self.name

    def identity(self) -> str | dict[str, Any]:
        """Return what tells this choice from others, for cell ids: a plain name where there is nothing else to say."""
        form = _with_plugin(WEIGHTINGS, self.use, {"name": self.use})
        found = self.weighting
        if isinstance(found, BaseModel) and (changed := found.model_dump(mode="json", exclude_defaults=True)):
            form["options"] = changed
        if self.by == SAMPLING:
            form["by"] = SAMPLING
        if self.loss.use != CROSS_ENTROPY:
            form["loss"] = self.loss.identity()
        return self.use if list(form) == ["name"] else form

    def weights(self, ratios: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return the weights that follow from the ratios of labels alone, or None where the rows' number counts too.

        Args:
            ratios: counts in the right proportions, int64 [L, C].
        """
        few, many = self.weighting(ratios), self.weighting(ratios * 1000)
        return few if np.array_equal(few, many) else None

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


def plugins(kinds: dict[str, str]) -> list[dict[str, str]]:
    """Return where things come from that are not the suite's own.

    Args:
        kinds: names by kind, such as ``{"method": "lora"}``.
    """
    from polyskew.plugins import registry

    registries = {kind: registry(kind) for kind in kinds}
    found = {kind: known.origin(kinds[kind]) for kind, known in registries.items() if kinds[kind] in known}
    return [{"kind": kind, "name": kinds[kind], **origin.record()} for kind, origin in found.items() if origin]


def _read(text: str) -> dict[str, Any]:
    """Read ``name`` or ``name(option=value, ...)``, with values as YAML has them."""
    found = re.fullmatch(r"([^()]+)\((.+)\)", text)
    if not found:
        return {"use": text}
    options = {}
    for part in found[2].split(","):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{text!r}: options are written name(option=value, ...)")
        options[key.strip()] = parse_yaml(value, text)[0]
    return {"use": found[1], "options": options}


def _called(name: str, options: dict[str, Any]) -> str:
    spelled = ", ".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}({spelled})" if spelled else name


def _with_plugin(registry: Registry[Any], name: str, identity: dict[str, Any]) -> dict[str, Any]:
    """The identity, with that of the plug-in it comes from: another version of it may compute something else."""
    origin = registry.origin(name)
    return {**identity, "name": name, "plugin": origin.identity()} if origin else identity


@lru_cache
def _task(use: str, change: str) -> Task:
    return get_task(use, **json.loads(change))
