"""Rows that are doubled, swapped or not finite are caught, under whatever checksums."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from leaderboard.verification.verify import verify
from leaderboard.verification.writing import faults
from polyskew.files import write_json
from tests.leaderboard.synthetic import Kind

# "predict/predictions.parquet", "attributions/attributions.parquet"
from tests.leaderboard.verification.caught import ATTRIBUTIONS, PREDICTIONS, check, told
from tests.leaderboard.verification.whole import REGISTERED, canonical, edit_json, edit_table, folder_of, seal


def shap_value(columns: dict[str, list[Any]]) -> None:
    columns["values"][0][0] += 0.5


def repeat_row(columns: dict[str, list[Any]]) -> None:
    for column in columns.values():
        column[7] = column[6]


def regroup(columns: dict[str, list[Any]]) -> None:
    columns["group"][3] = "another"


def drop_texts(columns: dict[str, list[Any]]) -> None:
    for name in columns:
        columns[name] = columns[name][:12]


def drop_row(columns: dict[str, list[Any]]) -> None:
    for name in columns:
        columns[name] = columns[name][1:]


def swap_labels(columns: dict[str, list[Any]]) -> None:
    columns["label"][:] = columns["label"][::-1]


@pytest.mark.parametrize(
    ("file", "change", "text"),
    [
        (PREDICTIONS, repeat_row, "stands twice"),
        ("features/test.parquet", repeat_row, "stands twice"),
        (ATTRIBUTIONS, repeat_row, "stands twice"),
        ("data/rows.parquet", repeat_row, "stands twice"),
        (PREDICTIONS, regroup, "and group 'another'"),
        ("features/test.parquet", regroup, "and group 'another'"),
        (ATTRIBUTIONS, regroup, "has another group than among the test rows"),
        ("data/rows.parquet", drop_row, "the test set has not as many rows of each label in each language"),
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


@pytest.mark.parametrize(("by", "options", "fault"), [(0.01, {}, True), (0.01, {"base": "int8"}, False),
                                                      (0.2, {"base": "int8"}, True)])  # fmt: skip
def test_outputs_of_a_base_of_8_bits_may_depend_on_the_batch(
    copy: Path, by: float, options: dict[str, str], fault: bool
) -> None:
    cell = folder_of(copy, "imbalanced")

    def shift(columns: dict[str, list[Any]]) -> None:
        for name in ("base", "output"):  # which still add up
            columns[name][0][0] += by

    edit_table(cell / ATTRIBUTIONS, shift)
    seal(cell / "attributions")
    form = json.loads((cell / "spec.json").read_text())["canonical"]
    edit_json(cell / "spec.json", canonical={**form, "method": {"name": "full", "options": options}})
    assert any("where it was explained" in note.text for note in check(copy, cell).faults) is fault


@pytest.mark.parametrize("way", ["integral", "plug-in"])
def test_values_that_need_not_add_up_are_no_fault(copy: Path, way: str) -> None:
    cell = folder_of(copy, "imbalanced")

    def change(columns: dict[str, list[Any]]) -> None:
        shap_value(columns)
        if way == "integral":
            columns["mode"] = ["layer-integrated-gradients-50"] * len(columns["mode"])

    edit_table(cell / ATTRIBUTIONS, change)
    seal(cell / "attributions")
    if way == "plug-in":
        asked = json.loads((cell / "spec.json").read_text())["asked"]
        asked["attributions"]["settings"] = {"attributions": {"mode": "mine", "additive": False}}
        edit_json(cell / "spec.json", asked=asked)
    assert not any("do not add up" in note.text for note in check(copy, cell).faults)


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
        for note in faults(verify(copy, REGISTERED))
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


def test_counts_that_are_not_those_of_the_rows_are_named(copy: Path) -> None:
    cell = folder_of(copy)
    counts = json.loads((cell / "data" / "counts.json").read_text())
    del counts["test"]
    write_json(cell / "data" / "counts.json", counts)
    seal(cell / "data")
    assert told(check(copy, cell).faults, cell, "data/counts.json", "the rows of 'test' are not counted as they stand")


def test_more_test_rows_than_the_task_asks_for_are_named(copy: Path) -> None:
    cell = folder_of(copy)
    form = canonical(Kind())
    form["task"]["test_cell"] = 1
    edit_json(cell / "spec.json", canonical=form)
    assert told(
        check(copy, cell).faults, cell, "data/rows.parquet", "2 rows of each label and language; the task has 1"
    )


def test_fewer_explained_texts_than_other_cells_have_or_than_were_asked_for_are_named(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced", "per_language", 1)
    edit_table(cell / ATTRIBUTIONS, drop_texts)
    seal(cell / "attributions")
    text = "the explained texts are not those of other cells of the task"
    assert told(faults(verify(copy, REGISTERED)), cell, ATTRIBUTIONS, text)
    for file in ("spec.json", "attributions/stage.json"):
        told_ = json.loads((cell / file).read_text())
        asked = told_["asked"]["attributions"] if file == "spec.json" else told_["asked"]
        asked["settings"] = {"explained_texts": 5}
        write_json(cell / file, told_)
    seal(cell / "attributions")
    assert told(check(copy, cell).faults, cell, ATTRIBUTIONS, "2 texts of 'fr' are explained, not 5")


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_other_logits_of_explained_texts_are_named_in_any_precision(copy: Path, precision: str) -> None:
    cell = folder_of(copy)
    for file in ("spec.json", "attributions/stage.json"):
        told_ = json.loads((cell / file).read_text())
        asked = told_["asked"]["attributions"] if file == "spec.json" else told_["asked"]
        asked["settings"] = {"attributions": {"precision": precision}}
        write_json(cell / file, told_)
    seal(cell / "attributions")
    assert not any("by its logits" in note.text for note in check(copy, cell).faults)

    def forge(columns: dict[str, list[Any]]) -> None:
        columns["logits"] = [[20.0 * (place == label) for place in range(5)] for label in columns["label"]]

    edit_table(cell / PREDICTIONS, forge)
    seal(cell / "predict")
    assert told(check(copy, cell).faults, cell, PREDICTIONS, "by its logits, at")
