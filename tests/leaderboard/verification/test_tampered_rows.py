"""Rows that are doubled, swapped or not finite are caught, under whatever checksums."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from adapters import get_weighting
from leaderboard.verification.verify import verify
from leaderboard.verification.writing import faults

# "predict/predictions.parquet", "attributions/attributions.parquet"
from tests.leaderboard.verification.caught import ATTRIBUTIONS, PREDICTIONS, check, told
from tests.leaderboard.verification.whole import edit_table, folder_of, seal


def shap_value(columns: dict[str, list[Any]]) -> None:
    columns["values"][0][0] += 0.5


def repeat_row(columns: dict[str, list[Any]]) -> None:
    for column in columns.values():
        column[7] = column[6]


def swap_labels(columns: dict[str, list[Any]]) -> None:
    columns["label"][:] = columns["label"][::-1]


@pytest.mark.parametrize(
    ("file", "change", "text"),
    [
        (PREDICTIONS, repeat_row, "stands twice"),
        ("features/test.parquet", repeat_row, "stands twice"),
        (ATTRIBUTIONS, repeat_row, "stands twice"),
        ("data/rows.parquet", repeat_row, "stands twice"),
        (PREDICTIONS, swap_labels, "in data/rows.parquet"),
        ("data/rows.parquet", swap_labels, "not spread as in the regime"),
        (ATTRIBUTIONS, shap_value, "do not add up to its output"),
    ],
)
def test_a_changed_row_under_a_new_checksum_is_named(
    copy: Path, file: str, change: Callable[[dict[str, list[Any]]], None], text: str
) -> None:
    cell = folder_of(copy, "imbalanced")
    edit_table(cell / file, change)
    seal(cell / file.partition("/")[0])
    assert told(check(copy, cell).faults, cell, file, text)


def test_other_test_rows_than_the_other_cells_have_are_named(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced", "per_language", 1)

    def rename(columns: dict[str, list[Any]]) -> None:
        columns["id"] = [f"x{name}" if name.startswith("t") else name for name in columns["id"]]

    for file in (PREDICTIONS, ATTRIBUTIONS, "features/test.parquet", "data/rows.parquet"):
        edit_table(cell / file, rename)
    for stage in ("data", "predict", "attributions", "features"):
        seal(cell / stage)
    assert any(
        note.cell == cell.name and "test rows are not those of the task's other cells" in note.text
        for note in faults(verify(copy, get_weighting))
    )


def test_vectors_that_are_not_finite_are_named(copy: Path) -> None:
    cell = folder_of(copy)
    path = cell / "features" / "test.safetensors"
    x = load_file(path)["cls"]
    x[3, 1] = np.nan
    save_file({"cls": x}, path)
    seal(cell / "features")
    assert told(check(copy, cell).faults, cell, "features/test.safetensors", "not finite")


def test_weights_of_another_weighting_are_named(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced", "per_language")

    def flatten(columns: dict[str, list[Any]]) -> None:
        columns["weight"] = [1.0] * len(columns["weight"])

    edit_table(cell / "data" / "rows.parquet", flatten)
    seal(cell / "data")
    assert told(check(copy, cell).faults, cell, "data/rows.parquet", "not those of the weighting 'per_language'")
