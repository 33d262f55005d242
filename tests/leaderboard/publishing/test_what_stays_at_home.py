"""Nothing leaves this machine that must not: texts, tokens, paths, names. Every uploaded byte is looked at."""

import getpass
import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from safetensors.numpy import load_file, save_file

from benchmark.cli.publishing import publish as command
from leaderboard.board import board
from leaderboard.measuring.measure import measure
from leaderboard.publishing.publish import pack
from polyskew.errors import UserError
from polyskew.files import read_json, write_json
from tests.leaderboard.publishing.folders import cells, change_column, change_spec, seal, strings_in
from tests.leaderboard.publishing.stand_in import Hub

HOST, ACCOUNT, SECRET, TOKEN = "annabox-7", "annalena", "correct-horse-battery", "hf_" + "Qx7" * 11


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: f"{HOST}.cluster.example")
    monkeypatch.setattr(getpass, "getuser", lambda: ACCOUNT)
    monkeypatch.setenv("TRACKER_API_KEY", SECRET)


@pytest.fixture
def talkative(results: Path) -> Path:
    """Results in which everything private stands somewhere that can be cleaned, or does not go out at all."""
    said = f"{ACCOUNT}@{HOST}: cannot read /home/{ACCOUNT}/secret/train.csv with {TOKEN} and {SECRET}"
    (results / "grid.yaml").write_text(
        "version: 1\nname: small\ntasks:\n- use: mine.yaml\n  change:\n    source:\n      files:\n"
        f"        train: /home/{ACCOUNT}/secret/train.csv\n        test: ~/secret/test.csv\nreport_to: [{said!r}]\n"
    )
    for cell in cells(results):
        write_json(
            cell / "provenance.json", {"host": HOST, "threads": 1, "folder": f"/scratch/{ACCOUNT}/run", "x": [said]}
        )
        for name in ("log.txt", "journal.jsonl", ".lock"):
            (cell / name).write_text(said)
        for name in ("training", "attributing", "weights"):
            (cell / name).mkdir()
            (cell / name / "state.json").write_text(f'{{"x": "{said}"}}')
    write_json(cells(results)[0] / "failure.json", {"stage": "features", "kind": "code", "message": said})
    (results / ".index").write_text(said)
    return results


def publish(hub: Hub, results: Path) -> dict[str, bytes]:
    with pack(results, "org/demo") as [parcel]:
        parcel.push()
    return hub.repos["dataset", "org/demo"].files


def test_nothing_private_goes_out(hub: Hub, talkative: Path) -> None:
    files = publish(hub, talkative)
    for content in hub.received:
        text = strings_in(content)
        for private in (HOST, ACCOUNT, SECRET, TOKEN, "/home/", "/scratch/", "~/secret", str(talkative)):
            assert private not in text
    told = files[f"cells/{cells(talkative)[0].name}/failure.json"].decode()
    assert "[user]@[host]: cannot read train.csv with [removed] and [removed]" in told
    assert "train: train.csv" in files["grid.yaml"].decode()
    names = {path.rsplit("/", 1)[-1] for path in files}
    assert not names & {"log.txt", "journal.jsonl", ".lock", "state.json", ".index"}


@pytest.mark.parametrize(
    ("private", "kind"),
    [
        (TOKEN, "an access token"),
        (SECRET, "the value of the environment variable TRACKER_API_KEY"),
        (f"/home/{ACCOUNT}/x", "an absolute path"),
        ("C:\\Users\\x\\y.csv", "an absolute path"),
        (f"of {HOST.upper()}", "the name of this machine"),
        (ACCOUNT, "the name of its user"),
    ],
)
@pytest.mark.parametrize("where", ["spec.json", "stage", "ids", "about", "safetensors"])
def test_what_cannot_be_cleaned_stops_it(hub: Hub, results: Path, private: str, kind: str, where: str) -> None:
    cell = cells(results)[-1]
    path = cell / "predict" / "predictions.parquet"
    if where == "spec.json":
        path = cell / "spec.json"
        change_spec(cell, note={"by": private})
    elif where == "stage":
        path = cell / "predict" / "stage.json"
        write_json(path, {"asked": {}, "in_force": {private: 1}})
        seal(path.parent)
    elif where == "ids":
        change_column(path, "id", [f"{private} {row}" for row in range(60)])
    elif where == "about":
        table = pyarrow.parquet.read_table(path).replace_schema_metadata({"made": f"by {private}"})
        pyarrow.parquet.write_table(table, path)
        seal(path.parent)
    else:
        path = cell / "features" / "test.safetensors"
        save_file(load_file(path), path, metadata={"made": f"by {private}"})
        seal(path.parent)
    with pytest.raises(UserError) as error:
        publish(hub, results)
    assert str(error.value).startswith(f"{path} holds {kind}, which must not go out; nothing was published")
    assert not {SECRET, TOKEN} & set(str(error.value).split())
    assert hub.requests == []


