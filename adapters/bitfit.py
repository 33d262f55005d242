"""BitFit (Ben Zaken et al. 2022), as a method."""

from typing import TYPE_CHECKING, ClassVar

from adapters.method import LearningRates
from adapters.peft_method import PeftMethod

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel


class BitFit(PeftMethod):
    """The biases of the body are trained: of Linear modules and LayerNorms, the embeddings' and pooler's too."""

    name: ClassVar[str] = "bitfit"
    rates: ClassVar[LearningRates] = LearningRates(
        body=1e-3, head=1e-3, source="Ben Zaken et al. (2022): the rate of the example in the README of their code"
    )

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `BitFitConfig`."""
        from peft import TaskType

        from adapters.bitfit_tuner import BitFitConfig
        from adapters.parts import head_modules

        return BitFitConfig(task_type=TaskType.SEQ_CLS, modules_to_save=head_modules(model))
