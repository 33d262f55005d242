"""How uneven labels are countered: what a grid can write, what it is called, which choices do the same work."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from torch.nn.functional import cross_entropy

from benchmark.choices import LossChoice, MethodChoice
from benchmark.weighting_choice import WeightingChoice
from polyskew.errors import UserError
from polyskew.yamls import validate


def choice(written: Any) -> WeightingChoice:
    return validate(written, WeightingChoice, "weightings.0")


@pytest.mark.parametrize(
    "name",
    [
        "none",
        "global",
        "per_language",
        "per_language+sampling",
        "per_language+focal",
        "global+sampling+focal",
        "focal(gamma=1.5)",
        "effective_number(beta=0.9)+sampling+logit_adjustment(prior=global, tau=2.0)",
    ],
)
def test_a_name_says_all_and_comes_back(name: str) -> None:
    assert choice(name).name == name
    assert choice(choice(name).model_dump()) == choice(name)


def test_a_method_is_read_as_the_board_names_it() -> None:
    found = validate("lora(rank=16, target_modules=[query, value])", MethodChoice, "methods.0")
    assert (found.use, found.options) == ("lora", {"rank": 16, "target_modules": ["query", "value"]})
    assert validate("lora", MethodChoice, "methods.0").name == "lora"


def test_spaces_and_order_say_nothing() -> None:
    assert choice("focal + per_language").name == "per_language+focal"


def test_options_are_named_and_stand_in_the_identity_unless_they_are_the_defaults() -> None:
    found = choice({"use": "per_language", "loss": {"use": "focal", "options": {"gamma": 1.0}}})
    assert found.name == "per_language+focal(gamma=1.0)"
    assert found.identity() == {"name": "per_language", "loss": {"name": "focal", "options": {"gamma": 1.0}}}
    assert choice(found.model_dump()) == found
    default = choice({"loss": {"use": "focal", "options": {"gamma": 2.0}}})
    assert default.identity() == choice("focal").identity() == {"name": "none", "loss": {"name": "focal"}}


def test_plain_names_keep_the_identity_that_they_always_had() -> None:
    assert [choice(name).identity() for name in ("none", "global", "per_language", "cross_entropy")] == [
        "none",
        "global",
        "per_language",
        "none",
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("per_langage", "did you mean 'per_language'"),
        ("global+per_language", "names two weightings"),
        ("focal+cross_entropy", "names two losses"),
        ("sampling", "name another one"),
        ("per_language+focl", "no weighting or loss called 'focl'; did you mean 'focal'"),
        ("focal(2)", "options are written"),
        ("focal()", "options are written"),
        ("focal(gamma=1", "one pair of brackets is wanted"),
        ("focal(gamma=1), focal(gamma=2)", "one pair of brackets is wanted"),
        ("per_language+sampling(by=1)", "'sampling' has no options"),
        ("per_language+sampling+sampling", "names 'sampling' twice"),
        ({"use": "focal"}, "'focal' is a loss; write it under 'loss'"),
        ({"use": "none", "by": "sampling"}, "name another one"),
        ({"use": "per_language", "by": "chance"}, "'loss' or 'sampling'"),
        ({"use": "per_language", "weight": 1}, "unknown key"),
        (3, "weightings.0: a name is wanted, or a mapping of use and options"),
    ],
)
def test_what_is_no_choice_is_refused_in_one_sentence(written: Any, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        choice(written)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [("per_language", {"beta": 0.9}, "has no options"), ("focal", {"gama": 1}, "did you mean 'gamma'")],
)
def test_wrong_options_are_refused(name: str, options: dict[str, Any], said: str) -> None:
    written = {"loss": {"use": name, "options": options}} if name == "focal" else {"use": name, "options": options}
    with pytest.raises(UserError, match=said):
        choice(written).identity()


EVEN = np.array([[2, 2, 2], [2, 2, 2]])
SKEWED = np.array([[1, 2, 3], [3, 2, 1]])
LOPSIDED = np.array([[1, 2, 3], [1, 2, 3]])


@pytest.mark.parametrize(
    ("ratios", "name", "twin"),
    [
        (EVEN, "per_language", "none"),
        (EVEN, "per_language+sampling", "none"),
        (EVEN, "per_language+focal", "focal"),
        (SKEWED, "global", "none"),
        (SKEWED, "global+sampling", "none"),
        (SKEWED, "per_language", "per_language"),
        (SKEWED, "per_language+sampling", "per_language+sampling"),
        (LOPSIDED, "per_language", "global"),
        (LOPSIDED, "per_language+sampling", "global+sampling"),
    ],
)
def test_the_plainest_choice_with_the_same_weights_does_the_work(ratios: np.ndarray, name: str, twin: str) -> None:
    assert choice(name).twin(ratios).name == twin


def test_weights_that_change_at_a_number_of_rows_do_not_follow_from_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    for bound in (3, 1200, 50_000):
        weigh = lambda counts, bound=bound: np.where(counts > bound, 0.5, 1.0)  # noqa: E731
        monkeypatch.setattr(WeightingChoice, "weighting", property(lambda choice, weigh=weigh: weigh))
        assert choice("sqrt").weights(EVEN) is None
        assert choice("sqrt").twin(EVEN).name == "sqrt"


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (
            [[1.0]],
            "makes weights of the shape (1, 1) of counts of the shape (1, 2); one for each language",
        ),
        (
            [[1.0, np.nan]],
            "makes the weight nan for language 0, label 1 (counted from 0); a finite number",
        ),
        ([[-1.0, 3.0]], "makes the weight -1 for language 0, label 0 (counted from 0); a finite number"),
        ("many", "fails with ValueError: could not convert string to float: 'many'"),
    ],
)
def test_a_weighting_that_makes_no_weights_is_one_sentence(
    weights: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WeightingChoice, "weighting", property(lambda choice: lambda counts: weights))
    with pytest.raises(UserError) as raised:
        choice("sqrt").weigh(np.array([[1, 2]]))
    assert str(raised.value).startswith(f"the weighting 'sqrt' {told}")


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda counts: cross_entropy, "returns an object of the class function; a torch.nn.Module is wanted"),
        (lambda counts: {}[counts.shape], "fails with KeyError: (1, 2)"),
    ],
)
def test_a_loss_that_cannot_be_prepared_is_one_sentence(
    prepare: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LossChoice, "loss", property(lambda choice: SimpleNamespace(prepare=prepare)))
    with pytest.raises(UserError) as raised:
        LossChoice(use="focal").prepare(np.array([[1, 2]]))
    assert str(raised.value) == f"prepare() of the loss 'focal' {told}"
