"""Numbers that are none in ``metrics.json`` are one sentence that names the file, whoever reads them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from leaderboard.board import board
from leaderboard.measuring.measure import measure
from leaderboard.statistics.intervals import KEPT
from polyskew.errors import UserError
from tests.leaderboard.synthetic import Kind, write_grid


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured") / "results"
    write_grid(folder, [Kind(), Kind("imbalanced", tilt=2.0)], rows=60, explained=12, hidden=3)
    measure(folder)
    return folder


def change(results: Path, measure: str, **changes: Any) -> Path:
    path = results / "cells" / Kind("imbalanced").id / "metrics.json"
    told = json.loads(path.read_text())
    for block in told["measures"]:
        if block["measure"] == measure:
            block["values"] = [{**value, **changes} for value in block["values"]]
    path.write_text(json.dumps(told))
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"value": "0.5"},
        {"value": True},
        {"value": float("nan")},
        {"value": float("inf")},
        {"value": 10**400},
        {"low": "a"},
        {"high": None},
        {"low": [0.1]},
        {"value": None, "reason": 5},
        {"resampled": ["x"] * KEPT},
        {"resampled": [0.5] * (KEPT - 1)},
        {"resampled": [float("nan")] * KEPT},
        {"resampled": "x" * KEPT},
    ],
    ids=str,
)
def test_what_is_no_finite_number_is_one_sentence(measured: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    copy = Path(shutil.copytree(measured, tmp_path / "results"))
    path = change(copy, "accuracy", **changes)
    with pytest.raises(UserError) as told:
        board(copy)
    assert str(told.value).startswith(f"{path}: a value of 'accuracy' is not of schema 1")


def test_whole_numbers_and_missing_ones_are_read(measured: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(measured, tmp_path / "results"))
    change(copy, "accuracy", value=1, low=0, high=1, resampled=[1] * KEPT)
    (row,) = board(copy).where('regime == "imbalanced"').rows
    assert row.numbers["accuracy"].value == 1
    change(copy, "accuracy", value=None, reason="it was too dark")
    (row,) = board(copy).where('regime == "imbalanced"').rows
    assert row.numbers["accuracy"].reason == "it was too dark"


@pytest.mark.parametrize("name", ["spec.json", "metrics.json", "train/cost.json", "data/tokens.json"])
def test_a_folder_in_the_place_of_a_file_is_one_sentence(measured: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(measured, tmp_path / "results"))
    path = copy / "cells" / Kind("imbalanced").id / name
    path.unlink()
    path.mkdir()
    with pytest.raises(UserError) as told:
        board(copy)
    assert str(told.value) == f"{path} cannot be read (Is a directory)"
