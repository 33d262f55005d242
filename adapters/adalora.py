"""AdaLoRA (Zhang et al. 2023), as PEFT has it, as a method."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from adapters.method import LearningRates
from adapters.names import LAYERS
from adapters.peft_method import PeftMethod

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from torch import nn
    from transformers import PreTrainedModel, TrainerCallback


class AdaLora(PeftMethod):
    """Updates P diag(e) Q of all Linear weights of the layers, whose least important singular values are masked.

    Target rank 8 is among the paper's budgets, and the first rank is 1.5 times as large, as in the paper. Alpha and the
    weight of orthogonality are those of the authors' script for MNLI, whose schedule is in steps; here it is in shares
    of the training. A checkpoint is chosen by its validation loss, so that it may be one in which not all ranks have
    been masked yet.

    Attributes:
        rank: what is left of the ranks, on average over the weights.
        initial_rank: of every update at the start.
        alpha: scales the update.
        dropout: dropout probability on the update's input.
        warmup: share of the steps before ranks are masked.
        final: share of the steps in which the ranks stay as they are by then.
        orthogonality: weight of the term that keeps P and Q orthogonal (equation 4).
        target_modules: names of the Linear modules to update, or their last parts; by default all of the layers.
    """

    name: ClassVar[str] = "adalora"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-4,
        head=5e-4,
        source="Zhang et al. (2023), the authors' scripts for DeBERTa-v3 base on GLUE (QingruZhang/AdaLoRA): 5e-4 on "
        "MNLI and QNLI (to 2.2e-3 on other tasks)",
    )

    rank: int = Field(default=8, ge=1)
    initial_rank: int = Field(default=12, ge=2)
    alpha: int = Field(default=16, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    warmup: float = Field(default=0.15, ge=0, lt=1)
    final: float = Field(default=0.5, ge=0, lt=1)
    orthogonality: float = Field(default=0.1, ge=0)
    target_modules: tuple[str, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _there_is_a_budget(self) -> "AdaLora":
        if self.rank >= self.initial_rank:
            raise ValueError(f"initial_rank {self.initial_rank} must be above rank {self.rank}, to which it falls")
        if self.warmup + self.final >= 1:
            raise ValueError(f"warmup {self.warmup} and final {self.final} leave no step in which ranks are masked")
        return self

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return an `AdaLoraConfig`, whose schedule is filled in when the number of steps is known."""
        from peft import AdaLoraConfig, TaskType

        from adapters.parts import head_modules, targets

        return AdaLoraConfig(
            task_type=TaskType.SEQ_CLS,
            target_r=self.rank,
            init_r=self.initial_rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            orth_reg_weight=self.orthogonality,
            total_step=1,
            target_modules=targets(model, LAYERS, self.target_modules),
            modules_to_save=head_modules(model),
        )

    def wrap(self, model: "PreTrainedModel", config: "PeftConfig") -> "PeftModel":
        """Return PEFT's model, with checkpoints that hold the ranks' importance."""
        from adapters.allocation import Allocated

        return Allocated(model, config)

    def load(self, base: "PreTrainedModel", folder: Path) -> "nn.Module":
        """Put the saved adapter and head on a fresh base model."""
        model: Any = super().load(base, folder)
        # PEFT sets it only to train, and reads it wherever the model is given labels.
        model.base_model.trainable_adapter_name = "default"
        return model

    def callbacks(self, model: "nn.Module") -> "list[TrainerCallback]":
        """Return what masks the ranks after each step."""
        from adapters.allocation import Allocation

        wrapped: Any = model
        return [Allocation(wrapped, self.warmup, self.final)]
