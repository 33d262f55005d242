"""Bottleneck adapters (Houlsby et al. 2019 and what came of them), as methods."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from adapters.method import LearningRates
from adapters.peft_method import PeftMethod

if TYPE_CHECKING:
    from peft import PeftConfig
    from transformers import PreTrainedModel


class _Bottleneck(PeftMethod):
    _setting: ClassVar[dict[str, Any]] = {}

    bottleneck: int = Field(default=64, ge=1)
    target_modules: tuple[str, ...] | None = Field(default=None, min_length=1)

    def width(self, model: "PreTrainedModel") -> int:
        """Return the width m of the bottlenecks."""
        return self.bottleneck

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `BottleneckConfig`."""
        from peft import TaskType

        from adapters.bottleneck_tuner import BottleneckConfig
        from adapters.parts import head_modules

        return BottleneckConfig(
            task_type=TaskType.SEQ_CLS,
            bottleneck=self.width(model),
            target_modules=None if self.target_modules is None else list(self.target_modules),
            modules_to_save=head_modules(model),
            **self._setting,
        )


class Houlsby(_Bottleneck):
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


class Pfeiffer(_Bottleneck):
    """One bottleneck a layer, after the feed-forward block's LayerNorm; the LayerNorms stay frozen.

    Attributes:
        bottleneck: the width m; by default a sixteenth of the model's width, AdapterHub's reduction factor.
        target_modules: names of the LayerNorms around which a bottleneck stands, or their last parts; by default that
            after the feed-forward block in every layer.
    """

    name: ClassVar[str] = "pfeiffer"
    rates: ClassVar[LearningRates] = LearningRates(
        body=1e-4, head=1e-4, source="AdapterHub's training examples, by the authors of Pfeiffer et al. (2021): 1e-4"
    )
    _setting: ClassVar[dict[str, Any]] = {"placement": "pfeiffer", "activation": "relu", "norm_modules": []}

    bottleneck: int | None = Field(default=None, ge=1)  # type: ignore[assignment]

    def width(self, model: "PreTrainedModel") -> int:
        """Return the width m of the bottlenecks."""
        return self.bottleneck or max(1, model.config.hidden_size // 16)


class Parallel(_Bottleneck):
    """One bottleneck a layer, beside the feed-forward block, its output scaled; the LayerNorms stay frozen.

    Attributes:
        bottleneck: the width m; 64 makes it comparable with `Houlsby` (the authors have 512 for summaries, 16 beside
            a prefix for GLUE).
        scaling: of the bottleneck's output; 4 is the authors' for summaries, 2 theirs for GLUE.
        target_modules: names of the modules beside which a bottleneck stands, or their last parts; by default the
            feed-forward block of every layer.
    """

    name: ClassVar[str] = "parallel"
    rates: ClassVar[LearningRates] = LearningRates(
        body=1e-4,
        head=1e-4,
        source="He et al. (2022), the authors' script for RoBERTa base on MNLI and SST-2: 1e-4 "
        "(jxhe/unify-parameter-efficient-tuning, exps/run_glue.sh)",
    )

    scaling: float = Field(default=4.0, gt=0)

    @property
    def _setting(self) -> dict[str, Any]:  # type: ignore[override]
        return {
            "placement": "parallel",
            "activation": "relu",
            "init_weights": "lora",
            "scaling": self.scaling,
            "norm_modules": [],
        }
