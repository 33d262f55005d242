"""Recipes: everything about training that is not the method, the weighting or the data."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)

from adapters.quantization import require_bitsandbytes
from polyskew.registry import Registry


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


if TYPE_CHECKING:
    Fields = dict[str, Any]
else:  # some of a recipe's fields, as a mapping that is checked as a recipe is
    Fields = Annotated[
        Recipe,
        AfterValidator(lambda recipe: recipe.model_dump(exclude_unset=True)),
        PlainSerializer(lambda fields: fields),
    ]


class RecipeChoice(BaseModel):
    """A recipe as a grid asks for it: fields of `Recipe`, some of them for one task or one method only.

    Attributes:
        name: what boards call it; by default the base's name.
        base: the name of a registered recipe to start from; None starts from the defaults.
        change: fields that replace the base's.
        by_task: the same, for one task, by its name.
        by_method: the same, for one method, by its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field("", pattern=r"^([A-Za-z0-9][A-Za-z0-9_.+-]*)?$")
    base: str | None = None
    change: Fields = Field(default_factory=dict)
    by_task: dict[str, Fields] = Field(default_factory=dict)
    by_method: dict[str, Fields] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value, "base": value}
        if not isinstance(value, dict | cls):
            raise ValueError("a recipe is a name, or base, change, by_task and by_method")
        if isinstance(value, dict) and (outside := [field for field in value if field in Recipe.model_fields]):
            raise ValueError(f"{outside[0]} stands under 'change': a recipe is base, change, by_task and by_method")
        if isinstance(value, dict) and not value.get("name"):
            return {**value, "name": value.get("base") or ""}
        return value

    def resolve(self, task: str, method: str) -> Recipe:
        """Return the recipe in force for one task and one method.

        Raises:
            UserError: no such base recipe.
        """
        fields: dict[str, Any] = {}
        for layer in self._layers(task, method):
            fields |= layer
        return Recipe(**fields)

    def _layers(self, task: str, method: str) -> list[dict[str, Any]]:
        base = RECIPES.get(self.base)._layers(task, method) if self.base else []
        return [*base, self.change, self.by_task.get(task, {}), self.by_method.get(method, {})]


PAPER = RecipeChoice(by_task={"xnli": {"epochs": 3}, "demo_nli": {"epochs": 3}})

PAPER_TEXT = RecipeChoice(base="paper", change={"final_rate": 0.0})

# For encoders of a few million parameters on a processor: so small a body wants much larger rates than mBERT's. They
# are the best of few that were tried, a starting point for a search.
SMALL = RecipeChoice(
    change={
        "optimizer": "adamw",
        "weight_decay": 0.01,
        "max_grad_norm": 1.0,
        "warmup": 0.1,
        "batch_size": 32,
        "accumulation": 1,
        "epochs": 2,
        "evaluations_per_epoch": 2,
        "max_length": 64,
        "group_by_length": True,
    },
    by_method={
        "full": {"rates": {"body": 1e-3, "head": 2e-3}},
        "lora": {"rates": {"body": 4e-3, "head": 4e-3}},
        "rslora": {"rates": {"body": 4e-3, "head": 4e-3}},
        "dora": {"rates": {"body": 4e-3, "head": 4e-3}},
        "pissa": {"rates": {"body": 4e-3, "head": 4e-3}},
        "qlora": {"rates": {"body": 4e-3, "head": 4e-3}},
        "adalora": {"rates": {"body": 4e-3, "head": 4e-3}},
        "vera": {"rates": {"body": 3e-2, "head": 3e-2}},
        "ia3": {"rates": {"body": 2.4e-2, "head": 2.4e-2}},
        "oft": {"rates": {"body": 4e-3, "head": 4e-3}},
        "ln_tuning": {"rates": {"body": 8e-3, "head": 8e-3}},
        "bitfit": {"rates": {"body": 8e-3, "head": 8e-3}},
        "prefix_tuning": {"rates": {"body": 7e-3, "head": 7e-3}},
        "p_tuning": {"rates": {"body": 8e-3, "head": 8e-3}},
        "prompt_tuning": {"rates": {"body": 9e-2, "head": 4e-3}},
        "houlsby": {"rates": {"body": 3e-3, "head": 3e-3}},
        "pfeiffer": {"rates": {"body": 3e-3, "head": 3e-3}},
        "parallel": {"rates": {"body": 3e-3, "head": 3e-3}},
        "head": {"rates": {"body": 1e-2, "head": 1e-2}},
    },
)

RECIPES: Registry[RecipeChoice] = Registry("recipe", "polyskew.recipes")
RECIPES.add("paper", "benchmark.recipes:PAPER", summary="RAdam, 16 x 8, two rates, decay to 0.01, 512 tokens")
RECIPES.add("paper-text", "benchmark.recipes:PAPER_TEXT", summary="paper, but with the decay to 0 that its text states")
RECIPES.add("small", "benchmark.recipes:SMALL", summary="AdamW, 32 x 1, large rates, for very small encoders")
