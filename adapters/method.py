"""What every fine-tuning method offers to the code that trains with it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.component import Component
from adapters.quantization import Quantization

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel, TrainerCallback


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


class Method(Component, ABC):
    """A way to fine-tune: which parameters are trained, how they are saved and loaded.

    A subclass is one method; its pydantic fields are the options that users can set, each with a default. Its module
    imports torch and peft only within the functions that need them, so that a grid is planned without them.

    Attributes:
        name: the name under which the method is registered.
    """

    @property
    @abstractmethod
    def rates(self) -> LearningRates:
        """The method's learning rates, with their source; most methods set a class attribute."""

    @classmethod
    def written(cls, options: dict[str, Any], folder: Path | None = None) -> dict[str, Any]:
        """Return options in the form that grids and boards record; most methods have but one.

        Args:
            options: as a grid has them.
            folder: of the grid's file, from which files are named.
        """
        return options

    @property
    def quantization(self) -> Quantization | None:
        """How the base model's weights are to be stored; None is full precision."""
        return None

    @property
    def added_tokens(self) -> int:
        """How many tokens the body reads with each text beside the text's own; none for most methods."""
        return 0

    def check(self, model: "PreTrainedModel", max_length: int) -> None:
        """Say before training that the method cannot be used with a model; what is not said here, `prepare` says.

        Args:
            model: as in `prepare`, but its weights may be missing (torch's device ``meta``).
            max_length: tokens of a text at most.

        Raises:
            UserError: it cannot.
        """

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

    def callbacks(self, model: "nn.Module") -> "list[TrainerCallback]":
        """Return what the method does at the steps of a training beside what the optimizer does; nothing by default.

        Args:
            model: as returned by `prepare`.
        """
        return []

    def parameter_groups(self, model: "nn.Module") -> "dict[str, list[nn.Parameter]]":
        """Return the parameters that require gradients, split into ``"body"`` and ``"head"``.

        Args:
            model: as returned by `prepare`.
        """
        from adapters.parts import head_modules, unwrapped

        heads = [unwrapped(model).get_submodule(name) for name in head_modules(model)]
        in_head = {id(parameter) for module in heads for parameter in module.parameters()}
        groups: dict[str, list[nn.Parameter]] = {"body": [], "head": []}
        for parameter in model.parameters():
            if parameter.requires_grad:
                groups["head" if id(parameter) in in_head else "body"].append(parameter)
        return groups
