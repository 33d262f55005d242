"""Files that are not what they seem are caught and named, and never opened as what they could be."""

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from polyskew.files import MANIFEST

# "predict/predictions.parquet", "attributions/attributions.parquet"
from tests.leaderboard.verification.caught import PREDICTIONS, check, told
from tests.leaderboard.verification.whole import folder_of, seal


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("file", [PREDICTIONS, "features/test.safetensors", "train/cost.json", "data/counts.json"])
@pytest.mark.parametrize("sealed", [False, True])
def test_a_truncated_file_is_named(copy: Path, file: str, sealed: bool) -> None:
    cell = folder_of(copy)
    (cell / file).write_bytes((cell / file).read_bytes()[:-20])
    if sealed:
        seal(cell / file.partition("/")[0])
    assert told(check(copy, cell).faults, cell, file, "not" if sealed else "bytes; its manifest says")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"seconds": 1, "seconds": 2}', "the key 'seconds' stands twice"),
        ('{"seconds": NaN}', "NaN is no finite number"),
        ('{"seconds": -Infinity}', "-Infinity is no finite number"),
        ('{"seconds": 1e999}', "1e999 is no finite number"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"seconds": -1}', "seconds is -1"),
        ('{"trainable_parameters": 9, "total_parameters": 5}', "9 parameters of 5 are trained"),
    ],
)
def test_json_that_says_two_things_or_none_is_named(copy: Path, text: str, complaint: str) -> None:
    cell = folder_of(copy)
    (cell / "train" / "cost.json").write_text(text)
    seal(cell / "train")
    assert told(check(copy, cell).faults, cell, "train/cost.json", complaint)


def test_a_number_that_is_none_in_the_metrics_is_named(copy: Path) -> None:
    cell = folder_of(copy)
    path = cell / "metrics.json"
    path.write_text(path.read_text().replace('"value":0.', '"value":NaN, "was":0.', 1))
    assert told(check(copy, cell).faults, cell, "metrics.json", "NaN is no finite number")


@pytest.mark.parametrize("name", ["predict/model.pkl", "features/test.safetensors", "predict/predictions.parquet"])
def test_a_pickle_is_named_and_not_opened(copy: Path, name: str, tmp_path: Path) -> None:
    cell, mark = folder_of(copy), tmp_path / "mark"
    (cell / name).write_bytes(pickle.dumps(Bomb(mark)))
    seal(cell / name.partition("/")[0])
    assert told(check(copy, cell).faults, cell, name, "is a pickle")
    assert not mark.exists()


def test_pickles_within_other_files_are_named_and_not_opened(copy: Path, tmp_path: Path) -> None:
    cell, mark = folder_of(copy), tmp_path / "mark"
    bomb = np.array([Bomb(mark)], dtype=object)
    np.save(cell / "features" / "test.npy", bomb, allow_pickle=True)
    np.savez(cell / "features" / "test.pt", bomb=bomb)
    seal(cell / "features")
    rows = pyarrow.parquet.read_table(cell / PREDICTIONS)
    pickled = pyarrow.array([pickle.dumps(Bomb(mark))] * rows.num_rows)
    pyarrow.parquet.write_table(rows.append_column("extra", pickled), cell / PREDICTIONS)
    seal(cell / "predict")
    found = check(copy, cell).faults
    assert told(found, cell, "features/test.npy", "a numpy file")
    assert told(found, cell, "features/test.pt.npz", "a zip archive")
    assert told(found, cell, PREDICTIONS, "'extra' of type binary")
    assert not mark.exists()


def test_an_extension_type_is_named(copy: Path) -> None:
    cell = folder_of(copy)
    table = pyarrow.parquet.read_table(cell / PREDICTIONS)
    field = pyarrow.field("label", pyarrow.int64(), metadata={"ARROW:extension:name": "arrow.py_extension_type"})
    table = table.set_column(table.schema.get_field_index("label"), field, table.column("label"))
    pyarrow.parquet.write_table(table, cell / PREDICTIONS)
    seal(cell / "predict")
    assert told(check(copy, cell).faults, cell, PREDICTIONS, "extension type")


