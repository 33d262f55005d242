"""What the methods that PEFT carries have in common: saving and loading."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.method import Method
from polyskew.errors import UserError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

WEIGHTS = "adapter_model.safetensors"


class PeftMethod(Method):
    """A method whose trained weights are a PEFT adapter: added weights, and a copy of the head."""

    def save(self, model: "nn.Module", folder: Path) -> None:
        """Write the adapter and the head (`PeftModel.save_pretrained`)."""
        peft_model: Any = model
        for config in peft_model.peft_config.values():
            # A saved adapter goes to other machines: it names its base model, not the folder that it lay in here.
            base = Path(config.base_model_name_or_path or "")
            if base.is_absolute():
                config.base_model_name_or_path = base.name
        # Unless told, PEFT asks the hub for the base model's configuration, to see whether its vocabulary was resized.
        peft_model.save_pretrained(str(folder), save_embedding_layers=False)
        # PEFT's model card is a form left blank, but for that folder.
        (folder / "README.md").unlink(missing_ok=True)

    def load(self, base: "PreTrainedModel", folder: Path) -> "nn.Module":
        """Put the saved adapter and head on a fresh base model (`PeftModel.from_pretrained`)."""
        from peft import PeftModel, get_peft_model_state_dict
        from safetensors import safe_open

        if not (folder / WEIGHTS).exists():
            raise UserError(f"{folder} holds no adapter: {WEIGHTS} is missing")
        with warnings.catch_warnings():
            # Missing weights are an error below, not a warning.
            warnings.filterwarnings("ignore", message="Found missing adapter keys")
            try:
                model = PeftModel.from_pretrained(base, str(folder))
            except (KeyError, ValueError, RuntimeError) as error:
                raise UserError(f"the adapter in {folder} does not fit this {type(base).__name__}") from error
        wanted = set(get_peft_model_state_dict(model, save_embedding_layers=False))
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            found = set(file.keys())
        if wanted != found:
            raise UserError(f"{folder / WEIGHTS} does not fit this {type(base).__name__}: see {min(wanted ^ found)}")
        return model.eval()
