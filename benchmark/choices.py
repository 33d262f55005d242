"""What stands on a grid's axes: a registered name, with options where there are any."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from adapters import LOSSES, METHODS, Loss, Method, get_loss, get_method
from benchmark.spelling import read, spelled
from polyskew.errors import UserError, in_brief
from polyskew.registry import Registry
from tasks import Task, get_task

if TYPE_CHECKING:
    from torch import nn

UNTUNED = "untuned"
"""The method of the model before fine-tuning."""


class Choice(BaseModel):
    """A name with options; as a string ``lora``, or as the board shows it, ``lora(rank=16)``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return read(value) if isinstance(value, str) else as_mapping(value, cls, "options")

    @property
    def name(self) -> str:
        """What the board shows: the name, with the options that were set."""
        return spelled(self.use, self.options)


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
        return {"use": value} if isinstance(value, str) else as_mapping(value, cls, "change")

    @cached_property
    def task(self) -> Task:
        """The task itself, as its file or plug-in was when it was first asked for."""
        return get_task(self.use, **self.change)

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name


class MethodChoice(Choice):
    """A fine-tuning method as a grid asks for it: a registered name and its options."""

    @field_validator("use")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != UNTUNED and value not in METHODS:
            raise ValueError(METHODS.unknown(value))
        return value

    @field_validator("options")
    @classmethod
    def _written(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        name = str(info.data.get("use"))
        folder = (info.context or {}).get("folder")
        return METHODS.get(name).written(value, folder) if value and name in METHODS else value

    @model_validator(mode="after")
    def _can_be_made(self) -> "MethodChoice":
        if self.use != UNTUNED:
            made(lambda: self.method)
        return self

    @property
    def method(self) -> Method:
        """The method itself."""
        return get_method(self.use, self.options)

    def identity(self) -> dict[str, Any]:
        """Return what tells this method from others, for cell ids."""
        return with_plugin(METHODS, self.use, self.method.identity())


class LossChoice(Choice):
    """A loss of one example as a grid asks for it: a registered name and its options."""

    @field_validator("use")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in LOSSES:
            raise ValueError(LOSSES.unknown(value))
        return value

    @model_validator(mode="after")
    def _can_be_made(self) -> "LossChoice":
        made(lambda: self.loss)
        return self

    @property
    def loss(self) -> Loss:
        """The loss itself."""
        return get_loss(self.use, self.options)

    def prepare(self, counts: NDArray[np.int64]) -> "nn.Module":
        """Return the loss for one training, by the counts n[l, c] of its rows, int64 [L, C].

        Raises:
            UserError: there is no such loss with these counts; or it, a plug-in's perhaps, fails or is no module.
        """
        from torch import nn

        try:
            module: Any = self.loss.prepare(counts.copy())
        except UserError:
            raise
        except Exception as error:  # whatever went wrong in a plug-in
            raise UserError(f"prepare() of the loss {self.name!r} fails with {in_brief(error)}") from error
        if not isinstance(module, nn.Module):
            raise UserError(
                f"prepare() of the loss {self.name!r} returns an object of the class {type(module).__name__}; a "
                "torch.nn.Module is wanted"
            )
        return module

    def identity(self) -> dict[str, Any]:
        """Return what tells this loss from others, for cell ids."""
        return with_plugin(LOSSES, self.use, self.loss.identity())


def plugins(kinds: dict[str, str]) -> list[dict[str, str]]:
    """Return where things come from that are not the suite's own.

    Args:
        kinds: names by kind, such as ``{"method": "lora"}``.
    """
    from polyskew.plugins import registry

    registries = {kind: registry(kind) for kind in kinds}
    found = {kind: known.origin(kinds[kind]) for kind, known in registries.items() if kinds[kind] in known}
    return [{"kind": kind, "name": kinds[kind], **origin.record()} for kind, origin in found.items() if origin]


def with_plugin(registry: Registry[Any], name: str, identity: dict[str, Any]) -> dict[str, Any]:
    """The identity, with that of the plug-in it comes from: another version of it may compute something else."""
    origin = registry.origin(name)
    return {**identity, "name": name, "plugin": origin.identity()} if origin else identity


def as_mapping(value: Any, cls: type, beside: str) -> Any:
    """Return what stands on an axis and is no string.

    Raises:
        ValueError: it is no mapping either.
    """
    if not isinstance(value, dict | cls):
        raise ValueError(f"a name is wanted, or a mapping of use and {beside}")
    return value


def made(make: Callable[[], Any]) -> None:
    """Try to make what a grid asks for, so that the file and the line are told where its options are wrong.

    Raises:
        ValueError: it cannot be made.
    """
    try:
        make()
    except UserError as error:
        raise ValueError(str(error)) from error
