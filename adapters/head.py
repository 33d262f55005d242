"""The head alone is trained: a linear probe on the frozen encoder, trained as the methods are."""

from typing import TYPE_CHECKING, ClassVar

from adapters.method import LearningRates
from adapters.peft_method import PeftMethod

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel


class Head(PeftMethod):
    """Train the head and nothing else: what any method must beat."""

    name: ClassVar[str] = "head"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-4, head=5e-4, source="Jung and van der Plas (2024), section 3: classifier head"
    )

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `LoraConfig` without a target: of the adapter only the trained copy of the head is left."""
        from peft import LoraConfig, TaskType
        from peft.utils.constants import DUMMY_TARGET_MODULES

        from adapters.parts import head_modules

        return LoraConfig(
            task_type=TaskType.SEQ_CLS, target_modules=DUMMY_TARGET_MODULES, modules_to_save=head_modules(model)
        )