def test_the_results_own_words_are_no_secret(hub: Hub, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "lora")
    monkeypatch.setattr(socket, "gethostname", lambda: "schmidt")
    for cell in cells(results, "features"):
        change_spec(cell, citation="Schmidt (2024), Reviews")
    assert "Schmidt (2024)" in publish(hub, results)["README.md"].decode()


@pytest.fixture
def unsharable(results: Path) -> Path:
    """Results of a task whose texts may not be passed on; in one cell somebody used the texts as ids."""
    for cell in cells(results, "features"):
        change_spec(cell, redistribute=False)
    first, second, third, fourth = cells(results)[:4]
    change_column(first / "predict" / "predictions.parquet", "id", [f"A text, number {row}." for row in range(60)])
    change_column(second / "features" / "test.parquet", "group", [f"文章{row}" for row in range(60)])
    change_column(second / "features" / "probe.parquet", "id", [f"An article, number {row}" for row in range(60)])
    change_column(third / "predict" / "predictions.parquet", "text", [f"word{row}" for row in range(60)])
    change_spec(fourth, canonical={"task": {"columns": {"id": "body", "text": "body"}}})
    (fourth / "data" / "texts.json").write_text('["A text, number 1."]')
    seal(fourth / "data")
    write_json(first / "failure.json", {"stage": "features", "kind": "data", "message": "row 3: 'A text, number 3.'"})
    return results


def test_no_text_goes_out(hub: Hub, unsharable: Path) -> None:
    files = publish(hub, unsharable)
    for content in hub.received:
        text = strings_in(content)
        for private in ("A text, number", "文章", "An article", "word7", '"token_ids"', '"pieces"'):
            assert private not in text
    first, second, third, fourth = (f"cells/{cell.name}" for cell in cells(unsharable)[:4])
    with pack(unsharable, "org/demo") as [parcel]:
        withheld = parcel.withheld
    assert json.loads(files["withheld.json"]) == {"schema": 1, "files": withheld}
    assert set(withheld) == {
        *(f"cells/{cell.name}/attributions/attributions.parquet" for cell in cells(unsharable, "attributions")),
        f"{first}/predict/predictions.parquet",
        f"{second}/features/test.parquet",
        f"{second}/features/probe.parquet",
        f"{third}/predict/predictions.parquet",
        f"{fourth}/predict/predictions.parquet",
        f"{fourth}/features/test.parquet",
        f"{fourth}/data/texts.json",
    }
    assert withheld[f"{first}/predict/predictions.parquet"].startswith("its rows' ids may be texts")
    assert "its column 'text' may hold texts" in withheld[f"{third}/predict/predictions.parquet"]
    assert not set(withheld) & set(files)
    assert f"{first}/attributions/manifest.json" in files, "so that the board knows that the stage is finished"
    assert "row 3" not in files[f"{first}/failure.json"].decode()


def test_strings_that_nobody_expects_stay_at_home(hub: Hub, results: Path) -> None:
    for cell in cells(results, "features"):
        change_spec(cell, redistribute=False)
    first, second, third, fourth = cells(results)[:4]
    write_json(first / "train" / "history.json", [{"step": 1, "sample": "A text, number 1."}])
    write_json(first / "train" / "cost.json", {"device": "Some Device 80GB"})
    seal(first / "train")
    about(second / "predict" / "predictions.parquet", {"sample": "A text, number 1."})
    about(third / "predict" / "predictions.parquet", {"pandas": '{"attributes": {"sample": "A text, number 1."}}'})
    path = fourth / "features" / "test.safetensors"
    save_file(load_file(path), path, metadata={"sample": "A text, number 1."})
    seal(path.parent)
    change_column(fourth / "predict" / "predictions.parquet", "more", [{"sample": "A text, number 1."}] * 60)
    pandas = cells(results)[4] / "predict" / "predictions.parquet"
    pyarrow.parquet.read_table(pandas).to_pandas().to_parquet(pandas)
    seal(pandas.parent)
    publish(hub, results)
    assert not any("A text, number" in strings_in(content) for content in hub.received)
    withheld = read_json_of(hub, "withheld.json")["files"]
    assert {path for path in withheld if not path.endswith("attributions.parquet")} == {
        f"cells/{first.name}/train/history.json",
        f"cells/{second.name}/predict/predictions.parquet",
        f"cells/{third.name}/predict/predictions.parquet",
        f"cells/{fourth.name}/features/test.safetensors",
        f"cells/{fourth.name}/predict/predictions.parquet",
    }
    assert withheld[f"cells/{first.name}/train/history.json"].startswith("a string in it may be a text, and the texts")
    assert withheld[f"cells/{second.name}/predict/predictions.parquet"].startswith("what it tells about itself may")


def about(path: Path, metadata: dict[str, str]) -> None:
    pyarrow.parquet.write_table(pyarrow.parquet.read_table(path).replace_schema_metadata(metadata), path)
    seal(path.parent)


def read_json_of(hub: Hub, path: str) -> Any:
    return json.loads(hub.repos["dataset", "org/demo"].files[path])


