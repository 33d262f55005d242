"""The tasks of tests/real on the data that they were written for."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks import draw, get_probe, get_task
from tasks.natural import skew

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


def local(folder: str) -> dict[str, Any]:
    """The real rows of a data set as a source."""
    return {
        "files": {split: f"${{POLYSKEW_DATA}}/{folder}/{split}.parquet" for split in ("train", "validation", "test")}
    }


COLUMNS = {"id": "id", "text": "text", "label": "label", "language": "language"}
PAIRS = {**COLUMNS, "text": "premise", "text_pair": "hypothesis", "group": "premise_id"}


@needs_data
@pytest.mark.parametrize(
    ("name", "settings", "cells"),
    [
        ("umsab_8", {"source": local("umsab_sentiment"), "columns": COLUMNS}, [204, 408, 612]),
        ("xnli_15", {"source": local("xnli"), "columns": PAIRS}, [667, 1334, 2001]),
        (
            "sib200",
            {"source": local("sib200_topics"), "columns": COLUMNS, "languages": ["en", "de", "ar", "hi", "zh", "ja"]},
            [8, 16, 24, 32, 40, 48, 56],
        ),
    ],
)
def test_shipped_tasks_on_real_rows(name: str, settings: dict[str, Any], cells: list[int]) -> None:
    task = get_task(name, **settings)
    splits = task.load()
    rising, falling = task.languages[:2]  # English and German
    regimes = ("balanced", "imbalanced@0.25", "imbalanced", "natural")
    drawn = {regime: draw(task, splits, regime, 0) for regime in regimes}
    assert drawn["imbalanced"].counts[0].tolist() == cells, rising
    assert drawn["imbalanced"].counts[1].tolist() == cells[::-1], falling
    assert len({len(drawn[regime].train) for regime in regimes[:3]}) == 1
    quarter = np.array(cells) / 4 + 3 / 4 * sum(cells) / len(cells)
    assert np.abs(drawn["imbalanced@0.25"].counts[0] - quarter).max() <= 0.5
    # Parallel or balanced, none of the three tells a language from its labels.
    assert not skew(drawn["natural"].counts).any()
    assert not set(splits.train["group"]) & set(splits.test["group"])


@pytest.mark.parametrize("name", ["umsab", "xnli", "sib200"])
def test_real_tasks_are_well_declared(name: str) -> None:
    task = get_task(REAL / f"{name}.yaml")
    assert not task.redistribute
    assert set(task.languages) <= set(get_probe(str(task.probe)).languages)
