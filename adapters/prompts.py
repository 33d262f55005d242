"""Methods of prompt kind: trained vectors that every text is read with, as PEFT has them (`adapters.prompted`)."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from adapters.method import LearningRates
from adapters.peft_method import PeftMethod

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel


class PrefixTuning(PeftMethod):
    """Trained keys and values before those of the text, in every layer (Li and Liang 2021; Liu et al. 2022).

    The text's own positions are counted from the prefix on, as in the code of Liu et al.

    Attributes:
        tokens: the prefix' length p.
    """

    name: ClassVar[str] = "prefix_tuning"
    rates: ClassVar[LearningRates] = LearningRates(
        body=7e-3,
        head=7e-3,
        source="Liu et al. (2022), P-Tuning v2, the authors' script for BoolQ with RoBERTa large: 7e-3, 8 tokens "
        "(THUDM/P-tuning-v2, run_boolq_roberta.sh)",
    )

    tokens: int = Field(default=8, ge=1)

    @property
    def added_tokens(self) -> int:  # noqa: D102  as in `Method`
        return self.tokens

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `PrefixTuningConfig`, without a reparametrizing network."""
        from peft import PrefixTuningConfig, TaskType

        from adapters.parts import head_modules

        return PrefixTuningConfig(
            task_type=TaskType.SEQ_CLS, num_virtual_tokens=self.tokens, modules_to_save=head_modules(model)
        )


class PTuning(PeftMethod):
    """Trained embeddings before the text's, the output of a small network (Liu et al. 2021, "GPT Understands, Too").

    The head reads the last layer's vector at the first of them.

    Attributes:
        tokens: their number p.
        width: of the network's hidden layers.
    """

    name: ClassVar[str] = "p_tuning"
    rates: ClassVar[LearningRates] = LearningRates(
        body=1e-3,
        head=1e-3,
        source="PEFT's guide 'P-tuning for sequence classification', RoBERTa large on MRPC: 1e-3, 20 tokens, width 128 "
        "(Liu et al. 2021 train the encoder as well)",
    )

    tokens: int = Field(default=20, ge=1)
    width: int = Field(default=128, ge=1)

    @property
    def added_tokens(self) -> int:  # noqa: D102  as in `Method`
        return self.tokens

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `PromptEncoderConfig` with a network of three Linear layers."""
        from peft import PromptEncoderConfig, TaskType

        from adapters.parts import head_modules

        return PromptEncoderConfig(
            task_type=TaskType.SEQ_CLS,
            num_virtual_tokens=self.tokens,
            encoder_hidden_size=self.width,
            modules_to_save=head_modules(model),
        )


class PromptTuning(PeftMethod):
    """Trained embeddings before the text's, which start as those of random tokens (Lester et al. 2021).

    The head reads the last layer's vector at the first of them.

    Attributes:
        tokens: their number p; the paper finds little gain beyond 20 (section 3.2).
    """

    name: ClassVar[str] = "prompt_tuning"
    rates: ClassVar[LearningRates] = LearningRates(
        body=3e-2,
        head=5e-4,
        source="body: PEFT's guide to prompt tuning, with AdamW (Lester et al. 2021 have 0.3 with Adafactor, for T5); "
        "head: Jung and van der Plas (2024), section 3",
    )

    tokens: int = Field(default=20, ge=1)

    @property
    def added_tokens(self) -> int:  # noqa: D102  as in `Method`
        return self.tokens

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `PromptTuningConfig`."""
        from peft import PromptTuningConfig, PromptTuningInit, TaskType

        from adapters.parts import head_modules

        return PromptTuningConfig(
            task_type=TaskType.SEQ_CLS,
            num_virtual_tokens=self.tokens,
            prompt_tuning_init=PromptTuningInit.SAMPLE_VOCAB,
            modules_to_save=head_modules(model),
        )
