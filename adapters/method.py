"""What every fine-tuning method offers to the code that trains with it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class LearningRates:
    """A method's own peak learning rates.

    Attributes:
        body: for what the method trains in or adds to the body.
        head: for the modules on top of the body.
        source: where the two numbers come from.
    """

    body: float
    head: float
    source: str


class Method(BaseModel, ABC):
    """A way to fine-tune: which parameters are trained, how they are saved and loaded.

    A subclass is one method; its pydantic fields are the options that users can set, each with a default. Its module
    imports torch and peft only within the functions that need them, so that a grid is planned without them.

    Attributes:
        name: the name under which the method is registered.
        rates: its learning rates, with their source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    rates: ClassVar[LearningRates]

    @property
    def options(self) -> dict[str, Any]:
        """All options in force, JSON-able."""
        return self.model_dump(mode="json")

    def identity(self) -> dict[str, Any]:
        """Return what tells this method from others, for cell ids: its name and the options not at their default.

        An option that a later version adds leaves the identities of old cells as they are.
        """
        changed = self.model_dump(mode="json", exclude_defaults=True)
        return {"name": self.name, "options": changed} if changed else {"name": self.name}

    @abstractmethod
    def prepare(self, model: "PreTrainedModel") -> "nn.Module":
        """Make a model ready to train: exactly the method's own parameters and the head require gradients.

        New weights are drawn from torch's global generator: seed it before.

        Args:
            model: a fresh transformers model with a head; it is changed in place.

        Returns:
            The model to train, `model` itself or a PEFT model around it.

        Raises:
            UserError: the method cannot be used with this model.
        """

    @abstractmethod
    def save(self, model: "nn.Module", folder: Path) -> None:
        """Write what the method trained, head included, as safetensors.

        Args:
            model: as returned by `prepare` or `load`.
            folder: is made if need be.
        """

    @abstractmethod
    def load(self, base: "PreTrainedModel", folder: Path) -> "nn.Module":
        """Bring back a saved model, for inference: in evaluation mode.

        Args:
            base: a fresh model from the same checkpoint; its head may be freshly initialised.
            folder: as written by `save`.

        Raises:
            UserError: the folder's weights do not fit the model.
        """

    def parameter_groups(self, model: "nn.Module") -> "dict[str, list[nn.Parameter]]":
        """Return the parameters that require gradients, split into ``"body"`` and ``"head"``.

        Args:
            model: as returned by `prepare`.
        """
        from adapters.parts import head_modules, unwrapped

        model = unwrapped(model)
        heads = tuple(f"{name}." for name in head_modules(model))
        groups: dict[str, list[nn.Parameter]] = {"body": [], "head": []}
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                groups["head" if name.startswith(heads) else "body"].append(parameter)
        return groups
