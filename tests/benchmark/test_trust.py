"""``polyskew verify`` and ``polyskew merge`` as they are typed: what they print, and their exit status."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.leaderboard.verification.whole import edit_json, folder_of, seal, write_whole


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whole(tmp_path_factory.mktemp("whole") / "results", seeds=(0,))


def test_verify_says_what_holds_and_what_does_not(polyskew: Any, whole: Path, tmp_path: Path) -> None:
    status, out, err = polyskew("verify", whole, "--workers", "1")
    assert (status, err) == (0, "")
    assert out.count(" holds") == 5
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    edit_json(folder_of(copy) / "spec.json", seed=5)
    status, out, err = polyskew("verify", "copy", "--workers", "1")
    assert (status, err) == (1, "")
    assert f"does not hold:\n  {folder_of(copy).name}/spec.json: seed is 5, but the canonical form has 0\n" in out
    status, out, _ = polyskew("verify", "copy", "--workers", "1", "--json")
    assert status == 1
    assert json.loads(out)["faults"][0]["text"] == "seed is 5, but the canonical form has 0"


def test_verify_takes_a_folder_before_a_name_on_the_hub(
    polyskew: Any, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulled: list[str] = []
    monkeypatch.setattr("leaderboard.publishing.pull.pull", lambda name: pulled.append(name) or whole)
    shutil.copytree(whole, tmp_path / "org" / "name")
    assert polyskew("verify", "org/name", "--workers", "1")[0] == 0
    assert pulled == []
    assert polyskew("verify", "org/other", "--workers", "1")[0] == 0
    assert pulled == ["org/other"]


def test_wrong_input_is_one_sentence_and_status_2(polyskew: Any, whole: Path, tmp_path: Path) -> None:
    for arguments in (("verify", "nowhere"), ("merge", "nowhere", "--out", "all"), ("merge", whole, "--out", tmp_path)):
        status, out, err = polyskew(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("polyskew: ")
        assert err.count("\n") == 1


def test_merge_names_conflicts(polyskew: Any, whole: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    status, out, _ = polyskew("merge", whole, "copy", "--out", "same", "--workers", "1")
    assert (status, out) == (0, "same has 5 cells; 5 of them stand in several of the folders\n")
    edit_json(folder_of(copy) / "train" / "cost.json", seconds=99.0)
    seal(folder_of(copy) / "train")
    status, out, _ = polyskew("merge", whole, "copy", "--out", "all", "--workers", "1")
    assert status == 1
    assert f"conflict: {folder_of(copy).name} (synthetic_reviews synthetic-bert full balanced none seed 0): only" in out
    for place in (tmp_path / "all" / "conflicts").iterdir():
        assert f"  all/conflicts/{place.name}/{folder_of(copy).name} from " in out


def test_names_that_steer_a_terminal_are_written_without_that(polyskew: Any, whole: Path, tmp_path: Path) -> None:
    Path(shutil.copytree(whole, tmp_path / "a\x1b[2J"))
    edit_json(folder_of(tmp_path / "a\x1b[2J") / "train" / "cost.json", seconds=99.0)
    status, out, err = polyskew("merge", "a\x1b[2J", "--out", "all", "--workers", "1")
    assert (status, out) == (2, "")
    assert err.startswith("polyskew: a\N{REPLACEMENT CHARACTER}[2J/cells/")
    seal(folder_of(tmp_path / "a\x1b[2J") / "train")
    status, out, _ = polyskew("merge", whole, "a\x1b[2J", "--out", "all", "--workers", "1")
    assert status == 1
    assert "from a\N{REPLACEMENT CHARACTER}[2J\n" in out
    assert "\x1b" not in out


def test_a_folder_without_cells_is_wrong_input(polyskew: Any, tmp_path: Path) -> None:
    (tmp_path / "none" / "cells").mkdir(parents=True)
    assert polyskew("verify", "none") == (2, "", "polyskew: none has no cells, so there is nothing to verify\n")
