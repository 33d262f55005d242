"""Publishing over HTTP with the hub's real client."""

import csv
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from huggingface_hub import DatasetCard, constants

import leaderboard.publishing.hub as pushing
from benchmark.cli.publishing import publish as command
from benchmark.cli.results import Format
from benchmark.cli.results import board as show_board
from leaderboard.board import board
from leaderboard.publishing.hub import Pushed
from leaderboard.publishing.publish import pack
from leaderboard.publishing.pull import pull
from polyskew.errors import UserError
from tests.leaderboard.publishing.folders import cells, change_spec
from tests.leaderboard.publishing.stand_in import Hub, Repo


def publish(results: Path, name: str = "org/demo", *, pull_request: bool = False) -> Pushed:
    with pack(results, name) as [parcel]:
        return parcel.push(pull_request=pull_request)


def data_set(hub: Hub) -> Repo:
    return hub.repos["dataset", "org/demo"]


def test_what_is_pulled_back_gives_the_same_board(hub: Hub, measured: Path) -> None:
    sent = publish(measured)
    assert sent == Pushed(f"{hub.url}/datasets/org/demo", len(data_set(hub).files))
    assert board(pull("org/demo")) == board(measured)
    assert any(row.numbers["neutral_drift"].value is not None for row in board(measured).rows)


def test_a_second_publish_changes_nothing(hub: Hub, measured: Path) -> None:
    publish(measured)
    before, uploads = list(data_set(hub).commits), list(hub.uploads)
    assert publish(measured).files == 0
    assert (data_set(hub).commits, hub.uploads) == (before, uploads)


def test_only_what_differs_is_sent_and_what_is_gone_is_deleted(hub: Hub, results: Path) -> None:
    publish(results)
    with_all = data_set(hub).files
    gone, changed = cells(results)[0], cells(results)[1]
    shutil.rmtree(gone / "attributions")
    (changed / "provenance.json").write_text('{"threads": 2}')
    before = len(hub.uploads)
    publish(results)
    now = data_set(hub).files
    assert {path for path in with_all if path not in now} == {
        f"cells/{gone.name}/attributions/{name}" for name in ("attributions.parquet", "manifest.json")
    }
    assert f"cells/{changed.name}/provenance.json" in now
    assert len(hub.uploads) - before <= 1  # rows.parquet, where a number of the board is another
    assert len(data_set(hub).commits) == 3


def test_files_of_others_in_the_repository_stay(hub: Hub, results: Path) -> None:
    publish(results)
    repo = data_set(hub)
    repo.commits.append(("a picture", repo.at("main") | {"docs/picture.png": b"PNG"}))
    repo.refs["main"] = len(repo.commits) - 1
    shutil.rmtree(cells(results)[0] / "attributions")
    publish(results)
    assert repo.files["docs/picture.png"] == b"PNG"


@pytest.mark.parametrize("files_a_commit", [1000, 20])
def test_an_upload_that_broke_off_goes_on(
    hub: Hub, results: Path, monkeypatch: pytest.MonkeyPatch, files_a_commit: int
) -> None:
    monkeypatch.setattr(pushing, "FILES_A_COMMIT", files_a_commit)
    hub.drop_after = 12
    with pytest.raises(UserError, match=r"^org/demo could not be published: .* goes on from there$"):
        publish(results)
    assert data_set(hub).files == {}, "nobody sees half of it"
    hub.drop_after = None
    sent = set(hub.uploads)
    publish(results)
    assert not sent & set(hub.uploads[12:]), "nothing was sent twice"
    with pack(results, "org/demo") as [parcel]:
        assert set(data_set(hub).files) == set(parcel.sizes())
    assert len(data_set(hub).requests) == (files_a_commit == 20), "the request that was open was gone on with"


