"""LoRA (Hu et al. 2021) and its variants, as PEFT has them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from adapters.method import LearningRates
from adapters.names import LAYERS, QUERY_AND_VALUE
from adapters.peft_method import WEIGHTS, PeftMethod
from adapters.quantization import Quantization
from polyskew.files import read_json, write_json

if TYPE_CHECKING:
    from peft import PeftConfig, PeftModel
    from torch import nn
    from transformers import PreTrainedModel

_HU = (
    "Hu et al. (2021), Table 9, RoBERTa base LoRA: 5e-4 on MNLI, SST-2, QQP and RTE (4e-4 on the other four GLUE "
    "tasks), one rate for all trained weights"
)


NO_INT8_DORA = "DoRA needs the base model's weights, which bitsandbytes does not give back from int8; use nf4"


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
    rates: ClassVar[LearningRates] = LearningRates(body=5e-4, head=5e-4, source=_HU)
    _pattern: ClassVar[str] = QUERY_AND_VALUE
    _variant: ClassVar[dict[str, Any]] = {}

    rank: int = Field(default=8, ge=1)
    alpha: int = Field(default=8, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: tuple[str, ...] | None = Field(default=None, min_length=1)

    def configuration(self, model: "PreTrainedModel") -> "PeftConfig":
        """Return a `LoraConfig` of the targets' full names."""
        from peft import LoraConfig, TaskType

        from adapters.parts import head_modules, targets

        return LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=targets(model, self._pattern, self.target_modules),
            modules_to_save=head_modules(model),
            **self._variant,
        )


class RsLora(Lora):
    """Rank-stabilized LoRA (Kalajdzievski 2023): the update is scaled by alpha / sqrt(rank)."""

    name: ClassVar[str] = "rslora"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-4, head=5e-4, source=f"LoRA's, as only the scaling differs: {_HU}"
    )
    _variant: ClassVar[dict[str, Any]] = {"use_rslora": True}


class Dora(Lora):
    """DoRA (Liu et al. 2024): LoRA moves a weight's direction, a trained vector its magnitude (equation 5).

    Attributes:
        base: ``nf4`` or full precision.
    """

    name: ClassVar[str] = "dora"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-4, head=5e-4, source=f"LoRA's, as Liu et al. (2024) tune no encoder: {_HU}"
    )
    _variant: ClassVar[dict[str, Any]] = {"use_dora": True}

    @field_validator("base")
    @classmethod
    def _not_int8(cls, value: Quantization | None) -> Quantization | None:
        if value == "int8":
            raise ValueError(NO_INT8_DORA)
        return value


class QLora(Lora):
    """QLoRA (Dettmers et al. 2023): LoRA on all Linear weights of the layers, over a 4-bit base.

    Rank 64, alpha 16 and dropout 0.1 are the paper's for models of 7 and 13 billion parameters (appendix B). It
    computes in bf16; here everything computes in fp32, so that methods differ in nothing else.
    """

    name: ClassVar[str] = "qlora"
    rates: ClassVar[LearningRates] = LearningRates(
        body=2e-4,
        head=2e-4,
        source="Dettmers et al. (2023), appendix B: 2e-4 for models of 7 and 13 billion parameters",
    )
    _pattern: ClassVar[str] = LAYERS

    base: Quantization | None = "nf4"
    rank: int = Field(default=64, ge=1)
    alpha: int = Field(default=16, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)


class Pissa(Lora):
    """LoRA that starts at the principal singular values and vectors (Meng et al. 2024): W = W_res + B A.

    While it trains, the base model's weights are W_res (so that disabling the adapter does not give the base model).
    What is saved is the difference to the start, as a LoRA adapter of twice the rank on the untouched base: it is
    loaded, disabled and published like any other.

    Attributes:
        base: only full precision.
    """

    name: ClassVar[str] = "pissa"
    rates: ClassVar[LearningRates] = LearningRates(
        body=5e-4, head=5e-4, source=f"LoRA's, with which Meng et al. (2024) compare at one rate: {_HU}"
    )
    _variant: ClassVar[dict[str, Any]] = {"init_lora_weights": "pissa"}

    @field_validator("base")
    @classmethod
    def _not_quantized(cls, value: Quantization | None) -> None:
        if value is not None:
            raise ValueError("PiSSA changes the base model's weights, which must not be quantized; use qlora")

    def prepare(self, model: "PreTrainedModel") -> "nn.Module":
        """Freeze the residual, let the principal components and the head train, and remember where they start."""
        from peft import get_peft_model_state_dict

        wrapped: Any = super().prepare(model)
        start = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
        wrapped.start = {name: tensor.detach().clone() for name, tensor in start.items() if ".lora_" in name}
        return wrapped

    def _write(self, model: "PeftModel", folder: Path) -> None:
        import torch
        from safetensors.torch import load_file, save_file

        super()._write(model, folder)
        start = getattr(model, "start", None)
        if start is None:  # it was loaded, and is a plain LoRA adapter by now
            return
        # PEFT's own conversion (path_initial_model_for_weight_conversion) leaves the head out.
        # B A - B_0 A_0 = [B | -B_0] [A ; A_0]
        tensors = load_file(folder / WEIGHTS)
        for name, first in start.items():
            pair = (tensors[name], first.cpu()) if ".lora_A." in name else (tensors[name], -first.cpu())
            tensors[name] = torch.cat(pair, dim=0 if ".lora_A." in name else 1)
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
        file = folder / "adapter_config.json"
        changed = {"init_lora_weights": True, "r": 2 * self.rank, "lora_alpha": 2 * self.alpha}
        write_json(file, read_json(file) | changed)
