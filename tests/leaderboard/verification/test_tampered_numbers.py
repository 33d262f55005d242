"""A changed number or logit is caught, and the message names cell, file and what is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.measuring.measure import measure
from polyskew.files import MANIFEST

# "predict/predictions.parquet", "attributions/attributions.parquet"
from tests.leaderboard.verification.caught import PREDICTIONS, block, check, metrics, told
from tests.leaderboard.verification.whole import edit_table, folder_of, seal


def raise_accuracy(told: dict[str, Any]) -> None:
    block(told, "accuracy")["values"][0]["value"] += 1e-5


def narrow_interval(told: dict[str, Any]) -> None:
    block(told, "leakage")["values"][0]["high"] -= 1e-5


def change_resampled(told: dict[str, Any]) -> None:
    values = [value for one in told["measures"] for value in one["values"] if "resampled" in value]
    values[0]["resampled"][3] += 0.01


def change_reason(told: dict[str, Any]) -> None:
    values = [value for one in told["measures"] for value in one["values"] if value["value"] is None]
    values[0]["reason"] = "it is not needed"


def add_reason(told: dict[str, Any]) -> None:
    block(told, "accuracy")["values"][0]["reason"] = "it is not needed"


def drop_value(told: dict[str, Any]) -> None:
    block(told, "accuracy")["values"].pop()


def add_value(told: dict[str, Any]) -> None:
    block(told, "accuracy")["values"].append({"by": {"language": "tlh"}, "value": 1.0})


def repeat_value(told: dict[str, Any]) -> None:
    values = block(told, "accuracy")["values"]
    values.append(values[0])


def other_parameters(told: dict[str, Any]) -> None:
    block(told, "leakage")["params"]["C"] = 1e-9


def other_input(told: dict[str, Any]) -> None:
    block(told, "accuracy")["inputs"][PREDICTIONS] = "0" * 64


def input_outside(told: dict[str, Any]) -> None:
    block(told, "accuracy")["inputs"] = {"../../elsewhere/predictions.parquet": "0" * 64}


def other_unit(told: dict[str, Any]) -> None:
    block(told, "accuracy")["unit"] = "percent"


def other_interval(told: dict[str, Any]) -> None:
    block(told, "accuracy")["interval"] = "exact"


def no_number(told: dict[str, Any]) -> None:
    block(told, "accuracy")["values"][0] = ["0.9"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (raise_accuracy, "accuracy: recorded"),
        (narrow_interval, "high recorded"),
        (change_resampled, "the numbers of its resamples are others"),
        (change_reason, "the reason is recorded as 'it is not needed'"),
        (add_reason, "computed with high, low, value"),
        (drop_value, 'lacks the value of {"language": "zh"}'),
        (add_value, 'has a value of {"language": "tlh"}, of which there is none'),
        (repeat_value, "accuracy has a value twice"),
        (other_parameters, "C=1e-09"),
        (other_input, "was measured on another predict/predictions.parquet"),
        (input_outside, "'../../elsewhere/predictions.parquet', which is no path"),
        (other_unit, "in the unit 'percent'"),
        (other_interval, "its interval is recorded as 'exact'"),
        (no_number, "is not of schema 1"),
    ],
)
def test_a_changed_number_is_named(copy: Path, change: Callable[[dict[str, Any]], None], text: str) -> None:
    cell = folder_of(copy, "imbalanced")
    metrics(change)(cell)
    assert told(check(copy, cell).faults, cell, "metrics.json", text)


def test_a_number_recorded_to_another_last_digit_holds(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced")

    def nudge(told: dict[str, Any]) -> None:
        block(told, "accuracy")["values"][0]["value"] *= 1 + 1e-8

    metrics(nudge)(cell)
    found = check(copy, cell)
    assert not found.faults
    assert found.deviation == pytest.approx(1e-8, rel=1e-3)


def change_logit(cell: Path, row: int) -> None:
    def change(columns: dict[str, list[Any]]) -> None:
        columns["logits"][row] = columns["logits"][row][::-1]

    edit_table(cell / PREDICTIONS, change)


def test_a_changed_logit_is_named_by_its_checksum(copy: Path) -> None:
    cell = folder_of(copy)
    change_logit(cell, 40)
    assert told(check(copy, cell).faults, cell, PREDICTIONS, "its manifest says")


def test_a_changed_logit_under_a_new_checksum_is_named_by_what_was_measured(copy: Path) -> None:
    cell = folder_of(copy)
    change_logit(cell, 40)
    seal(cell / "predict")
    assert told(check(copy, cell).faults, cell, "metrics.json", f"accuracy was measured on another {PREDICTIONS}")


def test_a_changed_logit_whose_checksums_were_all_renewed_is_named_by_the_numbers(copy: Path) -> None:
    cell = folder_of(copy)
    change_logit(cell, 40)
    seal(cell / "predict")
    new = json.loads((cell / "predict" / MANIFEST).read_text())
    checksum = new["files"]["predictions.parquet"]["sha256"]

    def renew(told: dict[str, Any]) -> None:
        for one in told["measures"]:
            one["inputs"] |= {PREDICTIONS: checksum} if PREDICTIONS in one.get("inputs", {}) else {}

    metrics(renew)(cell)
    assert told(check(copy, cell).faults, cell, "metrics.json", "recorded")


def test_a_changed_logit_that_was_measured_again_is_named_where_the_text_is_explained(copy: Path) -> None:
    cell = folder_of(copy)
    change_logit(cell, 3)
    seal(cell / "predict")
    measure(copy)
    assert told(check(copy, cell).faults, cell, PREDICTIONS, "by its logits, at")


def test_a_changed_logit_of_an_unexplained_text_that_was_measured_again_is_not_seen(copy: Path) -> None:
    """The limit that docs/trust.md states: such a forgery is told by training again only."""
    cell = folder_of(copy)
    change_logit(cell, 40)
    seal(cell / "predict")
    measure(copy)
    assert not check(copy, cell).faults
