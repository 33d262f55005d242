"""LoRA (Hu et al. 2021), as PEFT has it."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from adapters.method import LearningRates
from adapters.peft_method import PeftMethod
from polyskew.errors import UserError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel


class Lora(PeftMethod):
    """Low-rank updates W + (alpha / rank) * B A of Linear weights in the body; the head is trained in full.

    The defaults are those of Hu et al. (2021), Table 9, "RoBERTa base LoRA": rank 8, alpha 8, on the query and value
    projections of every attention.

    Attributes:
        rank: the rank r of the update.
        alpha: the update is scaled by alpha / rank.
        dropout: dropout probability on the input of A.
        target_modules: names of the Linear modules to update, or their last parts; by default query and value.
    """

    name: ClassVar[str] = "lora"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-4,
        head=5e-4,
        source="Hu et al. (2021), Table 9, RoBERTa base LoRA: 5e-4 on MNLI, SST-2, QQP and RTE (4e-4 on the other four "
        "GLUE tasks), one rate for all trained weights",
    )

    rank: int = Field(default=8, ge=1)
    alpha: int = Field(default=8, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] | None = Field(default=None, min_length=1)

    def prepare(self, model: "PreTrainedModel") -> "nn.Module":
        """Freeze the model, add the low-rank updates to the body and let the head train."""
        from peft import LoraConfig, TaskType, get_peft_model
        from torch import nn

        from adapters.parts import QUERY_AND_VALUE, find, head_modules, named

        if self.target_modules is None:
            targets = find(model, nn.Linear, QUERY_AND_VALUE)
        else:
            targets = named(model, self.target_modules)
        if not targets:
            raise UserError(
                f"the method 'lora' knows no query and value projections in {type(model).__name__}; "
                "name the modules to update with its option target_modules"
            )
        config = LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            # Full names out of the body: a short one such as "dense" would also wrap the head of XLM-R.
            target_modules=targets,
            modules_to_save=head_modules(model),
        )
        return get_peft_model(model, config).train()