def test_many_files_appear_at_once(hub: Hub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "FILES_A_COMMIT", 20)
    sent = publish(results)
    repo = data_set(hub)
    assert sent.url == f"{hub.url}/datasets/org/demo"
    assert len(repo.commits) == 1 + -(-sent.files // 20)
    assert repo.requests == {1: ["Results of polyskew", "merged"]}
    assert publish(results).files == 0


def test_a_pull_request_leaves_the_repository_as_it_is(hub: Hub, results: Path) -> None:
    publish(results)
    before = data_set(hub).files
    shutil.rmtree(cells(results)[0] / "attributions")
    sent = publish(results, pull_request=True)
    assert sent.url == f"{hub.url}/datasets/org/demo/discussions/1"
    assert data_set(hub).files == before
    with pack(results, "org/demo") as [parcel]:
        assert set(data_set(hub).at("refs/pr/1")) - {".gitattributes"} == set(parcel.sizes())
    assert publish(results, pull_request=True) == Pushed(sent.url, 0)
    (cells(results)[1] / "provenance.json").write_text('{"threads": 2}')
    assert publish(results, pull_request=True) == Pushed(sent.url, 1)
    assert list(data_set(hub).requests) == [1]


def test_rows_are_those_of_the_csv_with_types(hub: Hub, measured: Path) -> None:
    publish(measured)
    files = data_set(hub).files
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(files["rows.parquet"]))
    told = list(csv.DictReader(io.StringIO(files["board.csv"].decode())))
    assert table.column_names == list(told[0])
    for row, expected in zip(table.to_pylist(), told, strict=True):
        for name, value in row.items():
            if isinstance(value, float):
                assert value == pytest.approx(float(expected[name]), rel=1e-8)
            else:
                assert ("" if value is None else str(value)) == expected[name]
    assert table.schema.field("accuracy").type == pyarrow.float64()
    assert table.schema.field("accuracy_low").metadata == {b"unit": b"share"}
    assert table.schema.field("accuracy_seeds").type == pyarrow.int64()


def test_the_card_leads_the_hub_to_the_rows(hub: Hub, measured: Path) -> None:
    publish(measured)
    card = DatasetCard(data_set(hub).files["README.md"].decode())
    [config] = card.data.configs
    assert config["data_files"] in data_set(hub).files
    assert card.data.language == ["de", "en", "es", "fr", "ja", "zh"]
    assert card.data.license == "unknown"
    assert "polyskew verify org/demo" in card.text
    assert "7 of 7 cells" in card.text


def test_the_site_becomes_a_static_space(hub: Hub, measured: Path) -> None:
    with pack(measured, "org/demo", site=True) as parcels:
        sent = [parcel.push() for parcel in parcels]
    files = hub.repos["space", "org/demo"].files
    assert [one.url for one in sent] == [f"{hub.url}/datasets/org/demo", f"{hub.url}/spaces/org/demo"]
    assert set(files) == {"README.md", "index.html"}
    assert DatasetCard(files["README.md"].decode()).data.sdk == "static"


def test_a_repository_of_something_else_is_left_alone(hub: Hub, results: Path) -> None:
    repo = hub.add("dataset", "org/demo", {"README.md": b"my texts"})
    with pytest.raises(UserError, match="the dataset org/demo on the hub holds something else than polyskew's"):
        publish(results)
    assert len(repo.commits) == 2


