"""Tests of the measure my_thing."""

from dataclasses import replace
from pathlib import Path

import numpy as np

import polyskew

FILE = Path(__file__).with_name("my_thing.py")


def test_it_keeps_the_promises_of_a_measure() -> None:
    """As `polyskew check` does."""
    for checked in polyskew.check(FILE):
        assert checked.kept, str(checked)


def test_its_value_is_that_of_rows_that_can_be_counted() -> None:
    """All rows are right but half of one language's."""
    from benchmark.contracts.measure import sample, subject

    polyskew.load_plugin(FILE)
    rows = sample("predict")
    wrong = (rows.language == 1) & (np.cumsum(rows.language == 1) % 2 == 0)
    chosen = np.where(wrong, (rows.label + 1) % 3, rows.label)
    rows = replace(rows, logits=np.eye(3, dtype=np.float32)[chosen])
    assert subject("my_thing").compute(rows) == 0.5
