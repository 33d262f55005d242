"""Methods of PEFT that train vectors, or small blocks, beside frozen matrices: IA3, VeRA, LayerNorms, OFT."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from adapters.method import LearningRates
from adapters.names import FEED_FORWARD_OUTPUT, KEY_AND_VALUE, QUERY_AND_VALUE
from adapters.peft_method import PeftMethod
from polyskew.errors import UserError

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel


class Ia3(PeftMethod):
    """IA3 (Liu et al. 2022): vectors that scale keys, values and the feed-forward block's inner activations."""

    name: ClassVar[str] = "ia3"
    rates: ClassVar[LearningRates] = LearningRates(
        body=3e-3, head=3e-3, source="Liu et al. (2022), T-Few, with Adafactor (r-three/t-few, configs/ia3.json)"
    )

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return an `IA3Config` of the targets' full names."""
        from peft import IA3Config, TaskType

        from adapters.parts import head_modules, targets

        inner = targets(model, FEED_FORWARD_OUTPUT)  # its input is what is scaled
        return IA3Config(
            task_type=TaskType.SEQ_CLS,
            target_modules=[*targets(model, KEY_AND_VALUE), *inner],
            feedforward_modules=inner,
            modules_to_save=head_modules(model),
        )


class Vera(PeftMethod):
    """VeRA (Kopiczko et al. 2024): one pair of frozen random matrices for all layers, and two vectors for each weight.

    Attributes:
        rank: of the random matrices; 1024 is the paper's for RoBERTa base.
        dropout: dropout probability on the input.
        target_modules: names of the Linear modules to update, or their last parts; by default query and value.
    """

    name: ClassVar[str] = "vera"
    rates: ClassVar[LearningRates] = LearningRates(
        body=4e-3,
        head=4e-3,
        source="a starting point, of the order of what Kopiczko et al. (2024) report for RoBERTa base on GLUE",
    )

    rank: int = Field(default=1024, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] | None = Field(default=None, min_length=1)

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `VeraConfig` of the targets' full names."""
        from peft import TaskType, VeraConfig

        from adapters.parts import head_modules, targets

        return VeraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self.rank,
            vera_dropout=self.dropout,
            target_modules=targets(model, QUERY_AND_VALUE, self.target_modules),
            modules_to_save=head_modules(model),
        )


class LnTuning(PeftMethod):
    """The body's LayerNorms, the embeddings' included, are trained (Qi et al. 2022; Zhao et al. 2023)."""

    name: ClassVar[str] = "ln_tuning"
    rates: ClassVar[LearningRates] = LearningRates(
        body=1e-3, head=1e-3, source="that of BitFit, whose biases include the LayerNorms': see there"
    )

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return an `LNTuningConfig` of the LayerNorms' full names."""
        from peft import LNTuningConfig, TaskType
        from torch import nn

        from adapters.parts import find, head_modules

        return LNTuningConfig(
            task_type=TaskType.SEQ_CLS,
            target_modules=find(model, nn.LayerNorm),
            modules_to_save=head_modules(model),
        )


class Oft(PeftMethod):
    """Orthogonal fine-tuning (Qiu et al. 2023): a weight's input is rotated by a block-diagonal orthogonal matrix.

    Attributes:
        block_size: width b of a block, a divisor of the weight's input width; b (b - 1) / 2 parameters each.
        dropout: probability of leaving a block out.
        target_modules: names of the Linear modules to rotate, or their last parts; by default query and value.
    """

    name: ClassVar[str] = "oft"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-4,
        head=5e-4,
        source="LoRA's (Hu et al. 2021, Table 9), a starting point: Qiu et al. (2023) tune image generators",
    )

    block_size: int = Field(default=32, ge=2)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] | None = Field(default=None, min_length=1)

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return an `OFTConfig` of the targets' full names.

        Raises:
            UserError: the block size is no divisor of a target's input width.
        """
        from peft import OFTConfig, TaskType

        from adapters.parts import head_modules, targets

        names = targets(model, QUERY_AND_VALUE, self.target_modules)
        for name in names:
            width = int(getattr(model.get_submodule(name), "in_features"))  # noqa: B009  of a Linear
            if width % self.block_size:  # PEFT would take another size
                raise UserError(f"block_size {self.block_size} is no divisor of {width}, the input width of {name}")
        return OFTConfig(
            task_type=TaskType.SEQ_CLS,
            oft_block_size=self.block_size,
            module_dropout=self.dropout,
            target_modules=names,
            modules_to_save=head_modules(model),
        )