def test_a_file_that_claims_terabytes_is_named(copy: Path) -> None:
    cell = folder_of(copy)
    header = json.dumps({"cls": {"dtype": "F32", "shape": [60, 10**11], "data_offsets": [0, 24 * 10**12]}}).encode()
    (cell / "features" / "test.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))
    repeated = pyarrow.table({"id": pyarrow.array(["x"]).take(pyarrow.array(np.zeros(200_000, np.int64)))})
    pyarrow.parquet.write_table(repeated, cell / PREDICTIONS)
    for stage in ("features", "predict"):
        seal(cell / stage)
    found = check(copy, cell).faults
    assert told(found, cell, "features/test.safetensors", "is not a readable safetensors file")
    assert told(found, cell, PREDICTIONS, "claims 200000 rows")


def listed(name: str) -> Callable[[Path], None]:
    def tamper(cell: Path) -> None:
        path = cell / "predict" / MANIFEST
        files = json.loads(path.read_text())["files"]
        path.write_text(json.dumps({"files": files | {name: files["predictions.parquet"]}}))

    return tamper


def changed_checksum(cell: Path) -> None:
    path = cell / "predict" / MANIFEST
    files = json.loads(path.read_text())["files"]
    files["predictions.parquet"]["sha256"] = "0" * 64
    path.write_text(json.dumps({"files": files}))


def undeclared(cell: Path) -> None:
    (cell / "predict" / "more.json").write_text("{}")


def stranger(cell: Path) -> None:
    (cell / "notes.txt").write_text("mine")


def strange_folder(cell: Path) -> None:
    (cell / "more").mkdir()
    (cell / "more" / "a.json").write_text("{}")


def without_manifest(cell: Path) -> None:
    (cell / "predict" / MANIFEST).unlink()


def link_out(cell: Path) -> None:
    path = cell / PREDICTIONS
    outside = path.rename(cell.parents[2] / "outside.parquet")
    path.symlink_to(outside)


def linked_stage(cell: Path) -> None:
    outside = (cell / "predict").rename(cell.parents[2] / "outside")
    (cell / "predict").symlink_to(outside)


def pipe(cell: Path) -> None:
    (cell / "predict" / MANIFEST).unlink()
    os.mkfifo(cell / "predict" / MANIFEST)


def other_train(cell: Path) -> None:
    (cell / "train" / "cost.json").write_text("{}")
    seal(cell / "train")


@pytest.mark.parametrize(
    ("tamper", "file", "text"),
    [
        (changed_checksum, PREDICTIONS, "does not have the checksum"),
        (listed("../../../outside.json"), f"predict/{MANIFEST}", "'../../../outside.json', which is no path"),
        (listed("/etc/hostname"), f"predict/{MANIFEST}", "'/etc/hostname', which is no path"),
        (listed("a\\b"), f"predict/{MANIFEST}", "which is no path"),
        (undeclared, "predict/more.json", f"is not listed in predict/{MANIFEST}"),
        (stranger, "notes.txt", "belongs to no cell"),
        (strange_folder, "more/a.json", "belongs to no stage"),
        (without_manifest, f"predict/{MANIFEST}", "is missing"),
        (link_out, PREDICTIONS, "is a link to"),
        (linked_stage, "predict", "is a link to"),
        (pipe, f"predict/{MANIFEST}", "is neither a file nor a folder"),
        (other_train, "predict/stage.json", "was made from another train"),
    ],
)
def test_files_that_do_not_belong_are_named(copy: Path, tamper: Callable[[Path], None], file: str, text: str) -> None:
    cell = folder_of(copy)
    tamper(cell)
    assert told(check(copy, cell).faults, cell, file, text)
