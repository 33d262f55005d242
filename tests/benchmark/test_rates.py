"""The learning rate as an axis: how it is written, what it is called, what it does to a recipe and to a cell's id."""

from typing import Any

import pytest

from adapters import get_method
from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.rates import RateChoice
from benchmark.recipes import Rates, Recipe
from polyskew.errors import UserError
from polyskew.yamls import validate


def choice(written: Any) -> RateChoice:
    return validate(written, RateChoice, "rate")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (0.001, "0.001"),
        (1, "1"),
        ({"body": 1e-4, "head": 1e-3}, "0.0001/0.001"),
        ({"body": 1e-4, "head": 1e-4}, "0.0001"),
        ("0.0001/1e-3", "0.0001/0.001"),
        ("own", "own"),
        ("x1", "own"),
        ("x0.3", "x0.3"),
        ("x3", "x3"),
        ("x1e-2", "x0.01"),
    ],
)
def test_a_rate_has_one_name_and_comes_back_from_a_grid_file(written: Any, name: str) -> None:
    found = choice(written)
    assert found.name == name
    assert choice(found.model_dump()) == found


WRONG: list[Any] = [
    0,
    -1,
    float("inf"),
    float("nan"),
    True,
    "fast",
    "x",
    "x0",
    "x1e999",
    "3",
    "0/1",
    "",
    {"body": 1e-3},
    [1e-3],
    None,
]


def test_a_wrong_key_is_the_one_that_is_told() -> None:
    with pytest.raises(UserError, match=r"unknown key 'haed'; did you mean 'head'"):
        validate({"body": 1e-3, "haed": 1e-3}, RateChoice, "learning_rates.0")


@pytest.mark.parametrize("written", WRONG)
def test_what_is_no_rate_is_refused_in_one_sentence(written: Any) -> None:
    with pytest.raises(UserError) as raised:
        choice(written)
    assert "\n" not in str(raised.value)


def test_a_multiple_is_of_the_recipes_rates_or_the_methods_own() -> None:
    method = get_method("full")
    own = choice("x2").apply(Recipe(), method).rates
    assert own == Rates(body=method.rates.body * 2, head=method.rates.head * 2)
    recipe = Recipe(rates=Rates(body=1e-2, head=2e-2))
    assert choice("x0.5").apply(recipe, method).rates == Rates(body=5e-3, head=1e-2)
    assert choice(0.25).apply(recipe, method).rates == Rates(body=0.25, head=0.25)
    assert choice("own").apply(recipe, method) is recipe


def cells(**fields: Any) -> list[Any]:
    content = {
        "version": 1,
        "name": "g",
        "tasks": ["demo_reviews"],
        "models": ["mbert"],
        "methods": ["lora", "houlsby"],
        "regimes": ["balanced"],
        **fields,
    }
    return [cell for cell in expand(validate(content, GridSpec, "grid")) if not cell.untuned]


def test_the_axis_multiplies_cells_and_the_own_rate_keeps_their_ids() -> None:
    plain = {cell.id for cell in cells()}
    swept = cells(learning_rates=["own", "x3", 0.01])
    assert len(swept) == 6
    assert {cell.id for cell in swept if not cell.learning_rate} == plain
    assert {(cell.method.use, cell.learning_rate) for cell in swept} == {
        (method, rate) for method in ("lora", "houlsby") for rate in ("", "x3", "0.01")
    }
    by_rate = {(cell.method.use, cell.learning_rate): cell.recipe.rates for cell in swept}
    assert by_rate["lora", "0.01"] == by_rate["houlsby", "0.01"] == Rates(body=0.01, head=0.01)
    assert by_rate["lora", "x3"] != by_rate["houlsby", "x3"]


def test_a_rate_is_excluded_and_included_as_it_is_written() -> None:
    axes = {"learning_rates": ["own", "x3", 0.01]}
    left = cells(**axes, exclude=[{"method": "lora", "learning_rate": [1e-2, "x3"]}])
    assert {(cell.method.use, cell.learning_rate) for cell in left if cell.method.use == "lora"} == {("lora", "")}
    more = cells(include=[{"method": "lora", "learning_rate": ["x0.1", 1e-5]}])
    assert {cell.learning_rate for cell in more} == {"", "x0.1", "1e-05"}
