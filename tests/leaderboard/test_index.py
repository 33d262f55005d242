"""The index of a results folder: the same board as from the cells' own files, whatever happens to them."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from leaderboard import index
from leaderboard.board import board
from leaderboard.measure import measure
from polyskew.errors import UserError
from polyskew.files import atomic_folder, write_text
from tests.leaderboard.synthetic import Kind, grid, write_grid

SIZES = {"rows": 120, "explained": 30, "hidden": 4}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = write_grid(tmp_path_factory.mktemp("results"), grid((0, 1), ("full",)), **SIZES)
    measure(results)
    return results


@pytest.fixture
def results(measured: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(measured, tmp_path / "results"))
    (copy / index.INDEX).unlink(missing_ok=True)
    age(copy)
    return copy


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The ids of the cells whose files are read."""
    ids: list[str] = []
    summarise = index.summarise
    monkeypatch.setattr(index, "summarise", lambda cell: ids.append(cell.spec.id) or summarise(cell))
    yield ids


def age(results: Path) -> None:
    """Make everything an hour old."""
    for path in [results, *results.rglob("*")]:
        then = path.stat().st_mtime_ns - 3_600_000_000_000
        os.utime(path, ns=(then, then))


def test_what_has_not_changed_is_not_read_again(results: Path, read: list[str]) -> None:
    first = board(results)
    assert len(read) == len(list((results / "cells").iterdir()))
    read.clear()
    assert board(results) == first
    assert read == []


def test_a_cell_that_was_measured_again_is_read_again(results: Path, read: list[str]) -> None:
    first = board(results)
    kind = Kind("imbalanced", "full", "none", 1)
    path = results / "cells" / kind.id / "metrics.json"
    told = json.loads(path.read_text())
    block = next(one for one in told["measures"] if one["measure"] == "accuracy")
    before = block["values"][0]["value"]
    block["values"][0]["value"] = before - 0.25
    write_text(path, json.dumps(told))
    read.clear()
    second = board(results)
    assert set(read) == {kind.id}
    there = [row for row in second.rows if kind.id in row.cells]
    (was,) = [row for row in first.rows if kind.id in row.cells]
    assert there[0].numbers["accuracy"].value == pytest.approx(was.numbers["accuracy"].value - 0.125)


def test_a_file_edited_in_its_place_is_seen(results: Path) -> None:
    board(results)
    path = results / "cells" / Kind(seed=1).id / "metrics.json"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(UserError, match=r"metrics\.json is not valid JSON"):
        board(results)


def test_a_stage_that_was_made_again_is_seen(results: Path) -> None:
    first = board(results)
    kind = Kind(seed=1)
    with atomic_folder(results / "cells" / kind.id / "train") as folder:
        (folder / "cost.json").write_text('{"device": "cuda:0", "precision": "bf16"}')
    second = board(results)
    assert {row.device for row in first.rows if row.cells and kind.id in row.cells} == {"cpu"}
    assert {row.device for row in second.rows if kind.id in row.cells} == {"cuda"}


def test_a_cell_that_was_taken_away_is_gone(results: Path) -> None:
    board(results)
    kind = Kind("imbalanced", "full", "per_language", 1)
    shutil.rmtree(results / "cells" / kind.id)
    assert all(kind.id not in row.cells for row in board(results).rows)


@pytest.mark.parametrize("text", [b"", b"PAR1 nonsense PAR1"])
def test_a_broken_index_is_made_again(results: Path, read: list[str], text: bytes) -> None:
    first = board(results)
    (results / index.INDEX).write_bytes(text)
    read.clear()
    assert board(results) == first
    assert read
    read.clear()
    board(results)
    assert not read


def test_an_index_of_other_columns_is_not_used(results: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    board(results)
    read.clear()
    monkeypatch.setattr(index, "_FORM", index._FORM + 1)
    board(results)
    assert read


def test_what_was_written_a_moment_ago_is_not_trusted(results: Path, read: list[str]) -> None:
    """Two writes within a tick of the file system's clock look the same."""
    kind = Kind(seed=1)
    folder = results / "cells" / kind.id
    write_text(folder / "metrics.json", (folder / "metrics.json").read_text())
    board(results)
    read.clear()
    board(results)
    assert set(read) == {kind.id}


def test_a_folder_that_cannot_be_written_to_has_a_board(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> Iterator[Path]:
        raise PermissionError(path)

    monkeypatch.setattr(index, "atomic_file", refuse)
    assert board(results).rows
    assert not (results / index.INDEX).exists()
