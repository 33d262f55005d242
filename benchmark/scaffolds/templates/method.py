"""The method my_thing: which weights are trained."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

import polyskew

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel


@polyskew.register("method")
class MyThing(polyskew.PeftMethod):
    """Low-rank updates of the attention's output projections; the head is trained in full."""

    name: ClassVar[str] = "my_thing"
    # Peak learning rates of what is added to the body and of the head, and where the numbers come from.
    rates: ClassVar[polyskew.LearningRates] = polyskew.LearningRates(
        body=5e-4, head=5e-4, source="LoRA's of Hu et al. (2021), Table 9; not tuned for my_thing"
    )

    # Fields are options: a grid sets them with {use: my_thing, options: {rank: 4}}.
    rank: int = Field(default=8, ge=1)

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return PEFT's configuration. Saving, loading and disabling come with it."""
        # Imported here, so that `polyskew plan` does not wait for torch.
        from peft import LoraConfig, TaskType

        from adapters.parts import head_modules, named

        return LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self.rank,
            lora_alpha=self.rank,
            target_modules=named(model, ["attention.output.dense"]),  # full names, so that none lies in the head
            modules_to_save=head_modules(model),
        )
