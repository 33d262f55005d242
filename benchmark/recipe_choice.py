"""Recipes as a grid asks for them, and those that are shipped."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from benchmark.recipes import Recipe
from polyskew.registry import Registry

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
RECIPES.add("paper", "benchmark.recipe_choice:PAPER", summary="RAdam, 16 x 8, two rates, decay to 0.01, 512 tokens")
RECIPES.add("paper-text", "benchmark.recipe_choice:PAPER_TEXT", summary="paper, but with the decay to 0 of its text")
RECIPES.add("small", "benchmark.recipe_choice:SMALL", summary="AdamW, 32 x 1, large rates, for very small encoders")
