"""Full fine-tuning: every weight is trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from adapters.method import LearningRates, Method
from polyskew.errors import UserError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


class Full(Method):
    """Train every weight of body and head."""

    name: ClassVar[str] = "full"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-5, head=5e-4, source="Jung and van der Plas (2024), section 3: language model and classifier head"
    )

    def prepare(self, model: "PreTrainedModel") -> "nn.Module":
        """Make every parameter require gradients."""
        from adapters.parts import is_quantized

        if is_quantized(model):
            raise UserError(
                "the method 'full' cannot train quantized weights; load the model unquantized, or use 'lora'"
            )
        return model.requires_grad_(True).train()

    def save(self, model: "nn.Module", folder: Path) -> None:
        """Write the whole model (`PreTrainedModel.save_pretrained`)."""
        whole: Any = model
        whole.save_pretrained(folder)

    def load(self, base: "PreTrainedModel", folder: Path) -> "nn.Module":
        """Read the whole model back; of ``base`` count class, configuration, precision and device."""
        if not (folder / "config.json").exists():
            raise UserError(f"{folder} holds no model: config.json is missing")
        kind: Any = type(base)
        try:
            # Not load_state_dict: a model from an old checkpoint is saved under the checkpoint's names of weights.
            model, report = kind.from_pretrained(
                folder,
                config=base.config,
                dtype=base.dtype,
                attn_implementation=base.config._attn_implementation,
                output_loading_info=True,
                local_files_only=True,
            )
        except (OSError, RuntimeError) as error:
            raise UserError(f"{folder} does not hold the weights of this {kind.__name__}") from error
        wrong = report["missing_keys"] | report["unexpected_keys"]
        if wrong:
            raise UserError(f"{folder} does not hold the weights of this {kind.__name__}: see {min(wrong)}")
        return model.to(base.device).eval()
