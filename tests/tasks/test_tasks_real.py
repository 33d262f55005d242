"""The tasks of tests/real on the data that they were written for."""

import os
from pathlib import Path

import pytest

from tasks import draw, get_probe, get_task

REAL = Path(__file__).resolve().parents[1] / "real"

needs_data = pytest.mark.skipif(
    not os.environ.get("POLYSKEW_DATA"), reason="POLYSKEW_DATA is not set: it names the folder with the real data"
)


@needs_data
@pytest.mark.parametrize(
    ("name", "rows", "dropped", "counts"),
    [
        ("umsab", (11034, 1944, 5220), (2, 1), [[612, 408, 204]] * 3 + [[204, 408, 612]] * 3),
        ("xnli", (12018, 1398, 1584), (0, 0), [[2001, 1334, 667], [667, 1334, 2001]]),
    ],
)
def test_real_tasks_load_and_draw(
    name: str, rows: tuple[int, ...], dropped: tuple[int, ...], counts: list[list[int]]
) -> None:
    task = get_task(REAL / f"{name}.yaml")
    splits = task.load()
    assert tuple(splits.report["rows"].values()) == rows
    assert tuple(sum(found.values()) for found in splits.report["dropped"].values()) == dropped
    assert draw(task, splits, "imbalanced", 0).counts.tolist() == counts
    assert draw(task, splits, "switched", 0).counts.tolist() == [row[::-1] for row in counts]
    probe = get_probe(str(task.probe)).load(task.languages)
    assert probe["language"].value_counts().eq(1000).all()
    assert ("source" in probe) == (name == "xnli")
    assert not set(splits.train["group"]) & set(splits.test["group"])


@pytest.mark.parametrize("name", ["umsab", "xnli"])
def test_real_tasks_are_well_declared(name: str) -> None:
    task = get_task(REAL / f"{name}.yaml")
    assert not task.redistribute
    assert set(task.languages) <= set(get_probe(str(task.probe)).languages)
