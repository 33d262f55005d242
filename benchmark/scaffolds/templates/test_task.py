"""Tests of the task my_thing."""

from pathlib import Path

import polyskew

FILE = Path(__file__).with_name("my_thing.yaml")


def test_it_keeps_the_promises_of_a_task() -> None:
    """As `polyskew check` does: rows as declared, and none on both sides of a split."""
    for checked in polyskew.check(FILE):
        assert checked.kept, str(checked)


def test_regimes_have_one_size() -> None:
    """So that what differs between regimes is the labels, not the number of rows."""
    task = polyskew.get_task(FILE)
    splits = task.load()
    sizes = {len(polyskew.draw(task, splits, regime, seed=0).train) for regime in ("balanced", *task.regimes)}
    assert len(sizes) == 1
