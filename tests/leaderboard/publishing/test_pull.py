"""Results brought back from the hub."""

import os
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

from leaderboard.publishing.publish import pack
from leaderboard.publishing.pull import pull
from polyskew.errors import UserError
from tests.leaderboard.publishing.folders import cells
from tests.leaderboard.publishing.stand_in import Hub


def test_files_are_real_and_whole(hub: Hub, results: Path) -> None:
    with pack(results, "org/demo") as [parcel]:
        parcel.push()
        sent = {name: (parcel.folder / name).read_bytes() for name in parcel.sizes()}
    folder = pull("org/demo")
    assert {name: (folder / name).read_bytes() for name in sent} == sent
    assert not any(path.is_symlink() for path in folder.rglob("*"))


def test_each_commit_has_a_folder_of_its_own(hub: Hub, results: Path) -> None:
    with pack(results, "org/demo") as [parcel]:
        parcel.push()
    first = pull("org/demo")
    (cells(results)[0] / "provenance.json").write_text("{}")
    with pack(results, "org/demo") as [parcel]:
        parcel.push()
    second = pull("org/demo")
    assert first != second
    added = f"cells/{cells(results)[0].name}/provenance.json"
    assert (second / added).exists()
    assert not (first / added).exists()


def test_what_is_there_is_not_sent_again(hub: Hub, results: Path) -> None:
    with pack(results, "org/demo") as [parcel]:
        parcel.push()
    folder = pull("org/demo")
    path = folder / "board.csv"
    path.write_text("changed")
    os.utime(path, (later := time.time() + 10, later))
    hub.requests.clear()
    assert pull("org/demo") == folder
    assert path.read_text() != "changed"
    assert [request for request in hub.requests if request.startswith("GET /datasets")] == [
        f"GET /datasets/org/demo/resolve/{folder.name}/board.csv"
    ]


def test_what_cannot_be_pulled(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("dataset", "org/texts", {"train.csv": b"text\n"})
    with pytest.raises(UserError, match="org/texts on the hub holds no results of polyskew: it has no folder 'cells'"):
        pull("org/texts")
    with pytest.raises(UserError, match=r"^org/none could not be pulled from the hub: there is no 'org/none'"):
        pull("org/none")
    with pytest.raises(UserError, match="is no repository's name"):
        pull("somewhere")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE forbids it"):
        pull("org/texts")


def test_a_name_that_leads_out_of_the_folder(hub: Hub, tmp_path: Path) -> None:
    hub.add("dataset", "org/evil", {"cells/x/spec.json": b"{}", "cells/../../../../evil.json": b"{}"})
    with pytest.raises(UserError, match=r"^org/evil could not be pulled from the hub: .*cannot contain a '\.\.'"):
        pull("org/evil")
    assert list(tmp_path.rglob("evil.json")) == []
