"""Bottleneck adapters (Houlsby et al. 2019), as a method."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from adapters.method import LearningRates
from adapters.peft_method import PeftMethod

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


class Houlsby(PeftMethod):
    """A bottleneck after the attention's and after the feed-forward block's output projection, LayerNorms trained.

    Attributes:
        bottleneck: the width m of the bottleneck; 64 is the paper's fixed size (Table 1, "Adapters (64)").
        target_modules: names of the Linear modules after which a bottleneck stands, or their last parts; by default
            the output projections of attention and feed-forward block in every layer.
    """

    name: ClassVar[str] = "houlsby"
    rates: ClassVar[LearningRates] = LearningRates(
        body=3e-4,
        head=3e-4,
        source="the middle of the sweep {3e-5, 3e-4, 3e-3} of Houlsby et al. (2019), section 3.2, and the rate in the "
        "README of their code (google-research/adapter-bert), one rate for all trained weights",
    )

    bottleneck: int = Field(default=64, ge=1)
    target_modules: tuple[str, ...] | None = Field(default=None, min_length=1)

    def prepare(self, model: "PreTrainedModel") -> "nn.Module":
        """Freeze the model, add the bottlenecks, and let them, the body's LayerNorms and the head train."""
        from peft import TaskType, get_peft_model

        from adapters.houlsby_tuner import HoulsbyConfig
        from adapters.parts import head_modules

        config = HoulsbyConfig(
            task_type=TaskType.SEQ_CLS,
            bottleneck=self.bottleneck,
            target_modules=None if self.target_modules is None else list(self.target_modules),
            modules_to_save=head_modules(model),
        )
        return get_peft_model(model, config).train()

    def load(self, base: "PreTrainedModel", folder: Path) -> "nn.Module":
        """Put the saved adapter, LayerNorms and head on a fresh base model."""
        import adapters.houlsby_tuner  # noqa: F401  makes the tuner known to PEFT

        return super().load(base, folder)
