"""The index of a results folder: the same board as from the cells' own files, whatever happens to them."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from leaderboard.board import board
from leaderboard.measuring.measure import measure
from leaderboard.reading import index, summary
from leaderboard.reading.store import Cell
from leaderboard.reading.summary import Summaries
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
def results(measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that counts as old enough to be trusted."""
    monkeypatch.setattr(index, "_SETTLED", 0.0)
    return Path(shutil.copytree(measured, tmp_path / "results", ignore=shutil.ignore_patterns(index.INDEX)))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the cells whose files are read."""
    ids: list[str] = []
    summarise = index.summarise

    def told(cells: list[Cell], *rest: int) -> Summaries:
        ids.extend(cell.spec.id for cell in cells)
        return summarise(cells, *rest)

    monkeypatch.setattr(index, "summarise", told)
    return ids


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


def test_several_processes_read_what_one_reads(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "_BATCH", 1)
    monkeypatch.setattr(summary, "_BATCHES_A_WORKER", 1)
    several = board(results, workers=2)
    (results / index.INDEX).unlink()
    assert board(results) == several


def test_a_file_edited_in_its_place_is_seen(results: Path) -> None:
    board(results)
    path = results / "cells" / Kind(seed=1).id / "metrics.json"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(UserError, match=r"metrics\.json is not valid JSON"):
        board(results)


def test_an_edit_with_the_old_time_and_size_is_seen(results: Path) -> None:
    first = board(results)
    path = results / "cells" / Kind(seed=1).id / "train" / "cost.json"
    before, then = path.read_text(), path.stat().st_mtime_ns
    path.write_text(before.replace('"cpu"', '"gpu"'))
    os.utime(path, ns=(then, then))
    assert len(path.read_text()) == len(before)
    assert {row.device for row in board(results).rows} - {row.device for row in first.rows} == {"gpu"}


def test_a_stage_that_lost_its_manifest_is_seen(results: Path) -> None:
    board(results)
    kind = Kind("imbalanced", "full", "none", 1)
    (results / "cells" / kind.id / "attributions" / "manifest.json").unlink()
    (row,) = [row for row in board(results).rows if kind.id in row.cells]
    assert row.status == "partly done"


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


def test_a_cell_that_goes_while_the_board_is_read_is_left_out(results: Path) -> None:
    rows = board(results).rows
    (results / "cells" / "0123456789abcdef").symlink_to("nowhere")
    assert board(results).rows == rows


def test_a_broken_index_is_made_again(results: Path, read: list[str]) -> None:
    first = board(results)
    whole = (results / index.INDEX).read_bytes()
    random = np.random.default_rng(0)
    flipped = [bytearray(whole) for _ in range(40)]
    for one in flipped:
        one[random.integers(len(one))] ^= 1 << random.integers(8)
    for broken in (b"", b"nonsense", whole[:-1], whole[:1000], *map(bytes, flipped)):
        (results / index.INDEX).write_bytes(broken)
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


def test_what_was_written_a_moment_ago_is_not_trusted(
    results: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writes within a tick of the file system's clock look the same."""
    time.sleep(0.6)
    monkeypatch.setattr(index, "_SETTLED", 0.5)
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