def test_reasons_quote_no_ids(hub: Hub, results: Path) -> None:
    for cell in cells(results, "features"):
        change_spec(cell, redistribute=False)
    for cell in cells(results, "attributions"):
        path = cell / "attributions" / "attributions.parquet"
        tokens = pyarrow.parquet.read_table(path).column("token_ids").to_pylist()
        if read_json(cell / "spec.json")["regime"] == "imbalanced":
            tokens[0] = [token + 1 for token in tokens[0]]
        change_column(path, "token_ids", tokens)
        change_column(path, "id", [f"A text, number {row}." for row in range(len(tokens))])
    measure(results)
    files = publish(hub, results)
    assert not any("A text, number" in strings_in(content) for content in hub.received)
    assert any(
        "1 of 12 explained texts have other tokens" in files[path].decode() for path in files if "metrics" in path
    )


def test_reasons_of_earlier_versions_that_quote_ids_stop_it(hub: Hub, results: Path) -> None:
    cell = cells(results, "attributions")[0]
    said = {"measure": "drift", "version": 1, "unit": "probability"}
    said["values"] = [{"value": None, "reason": "the text 'Who is 3?' (fr) has other tokens in the reference cell"}]
    write_json(cell / "metrics.json", {"schema": 1, "cell": cell.name, "measures": [said]})
    change_column(cell / "attributions" / "attributions.parquet", "id", [f"Who is {row}?" for row in range(12)])
    publish(hub, results)
    change_spec(cell, redistribute=False)
    hub.requests.clear()
    with pytest.raises(
        UserError, match=r"metrics\.json quotes ids of rows, which may be texts that may not be passed on"
    ):
        publish(hub, results)
    assert hub.requests == []


def test_a_failure_may_quote_a_text_of_the_probe_corpus(hub: Hub, results: Path) -> None:
    cell = cells(results)[0]
    write_json(cell / "failure.json", {"stage": "features", "kind": "data", "message": "row 3: 'A text'"})
    change_spec(cell, probe={"name": "wiki", "redistribute": True})
    assert "A text" in publish(hub, results)[f"cells/{cell.name}/failure.json"].decode()
    change_spec(cell, probe={"name": "wiki", "redistribute": False})
    assert "A text" not in publish(hub, results)[f"cells/{cell.name}/failure.json"].decode()


def test_what_was_asked_is_told_as_in_the_spec(hub: Hub, results: Path) -> None:
    cell = cells(results)[0]
    change_spec(cell, canonical={"task": {"labels": ["/good", "/bad"]}})
    write_json(cell / "provenance.json", {"asked": read_json(cell / "spec.json")["canonical"], "folder": "/data"})
    told = json.loads(publish(hub, results)[f"cells/{cell.name}/provenance.json"])
    assert told == {"asked": {"task": {"labels": ["/good", "/bad"]}}, "folder": "data"}


def test_numbers_of_what_stays_at_home_are_on_the_board(measured: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(measured, tmp_path / "copy")
    for cell in cells(folder, "features"):
        change_spec(cell, redistribute=False)
    with pack(folder, "org/demo") as [parcel]:
        assert len(parcel.withheld) == 6
        assert board(parcel.folder) == board(folder)


def test_texts_that_may_be_passed_on_are_passed_on(hub: Hub, results: Path) -> None:
    change_column(cells(results)[0] / "predict" / "predictions.parquet", "id", [f"A text, {row}." for row in range(60)])
    files = publish(hub, results)
    assert json.loads(files["withheld.json"]) == {"schema": 1, "files": {}}
    assert sum(path.endswith("attributions.parquet") for path in files) == 6


def test_links_and_names_that_lead_elsewhere(hub: Hub, results: Path, tmp_path: Path) -> None:
    cell = cells(results)[0]
    (tmp_path / "netrc.json").write_text('{"login": "x"}')
    (cell / "predict" / "stage.json").symlink_to(tmp_path / "netrc.json")
    seal(cell / "predict")
    with pytest.raises(UserError, match=r"stage\.json is a link; a plain file is wanted"):
        publish(hub, results)
    manifest = read_json(cell / "train" / "manifest.json")
    manifest["files"]["../../../../netrc.json"] = {"bytes": 14, "sha256": "0"}
    write_json(cell / "train" / "manifest.json", manifest)
    with pytest.raises(UserError, match=r"manifest\.json names the file '\.\./\.\./.*', which is no plain name"):
        publish(hub, results)


def test_a_dry_run_reaches_nobody(hub: Hub, unsharable: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(unsharable, "org/demo", dry_run=True)
    lines = capsys.readouterr().out.splitlines()
    assert hub.requests == []
    with pack(unsharable, "org/demo") as [parcel]:
        sizes = parcel.sizes()
    assert lines[0].startswith(f"dataset org/demo: {len(sizes)} files, ")
    assert lines[1 : len(sizes) + 1] == [f"{size:>12,}  {path}" for path, size in sizes.items()]
    assert all(line.startswith("    withheld  cells/") and ": " in line for line in lines[len(sizes) + 1 :])
    assert len(lines) == 1 + len(sizes) + len(parcel.withheld)