def test_somebody_else_was_faster(hub: Hub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(results)
    shutil.rmtree(cells(results)[0] / "attributions")
    repo, changes = data_set(hub), pushing._changes

    def slow(*asked: object) -> object:
        found = changes(*asked)  # type: ignore[arg-type]
        repo.commits.append(("another", repo.at("main")))
        repo.refs["main"] = len(repo.commits) - 1
        return found

    monkeypatch.setattr(pushing, "_changes", slow)
    with pytest.raises(UserError, match="somebody else changed 'org/demo' meanwhile; run the same command again"):
        publish(results)


def test_without_a_right_to_it(hub: Hub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^other/demo could not be published: your token may not do this in 'other'"):
        publish(results, "other/demo")
    with pytest.raises(UserError, match="there is no 'org/demo', or it is private"):
        publish(results, pull_request=True)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(UserError, match="the hub does not know your token; log in with `hf auth login`"):
        publish(results)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(results / "none"))
    with pytest.raises(UserError, match="publishing wants a token of the hub; log in with"):
        publish(results)
    assert hub.repos == {}


def test_without_a_network(hub: Hub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE forbids it; take it away"):
        publish(results)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="the hub cannot be reached"):
        publish(results)


@pytest.mark.parametrize(
    "name", ["demo", "org/", "org/a/b", "org/a b", "org/../x", "-org/x", "org/x.git", "o/" + "x" * 97]
)
def test_a_name_that_is_none(results: Path, name: str) -> None:
    with pytest.raises(UserError, match="is no repository's name; wanted is ORG/NAME"), pack(results, name):
        pass


def test_unfinished_results_go_out_as_they_are(hub: Hub, results: Path) -> None:
    with pack(results, "org/demo") as [parcel]:
        assert parcel.remark == "7 of 7 cells are not finished; the card says so"
        assert "0 of 7 cells" in (parcel.folder / "README.md").read_text()


def test_a_folder_without_anything_in_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a results folder"), pack(tmp_path, "org/demo"):
        pass
    (tmp_path / "cells").mkdir()
    with pytest.raises(UserError, match="has no finished stage of any cell yet; there is nothing to publish"):
        publish(tmp_path)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_grid_that_is_no_text(results: Path, content: bytes | None) -> None:
    (results / "grid.yaml").unlink()
    if content is None:
        (results / "grid.yaml").mkdir()
    else:
        (results / "grid.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"grid\.yaml is no text file that can be read; a grid in YAML is wanted"):
        publish(results)


def test_the_board_lies_there_in_every_format_of_the_command(
    hub: Hub, measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(measured)
    suffixes = {form: {"latex": "tex"}.get(form, form.value) for form in Format if form is not Format.table}
    files = data_set(hub).files
    assert {path for path in files if path.startswith("board.")} == {f"board.{suffix}" for suffix in suffixes.values()}
    for form, suffix in suffixes.items():
        show_board(measured, format=form, columns="", where="", sort="", group="", figure=None)
        assert files[f"board.{suffix}"].decode() == capsys.readouterr().out


def test_a_folder_that_is_broken(results: Path) -> None:
    path = cells(results)[0] / "predict" / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"predictions\.parquet has \d+ bytes instead of \d+; nothing was published"):
        publish(results)


def test_the_command_says_where_it_is(hub: Hub, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(results, "org/demo", site=True)
    told = capsys.readouterr()
    assert [line.split(": ")[0] for line in told.out.splitlines()] == [
        f"{hub.url}/datasets/org/demo",
        f"{hub.url}/spaces/org/demo",
    ]
    assert "7 of 7 cells are not finished" in told.err
    command(results, "org/demo", site=True)
    assert capsys.readouterr().out.splitlines() == [
        f"{hub.url}/datasets/org/demo holds this already",
        f"{hub.url}/spaces/org/demo holds this already",
    ]
    with pytest.raises(UserError, match="give one of them"):
        command(results, "org/demo", site=True, adapter="synthetic")


def test_what_was_pulled_can_be_published(hub: Hub, results: Path) -> None:
    for cell in cells(results):
        change_spec(cell, redistribute=False)
    publish(results)
    with pack(pull("org/demo"), "org/copy") as [parcel]:
        assert len(parcel.withheld) == 6
        assert parcel.push().files == len(data_set(hub).files)
    copy = hub.repos["dataset", "org/copy"].files
    differ = {name for name, content in data_set(hub).files.items() if copy[name] != content}
    assert differ == {"README.md"}, "which names the repository"


def test_too_many_files_for_one_repository(hub: Hub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "FILES_A_REPOSITORY", 50)
    with pytest.raises(UserError, match=r"^\d+ files are more than a repository of the hub takes well \(50\)"):
        publish(results)
    assert hub.requests == []


def test_from_the_command_line(hub: Hub, results: Path, tmp_path: Path) -> None:
    def run(name: str) -> "subprocess.CompletedProcess[str]":
        told = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)}
        command = [sys.executable, "-m", "polyskew", "publish", str(results), "--to", name]
        return subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False)

    done = run("org/demo")
    assert (done.returncode, done.stdout) == (
        0,
        f"{hub.url}/datasets/org/demo: {len(data_set(hub).files)} files changed\n",
    )
    refused = run("other/demo")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[-1].startswith("polyskew: other/demo could not be published: your token may not")
