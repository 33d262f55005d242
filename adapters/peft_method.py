"""What the methods that PEFT carries have in common: one configuration, one life cycle."""

import warnings
from abc import abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from adapters.method import Method
from adapters.quantization import Quantization, require_bitsandbytes
from polyskew.errors import UserError

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from torch import nn
    from transformers import PreTrainedModel

WEIGHTS = "adapter_model.safetensors"


class PeftMethod(Method):
    """A method whose trained weights are a PEFT adapter: added weights, and a copy of the head.

    Attributes:
        base: how the frozen weights of the body's Linear modules are stored: ``nf4`` (4 bits), ``int8``, or as they
            are. The head stays in full precision.
    """

    base: Quantization | None = None

    @model_validator(mode="after")
    def _bitsandbytes_is_there(self) -> "PeftMethod":
        if self.base is not None:
            try:
                require_bitsandbytes(f"base: {self.base}")
            except UserError as error:
                raise ValueError(str(error)) from None
        return self

    @property
    def quantization(self) -> Quantization | None:
        """How the base model's weights are to be stored; None is full precision."""
        return self.base

    @abstractmethod
    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return PEFT's configuration of this method for a model, the head among ``modules_to_save``.

        Raises:
            UserError: the method cannot be used with this model.
        """

    def wrap(self, model: "PreTrainedModel", config: "PeftConfig") -> "PeftModel":
        """Return PEFT's model around a model, with a fresh adapter."""
        from peft import get_peft_model

        from adapters.prompted import Prompted

        if config.is_prompt_learning:
            return Prompted(model, config)
        wrapped: Any = get_peft_model(model, config)
        return wrapped

    def check(self, model: "PreTrainedModel", max_length: int) -> None:
        """Look for the modules that the method attaches to, and for room for the tokens that it adds."""
        from adapters.parts import positions

        left = positions(model) - self.added_tokens
        if self.added_tokens and max_length > left:
            raise UserError(
                f"beside the {self.added_tokens} trained tokens there is room for {max(0, left)} of a text, and the "
                f"recipe's max_length is {max_length}; set a smaller one, or train fewer tokens"
            )
        with suppress(RuntimeError):  # what starts from the model's weights wants them
            self._wrapped(model)

    def prepare(self, model: "PreTrainedModel") -> "nn.Module":
        """Freeze the model, add the adapter to the body and let adapter and head train."""
        return self._wrapped(model).train()

    def _wrapped(self, model: "PreTrainedModel") -> "PeftModel":
        config = self.configuration(model)
        try:
            return self.wrap(model, config)
        except (TypeError, ValueError) as error:
            raise UserError(
                f"PEFT cannot use the method {self.name!r} with {type(model).__name__}: {_first_sentence(error)}"
            ) from error

    def save(self, model: "nn.Module", folder: Path) -> None:
        """Write the adapter and the head (`PeftModel.save_pretrained`)."""
        from adapters.checkpointed import TRAINING_STATE

        peft_model: Any = model
        for config in peft_model.peft_config.values():
            # A saved adapter goes to other machines: it names its base model, not the folder that it lay in here.
            base = Path(config.base_model_name_or_path or "")
            if base.is_absolute():
                config.base_model_name_or_path = base.name
        self._write(peft_model, folder)
        # PEFT's model card is a form left blank, but for that folder.
        for name in ("README.md", TRAINING_STATE):
            (folder / name).unlink(missing_ok=True)

    def _write(self, model: "PeftModel", folder: Path) -> None:
        # Unless told, PEFT asks the hub for the base model's configuration, to see whether its vocabulary was resized.
        model.save_pretrained(str(folder), save_embedding_layers=False)

    def load(self, base: "PreTrainedModel", folder: Path) -> "nn.Module":
        """Put the saved adapter and head on a fresh base model (`PeftModel.from_pretrained`)."""
        from peft import PeftConfig, PeftModel, get_peft_model_state_dict
        from safetensors import safe_open

        import adapters.tuners  # noqa: F401  makes the suite's own tuners known to PEFT
        from adapters.prompted import Prompted

        if not (folder / WEIGHTS).exists():
            raise UserError(f"{folder} holds no adapter: {WEIGHTS} is missing")
        with warnings.catch_warnings():
            # Missing weights are an error below, not a warning.
            warnings.filterwarnings("ignore", message="Found missing adapter keys")
            try:
                config = PeftConfig.from_pretrained(str(folder))
                kind = Prompted if config.is_prompt_learning else PeftModel
                model = kind.from_pretrained(base, str(folder))
            except (KeyError, ValueError, RuntimeError) as error:
                raise UserError(f"the adapter in {folder} does not fit this {type(base).__name__}") from error
        wanted = set(get_peft_model_state_dict(model, save_embedding_layers=False))
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            found = set(file.keys())
        if wanted != found:
            raise UserError(f"{folder / WEIGHTS} does not fit this {type(base).__name__}: see {min(wanted ^ found)}")
        return model.eval()


def _first_sentence(error: Exception) -> str:
    return " ".join(str(error).split()).split(". ")[0].rstrip(".")
