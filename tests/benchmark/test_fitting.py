"""What does not fit is told before anything is trained or written, in one sentence, with status 2."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapters import LOSSES
from adapters.losses.focal import Focal
from adapters.weightings import EmptyCellWarning
from benchmark.expansion import expand
from benchmark.fitting import check_weightings
from benchmark.grid import GridSpec
from polyskew.errors import DataError, UserError
from polyskew.origin import Origin
from polyskew.yamls import validate
from tests.benchmark import world

SHORT = {"base": "small", "change": {"max_length": 24}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"methods": [{"use": "lora", "options": {"target_modules": ["qeury"]}}]}, "whose name ends in 'qeury'"),
        (
            {"methods": ["prompt_tuning(tokens=70)"]},
            "there is room for 10 of a text, and the recipe's max_length is 24",
        ),
        ({"methods": ["prefix_tuning"], "recipe": {"base": "small", "change": {"max_length": 73}}}, "room for 72 of a"),
        ({"methods": ["oft(block_size=5)"]}, "block_size 5 is no divisor of 32, the input width of bert.encoder"),
        ({"methods": [{"use": "peft", "options": {"peft_type": "LORA", "r": 0}}]}, "`r` should be a positive integer"),
        ({"methods": [{"use": "peft", "options": {"config_file": "no.json"}}]}, "no.json cannot be read: No such file"),
        ({"methods": [{"use": "full", "options": {"base": "nf4"}}]}, "unknown key 'base'"),
        ({"weightings": ["per_language+group_dro"]}, "weighs rows itself"),
        ({"weightings": ["focal(gamma=-1)"]}, "gamma: input should be greater than or equal to 0"),
        ({"weightings": ["focal(gamma=.inf)"]}, "gamma: input should be a finite number"),
        ({"learning_rates": [0]}, "learning_rates.0: input should be greater than 0"),
        ({"learning_rates": [0.12345671, 0.12345672]}, "two of its learning_rates are called '0.123457'"),
        ({"recipe": {"base": "small", "change": {"search": [1]}}}, "two or more positive numbers"),
        ({"recipe": {"base": "small", "change": {"search": [1, float("inf")]}}}, "search.1: input should be a finite"),
        ({"report_to": ["tensorbord"]}, "did you mean 'tensorboard'"),
    ],
)
def test_a_wrong_grid_is_one_sentence(
    polyskew: Any, reviews: Path, bert: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    content = world.grid_of(
        reviews, bert, **{"regimes": ["imbalanced"], "weightings": ["none"], "recipe": SHORT, **changes}
    )
    grid = world.write_grid(tmp_path / "tiny.yaml", content)
    status, _, err = polyskew("run", grid, "--out", tmp_path / "results")
    assert status == 2, err
    assert said in err
    (line,) = err.splitlines()
    assert line.startswith("polyskew: ")
    assert not (tmp_path / "results").exists()


def specs(reviews: Path, bert: Path, weighting: str) -> list[Any]:
    content = world.grid_of(reviews, bert, regimes=["imbalanced"], methods=["lora"], weightings=[weighting])
    return expand(validate(content, GridSpec, "grid"))


COUNTS = np.array([[4, 2, 2, 2, 2], [3, 3, 0, 3, 3]])


def test_a_loss_that_wants_rows_of_each_label_is_refused(reviews: Path, bert: Path) -> None:
    adjusted = specs(reviews, bert, "logit_adjustment")
    with pytest.raises(DataError, match="the weighting logit_adjustment on the regime 'imbalanced' of the task 'tiny_"):
        check_weightings(adjusted, COUNTS)
    check_weightings(adjusted, COUNTS + 1)
    check_weightings(specs(reviews, bert, "logit_adjustment(prior=global)"), COUNTS)
    check_weightings(specs(reviews, bert, "group_dro"), COUNTS)


def test_a_users_loss_is_tried_before_training(reviews: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = specs(reviews, bert, "focal")
    monkeypatch.setattr(LOSSES, "origin", lambda name: Origin(file="mine.py"))
    monkeypatch.setattr(Focal, "prepare", lambda loss, counts: len)
    with pytest.raises(UserError, match=r"the weighting focal on the regime .* a torch\.nn\.Module is wanted"):
        check_weightings(cells, COUNTS + 1)


def test_an_empty_cell_is_warned_of_before_training(reviews: Path, bert: Path) -> None:
    with pytest.warns(EmptyCellWarning, match=r"\(1, 2\)"):
        check_weightings(specs(reviews, bert, "per_language"), COUNTS)


def test_a_filter_names_what_boards_call_it(reviews: Path, bert: Path) -> None:
    def of(**changes: Any) -> list[Any]:
        rates = ["own", {"body": 1e-3, "head": 2e-3}]
        content = world.grid_of(reviews, bert, regimes=["imbalanced"], learning_rates=rates, **changes)
        return [spec for spec in expand(validate(content, GridSpec, "grid")) if not spec.untuned]

    assert {spec.learning_rate for spec in of(exclude=[{"learning_rate": "0.001/0.002"}])} == {""}
    both = ["none", "per_language+focal"]
    assert {str(spec.weighting) for spec in of(weightings=both, exclude=[{"weighting": "focal+per_language"}])} == {
        "none"
    }
    with pytest.raises(UserError, match="there is no weighting or loss called 'focl'"):
        of(exclude=[{"weighting": "focl"}])


def test_a_recipe_may_speak_of_a_method_that_is_included_with_options(reviews: Path, bert: Path) -> None:
    recipe = {"base": "small", "by_method": {"bitfit": {"epochs": 3}}}
    content = world.grid_of(reviews, bert, include=[{"method": "bitfit(base=int8)"}], recipe=recipe)
    cells = expand(validate(content, GridSpec, "grid"))
    assert {spec.recipe.epochs for spec in cells if spec.method.use == "bitfit"} == {3}
