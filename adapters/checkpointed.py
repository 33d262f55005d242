"""PEFT models whose training checkpoints hold more than PEFT's own files.

PEFT saves what is needed to use an adapter. That is less than what training needs to go on where a method keeps
something else as well: P-tuning its network (saved is only its output), AdaLoRA the ranks that it has masked. Beside
PEFT's files a checkpoint of these models has the trained tensors as they are.
"""

from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModelForSequenceClassification
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

TRAINING_STATE = "training_state.safetensors"


class Checkpointed(PeftModelForSequenceClassification):
    """A PEFT model with one adapter, called ``default``, whose checkpoints are exact."""

    def __init__(self, model: PreTrainedModel, config: PeftConfig, *args: Any, **kwargs: Any) -> None:
        config.base_model_name_or_path = config.base_model_name_or_path or model.name_or_path
        super().__init__(model, config, *args, **kwargs)

    def training_state(self) -> dict[str, torch.Tensor]:
        """Return what training needs to go on, by name."""
        return {name: parameter.detach() for name, parameter in self.named_parameters() if parameter.requires_grad}

    @torch.no_grad()
    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take back what `training_state` returned."""
        for name, parameter in self.named_parameters():
            if name in state:
                parameter.copy_(state[name])

    def save_pretrained(self, save_directory: str, *args: Any, **kwargs: Any) -> None:
        """Write PEFT's files and the training state."""
        super().save_pretrained(save_directory, *args, **kwargs)
        state = {name: tensor.cpu().contiguous() for name, tensor in self.training_state().items()}
        save_file(state, Path(save_directory) / TRAINING_STATE)

    def load_adapter(self, model_id: Any, *args: Any, **kwargs: Any) -> Any:
        """Read the training state where there is one, PEFT's files where there is none."""
        file = Path(model_id) / TRAINING_STATE
        if not file.exists():
            return super().load_adapter(model_id, *args, **kwargs)
        self.restore(load_file(file))
        return None
