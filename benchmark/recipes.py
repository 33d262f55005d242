"""Recipes: everything about training that is not the method, the weighting or the data."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from adapters.quantization import require_bitsandbytes


class Rates(BaseModel):
    """Peak learning rates of one method.

    Attributes:
        body: for the trained parameters of the encoder (or of its adapters).
        head: for the classification head.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    body: float = Field(gt=0)
    head: float = Field(gt=0)


class LanguageUnlearning(BaseModel):
    """How a recipe unlearns the language, with a language-ID head that is thrown away after training.

    Attributes:
        use: ``gradient_reversal`` (Ganin and Lempitsky 2015): the head learns to tell the language, and its gradient
            goes into the encoder with its sign turned. ``entropy_maximisation``: the head learns from vectors that it
            does not move, and the encoder is moved towards vectors of which the head cannot tell anything.
        weight: what the encoder's part counts against the task's loss.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    use: Literal["gradient_reversal", "entropy_maximisation"]
    weight: float = Field(1.0, gt=0)


class Recipe(BaseModel):
    """How a cell is trained. The defaults are the paper's (Jung and van der Plas 2024, section 3, and its code).

    Attributes:
        optimizer: ``radam`` (the paper's code), ``adamw``, or one of bitsandbytes that keeps its state in 8 bits
            (for weights of 4,096 numbers and more): ``adamw_8bit``, ``ademamix_8bit``, ``lion_8bit``.
        epsilon: added to the root of the second moment (the paper's code: 1e-8).
        weight_decay: decoupled; the paper has none.
        max_grad_norm: gradients are clipped to this norm before a step; 0 is no clipping, as in a plain torch loop.
        rates: learning rates; None takes the method's own.
        final_rate: the rates fall linearly from 1 to this share of their peak (the paper's code 0.01, its text 0).
        warmup: share of the steps in which the rates rise linearly from 0.
        batch_size: examples of a micro-batch (paper: 16).
        accumulation: micro-batches an update (paper: 8, so 128 examples an update).
        epochs: passes over the training rows (the paper's code: XNLI 3, Amazon reviews 1).
        evaluations_per_epoch: how often the validation loss, which selects the checkpoint, is taken. Neither the
            paper nor its code's facts fix it.
        max_length: tokens of a text (or pair) at most, special tokens included.
        group_by_length: batches hold texts of similar length: faster, but other batches than a plain shuffle's.
        masked_entropy: add the masked-input entropy loss (paper, appendix A.3), as its code has it (``paper``: all
            tokens of a batch's last row masked, mean over classes) or as equation 3 has it (``text``: mask tokens
            alone, of random number, sum over classes). Its coefficient is 1 in both.
        unlearn_language: entropy maximisation or gradient reversal of a language-ID head (paper, footnote 2).
        search: factors of the learning rates in force; the cell is trained with each, and the training of least
            validation loss is kept. None trains once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    optimizer: Literal["radam", "adamw", "adamw_8bit", "ademamix_8bit", "lion_8bit"] = "radam"
    epsilon: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(0.0, ge=0)
    rates: Rates | None = None
    final_rate: float = Field(0.01, ge=0, le=1)
    warmup: float = Field(0.0, ge=0, lt=1)
    batch_size: int = Field(16, ge=1)
    accumulation: int = Field(8, ge=1)
    epochs: int = Field(1, ge=1)
    evaluations_per_epoch: int = Field(4, ge=1)
    max_length: int = Field(512, ge=8)
    group_by_length: bool = False
    masked_entropy: Literal["paper", "text"] | None = None
    unlearn_language: LanguageUnlearning | None = None
    search: tuple[float, ...] | None = None

    @field_validator("search")
    @classmethod
    def _ascending(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is None:
            return None
        names = {f"{factor:g}" for factor in value}  # of their folders
        if len(value) < 2 or min(value) <= 0 or len(names) < len(value):
            raise ValueError(
                "the factors of a search are two or more positive numbers, each written once, such as [0.3, 1, 3]"
            )
        return tuple(sorted(value))

    @field_validator("optimizer")
    @classmethod
    def _can_run(cls, value: str) -> str:
        if value.endswith("_8bit"):
            require_bitsandbytes(f"optimizer: {value}")
        return value

    def canonical(self) -> dict[str, Any]:
        """Return the fields that differ from the defaults, for a cell's id."""
        return self.model_dump(exclude_defaults=True)
