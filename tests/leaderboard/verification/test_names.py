"""Names as boards have them: against those that grids give their cells, and against canonical forms."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adapters import get_loss, get_method, get_weighting
from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.rates import RateChoice
from benchmark.weighting_choice import WeightingChoice
from leaderboard.reading.schema import Spec
from leaderboard.verification.drawn import _check_skew
from leaderboard.verification.findings import Findings
from leaderboard.verification.grids import _Grid, _key, _may_be_same, _points
from leaderboard.verification.names import (
    is_called,
    is_weighting_called,
    rate_name,
    sorted_parts,
    weighting_form,
    weighting_name,
)
from leaderboard.verification.plugged import lacking
from leaderboard.verification.specs import _check_names, ratios, weights_of
from polyskew.errors import UserError
from tests.leaderboard.measuring.plugged import Register, register
from tests.leaderboard.verification.whole import REGISTERED

__all__ = ["register"]
WEIGHTINGS: list[Any] = [
    "none",
    "per_language",
    "focal",
    "per_language+focal",
    "per_language+sampling",
    "effective_number+sampling+focal",
    {"use": "effective_number", "options": {"beta": 0.99}},
    {"use": "per_language", "by": "sampling", "loss": {"use": "focal", "options": {"gamma": 1}}},
    {"loss": {"use": "logit_adjustment", "options": {"tau": 0.5}}},
]
GRID = {
    "version": 1,
    "name": "names",
    "tasks": ["demo_reviews"],
    "models": ["tiny-polyglot"],
    "methods": ["full", {"use": "lora", "options": {"rank": 4}}],
    "weightings": WEIGHTINGS,
    "learning_rates": ["own", "x0.3", 0.001, {"body": 1e-4, "head": 2e-4}],
    "seeds": [0, 1],
    "recipe": "small",
    "include": [{"weighting": "focal+global", "learning_rate": ["x3", 5e-05], "method": "full", "seed": 7}],
    "exclude": [
        {"regime": "balanced", "weighting": "per_language+focal"},
        {"learning_rate": [0.001, "own"], "method": "full"},
    ],
}


def test_a_grids_cells_have_the_names_that_it_gives_them() -> None:
    grid = GridSpec.model_validate(GRID)
    recorded = yaml.safe_load(yaml.safe_dump(grid.model_dump(mode="json", exclude_defaults=True, by_alias=True)))
    points = {_key(point, several=False) for point in _points(_Grid.model_validate(recorded), ["demo_reviews"])}
    cells = {
        (
            cell.task.name,
            cell.regime or "",
            cell.model.identity()["name"],
            cell.method.name,
            sorted_parts(cell.weighting.name) if cell.weighting else "",
            cell.learning_rate,
            cell.recipe_name if cell.weighting else "",
            "" if cell.seed is None else cell.seed,
        )
        for cell in expand(grid)
    }
    assert points == cells
    assert len(cells) > 100


@pytest.mark.parametrize("value", WEIGHTINGS, ids=str)
def test_a_weightings_name_is_that_of_the_grids_choice_and_of_its_canonical_form(value: Any) -> None:
    choice = WeightingChoice.model_validate(value)
    assert sorted_parts(weighting_name(value)) == sorted_parts(choice.name)
    assert weighting_name(choice.identity()) == choice.name.replace("=1)", "=1.0)"), "numbers are as they are used"
    assert is_weighting_called(choice.name, weighting_form(choice.identity()), get_weighting, get_loss)
    assert not is_weighting_called("global", weighting_form(choice.identity()), get_weighting, get_loss)


@given(
    st.one_of(
        st.floats(1e-9, 10.0),
        st.fixed_dictionaries({"body": st.floats(1e-9, 1.0), "head": st.floats(1e-9, 1.0)}),
        st.floats(1e-3, 1e3).map(lambda factor: f"x{factor:g}"),
        st.sampled_from(["own", "x1", "x1.0", "x0.30"]),
    )
)
def test_a_rates_name_is_that_of_the_grids_choice(value: Any) -> None:
    name = RateChoice.model_validate(value).name
    assert rate_name(value) == ("" if name == "own" else name)


def test_options_at_their_defaults_may_be_named_or_not() -> None:
    plain = {"name": "effective_number", "loss": {"name": "focal"}}
    for told in ("effective_number+focal", "effective_number+focal(gamma=2.0)"):
        assert is_weighting_called(told, plain, get_weighting, get_loss), told
    for told in ("effective_number+focal(gamma=1.0)", "effective_number", "focal", "effective_number+focal(gamma=1"):
        assert not is_weighting_called(told, plain, get_weighting, get_loss), told
    assert is_called("lora(rank=8)", {"name": "lora"}, get_method)
    assert not is_called("lora(rank=64)", {"name": "lora"}, get_method)
    assert not is_called("lora(rnk=8)", {"name": "lora"}, get_method)
    with pytest.raises(UserError, match="no method called 'mine'"):
        is_called("mine(size=3)", {"name": "mine"}, get_method)


def spec(**changes: Any) -> Spec:
    task = {"name": "t", "regimes": {"imbalanced": {"a": [1, 3], "b": [3, 1]}}}
    told = {
        "schema": 1, "id": "0", "task": "t", "task_version": 1, "regime": "imbalanced", "model": "m", "method": "lora",
        "weighting": "none", "seed": 0, "languages": ["a", "b"], "labels": ["x", "y"], "group": "g",
        "canonical": {"task": task, "method": {"name": "lora"}},
    }  # fmt: skip
    changes["canonical"] = told["canonical"] | changes.get("canonical", {})
    return Spec.model_validate(told | changes)


COUNTS = np.array([[10, 30], [30, 10]])


def test_weights_are_computed_with_their_options() -> None:
    form = {"name": "effective_number", "options": {"beta": 0.9}, "by": "sampling"}
    found = weights_of(spec(canonical={"weighting": form}), REGISTERED, COUNTS)
    assert found == pytest.approx(get_weighting("effective_number", {"beta": 0.9})(COUNTS))
    assert weights_of(spec(canonical={"weighting": "gone"}), REGISTERED, COUNTS) == (
        "the weighting 'none' is not known here"
    )


def test_what_needs_a_plug_in_that_is_not_here_is_a_gap(register: Register) -> None:
    plugin = {"package": "skews", "version": "1.2", "sha256": "ab12"}
    here = spec(weighting="mine(a=1)", canonical={"weighting": {"name": "mine", "plugin": plugin}})
    needs = "the weighting 'mine' needs the plug-in skews 1.2 (ab12), which is not here"
    assert weights_of(here, REGISTERED, COUNTS) == needs
    findings = Findings("0")
    _check_names(here, REGISTERED, findings)
    assert findings.faults == []
    assert [note.text for note in findings.gaps] == [f"{needs}, so its name 'mine(a=1)' cannot be checked"]
    register("counted", lambda rows: 0.5, "ab12")
    assert lacking("measure", "counted", {"sha256": "ab12"}) == ""
    assert lacking("measure", "counted", {"sha256": "cd34"}).endswith("(cd34), and here is mine.py (ab12)")
    assert lacking("measure", "counted", None).endswith(
        "is the suite's, and here is that of the plug-in mine.py (ab12)"
    )
    assert lacking("weighting", "per_language", None) == ""


def test_the_file_of_a_plug_in_that_is_not_here_is_named() -> None:
    brought = {"kind": "weighting", "name": "mine", "file": "mine.py", "sha256": "ab12"}
    here = spec(canonical={"weighting": {"name": "mine", "plugin": {"sha256": "ab12"}}}, plugins=[brought])
    assert weights_of(here, REGISTERED, COUNTS) == (
        "the weighting 'mine' needs the plug-in mine.py (ab12), which is not here (name it with --plugin)"
    )


def test_a_regime_with_a_strength_lies_between_balanced_and_its_base() -> None:
    found = ratios(spec(regime="imbalanced@0.25"))
    assert found / found.sum(axis=1, keepdims=True) == pytest.approx(
        0.75 / 2 + 0.25 * np.array([[0.25, 0.75], [0.75, 0.25]])
    )
    assert ratios(spec(regime="imbalanced@2")) is None
    assert ratios(spec(regime="other@0.5")) is None


@pytest.mark.parametrize(
    ("counts", "skew", "fault"),
    [
        ([[90, 30], [30, 90]], [[0.25, -0.25], [-0.25, 0.25]], ""),
        ([[90, 30], [30, 90]], [[0.2, -0.2], [-0.2, 0.2]], "is not that of the training rows"),
        ([[90, 30], [30, 90]], [[0.0, 0.0], [0.0, 0.0]], "has a skew"),
        ([[60, 40], [59, 41]], [[0.0, 0.0], [0.0, 0.0]], ""),
        ([[60, 40], [59, 41]], [[0.005, -0.005], [-0.005, 0.005]], "has no skew"),
    ],
)
def test_the_skew_of_data_as_they_are_is_that_of_the_training_rows(
    counts: list[list[int]], skew: list[list[float]], fault: str
) -> None:
    findings = Findings("0")
    _check_skew(spec(regime="natural", skew={"natural": skew}), np.array(counts), findings)
    assert [note.text for note in findings.faults if fault not in note.text] == []
    assert bool(findings.faults) == bool(fault)


def test_only_a_number_and_a_multiple_may_be_the_same_rate() -> None:
    row = ("t", "balanced", "m", "full", "none", "0.001", "demo")
    assert _may_be_same(row, (*row[:5], "x3", "demo"))
    assert _may_be_same(row, (*row[:5], "", "demo"))
    assert not _may_be_same(row, (*row[:5], "0.002", "demo"))
    assert not _may_be_same(row, ("t", "balanced", "m", "lora", "none", "x3", "demo"))


def test_no_file_here_reads_a_plug_in_from_results() -> None:
    """What a folder says of plug-ins is data: nothing of it is ever imported."""
    for path in (Path(__file__).parents[3] / "leaderboard" / "verification").glob("*.py"):
        assert "import_module" not in path.read_text()
