"""The learning rate as an axis of the grid."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from adapters import Method
from benchmark.recipes import Rates, Recipe

_FORMS = "a number, {body: ..., head: ...}, own, or a multiple such as x0.3"
_NUMBER = r"(\d*\.?\d+(?:e[-+]?\d+)?)"


class RateChoice(BaseModel):
    """Peak learning rates as a grid asks for them.

    Written as a number (of body and head alike), as ``{body: ..., head: ...}``, as ``own`` (the method's or the
    recipe's), or as a multiple of those, such as ``x0.3``, by which one grid sweeps methods whose rates differ.

    Attributes:
        factor: of the method's or the recipe's own rates.
        rates: in their place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    factor: float = Field(1.0, gt=0)
    rates: Rates | None = None

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(f"a learning rate is {_FORMS}")
        if isinstance(value, int | float):
            return {"rates": {"body": value, "head": value}}
        if isinstance(value, dict) and value and set(value) & {"body", "head"}:
            return {"rates": value}
        if isinstance(value, str):
            if found := re.fullmatch(f"{_NUMBER}/{_NUMBER}", value):  # as the board shows body and head
                return {"rates": {"body": found[1], "head": found[2]}}
            found = re.fullmatch(f"own|x{_NUMBER}", value)
            if not found:
                raise ValueError(f"the learning rate {value!r} is none; wanted is {_FORMS}")
            return {"factor": float(found[1] or 1)}
        return value

    @property
    def name(self) -> str:
        """What the board shows: ``own``, ``x0.3``, ``0.001`` or ``0.001/0.002`` (body and head)."""
        if self.rates is None:
            return "own" if self.factor == 1 else f"x{self.factor:g}"
        body, head = f"{self.rates.body:g}", f"{self.rates.head:g}"
        return body if body == head else f"{body}/{head}"

    @model_serializer
    def _short(self) -> Any:
        return self.name if self.rates is None else self.rates.model_dump()

    def apply(self, recipe: Recipe, method: Method) -> Recipe:
        """Return the recipe with the rates in force."""
        if self.rates is None and self.factor == 1:
            return recipe
        own = recipe.rates or method.rates
        rates = self.rates or Rates(body=own.body * self.factor, head=own.head * self.factor)
        return recipe.model_copy(update={"rates": rates})
