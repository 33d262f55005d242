"""What verifying says of folders that hold, of folders that lack files, and of what was published of them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from leaderboard.board import board
from leaderboard.measures import accuracy
from leaderboard.measures.base import Measure
from leaderboard.publishing.parquet import write_rows
from leaderboard.publishing.publish import pack
from leaderboard.verification.outcome import outcomes
from leaderboard.verification.verify import Verification, verify
from leaderboard.verification.writing import as_json, faults, sentences
from polyskew.errors import UserError
from tests.leaderboard.verification.whole import REGISTERED, edit_json, edit_table, folder_of

PREDICTIONS, ATTRIBUTIONS = "predict/predictions.parquet", "attributions/attributions.parquet"


def said(found: Verification) -> dict[tuple[str, str, str], str]:
    """The outcome of each row by its names."""
    return {(one.row.method, one.row.regime, one.row.weighting): one.outcome for one in outcomes(found)}


@pytest.fixture(scope="module")
def verified(whole: Path) -> Verification:
    return verify(whole, REGISTERED)


def test_a_folder_as_it_was_measured_holds(whole: Path, verified: Verification) -> None:
    assert faults(verified) == []
    assert set(said(verified).values()) == {"holds"}
    assert len(said(verified)) == len(board(whole).rows) == 5
    recorded = 0
    for path in (whole / "cells").glob("*/metrics.json"):
        recorded += sum(len(one["values"]) for one in json.loads(path.read_text())["measures"])
    assert f"{recorded} numbers of 9 cells were computed again and are as recorded, to the last digit" in sentences(
        verified
    )


def test_several_processes_find_the_same(whole: Path, verified: Verification) -> None:
    told: list[tuple[int, int]] = []
    found = verify(whole, REGISTERED, workers=2, progress=lambda done, of: told.append((done, of)))
    assert found == verified
    assert told == [(done, 9) for done in range(1, 10)]


def test_a_row_rests_on_the_cells_that_it_is_compared_with(copy: Path) -> None:
    path = folder_of(copy) / ATTRIBUTIONS
    path.write_bytes(path.read_bytes()[:-1])
    found = verify(copy, REGISTERED)
    assert said(found) == {
        ("untuned", "", ""): "holds",
        ("full", "balanced", "none"): "does not hold",
        ("full", "imbalanced", "none"): "does not hold",
        ("full", "imbalanced", "global"): "does not hold",
        ("full", "imbalanced", "per_language"): "does not hold",
    }
    assert {(note.cell, note.file) for note in faults(found)} >= {(folder_of(copy).name, ATTRIBUTIONS)}


def test_what_was_withheld_cannot_be_checked_and_the_rest_is(copy: Path) -> None:
    files = {}
    for cell in (copy / "cells").iterdir():
        if (cell / ATTRIBUTIONS).exists():
            (cell / ATTRIBUTIONS).unlink()
            files[f"cells/{cell.name}/{ATTRIBUTIONS}"] = "the texts may not be passed on"
    (copy / "withheld.json").write_text(json.dumps({"schema": 1, "files": files}))
    found = verify(copy, REGISTERED)
    assert not faults(found)
    assert said(found).pop(("untuned", "", "")) == "holds"
    assert [outcome for names, outcome in said(found).items() if names[0] != "untuned"] == ["holds in part"] * 4
    (row,) = [one for one in outcomes(found) if one.row.weighting == "per_language"]
    assert "accuracy" in row.recomputed
    assert "neutral_drift" not in row.recomputed
    assert f"  6 cells/{ATTRIBUTIONS}: withheld: the texts may not be passed on" in sentences(found)


def test_a_number_is_changed_where_its_artifact_was_withheld(copy: Path) -> None:
    """Nothing tells, and the row says that it cannot be checked."""
    cell = folder_of(copy, "imbalanced", "per_language")
    for stage in ("predict", "features", "attributions"):
        for path in (cell / stage).iterdir():
            if path.name not in ("manifest.json", "stage.json"):
                path.unlink()
    told = json.loads((cell / "metrics.json").read_text())
    told["measures"][0]["values"][0]["value"] = 0.99
    (cell / "metrics.json").write_text(json.dumps(told))
    found = verify(copy, REGISTERED)
    (row,) = [one for one in outcomes(found) if one.row.weighting == "per_language"]
    assert row.outcome == "holds in part", "the other seed was computed again"
    missing = [
        note.file for note in row.gaps if "withheld.json does not say why" in note.text and note.cell == cell.name
    ]
    assert missing == [
        "predict/predictions.parquet",
        "features/test.parquet",
        "features/test.safetensors",
        ATTRIBUTIONS,
    ]


def test_numbers_of_another_version_are_not_called_wrong(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "MEASURE", Measure("accuracy", 99, "share"))
    found = verify(copy, REGISTERED)
    assert not faults(found)
    assert set(said(found).values()) == {"holds", "holds in part"}
    assert any(
        "accuracy was measured by version 1; this polyskew computes version 99" in line for line in sentences(found)
    )


def test_a_cell_that_was_not_measured_or_not_run_is_no_fault(copy: Path) -> None:
    (folder_of(copy, "imbalanced") / "metrics.json").unlink()
    waiting = folder_of(copy, "imbalanced", "per_language")
    for path in waiting.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "spec.json":
            path.unlink()
    found = verify(copy, REGISTERED)
    assert not faults(found)


def test_a_folder_of_an_earlier_version_that_does_not_say_what_was_asked_holds(copy: Path) -> None:
    for path in (copy / "cells").glob("*/spec.json"):
        edit_json(path, asked={})
    found = verify(copy, REGISTERED)
    assert not faults(found)
    assert set(said(found).values()) == {"holds"}


def test_no_results_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a results folder"):
        verify(tmp_path, REGISTERED)


def test_a_cell_without_spec_or_with_a_broken_one_is_named(copy: Path) -> None:
    (folder_of(copy) / "spec.json").write_text("{")
    (copy / "cells" / "empty").mkdir()
    found = verify(copy, REGISTERED)
    told = [note.sentence() for note in faults(found)]
    assert "empty/spec.json: is missing" in told
    assert any(line.startswith(f"{folder_of(copy).name}/spec.json: is not valid JSON") for line in told)


@pytest.mark.parametrize("name", ["../outside.json", "/etc/hostname"])
def test_a_withheld_path_that_leads_out_is_named(copy: Path, name: str) -> None:
    (copy / "withheld.json").write_text(json.dumps({"schema": 1, "files": {name: "why"}}))
    (note,) = faults(verify(copy, REGISTERED))
    assert note.sentence() == f"withheld.json: names {name!r}, which is no path within the folder"


def write_boards(results: Path) -> None:
    found = board(results)
    (results / "board.csv").write_text(found.to_csv())
    (results / "board.json").write_text(found.to_json())
    (results / "board.md").write_text(found.to_markdown())
    (results / "board.tex").write_text(found.to_latex())
    (results / "board.html").write_text(found.to_html())
    write_rows(found, results / "rows.parquet")


def test_published_boards_as_they_were_written_hold(copy: Path) -> None:
    write_boards(copy)
    assert not faults(verify(copy, REGISTERED))


def test_a_folder_that_goes_out_holds_where_nothing_was_withheld(copy: Path, tmp_path: Path) -> None:
    for path in copy.glob("cells/*/spec.json"):
        edit_json(path, redistribute=False)
    with pack(copy, "org/name") as (parcel, *_):
        shutil.copytree(parcel.folder, tmp_path / "pulled")  # links become files, as an upload makes them
    found = verify(tmp_path / "pulled", REGISTERED)
    assert not faults(found)
    outcome = said(found)
    assert outcome.pop(("untuned", "", "")) == "holds"
    assert set(outcome.values()) == {"holds in part"}


def raise_first_accuracy(path: Path) -> None:
    def change(columns: dict[str, list[Any]]) -> None:
        place = next(place for place, value in enumerate(columns["accuracy"]) if value is not None)
        columns["accuracy"][place] += 0.01

    if path.suffix == ".parquet":
        edit_table(path, change)
    elif path.suffix == ".json":
        told = json.loads(path.read_text())
        told["rows"][1]["numbers"]["accuracy"]["value"] += 0.01
        path.write_text(json.dumps(told))
    else:
        accuracy = next(row.numbers["accuracy"].value for row in board(path.parent).rows if row.method == "full")
        shown = f"{accuracy:.9g}" if path.suffix == ".csv" else f"{accuracy:.3f}".removeprefix("0")
        text = path.read_text()
        assert shown in text
        path.write_text(text.replace(shown, shown[:-1] + str((int(shown[-1]) + 1) % 10), 1))


@pytest.mark.parametrize("name", ["board.csv", "board.json", "board.md", "board.tex", "board.html", "rows.parquet"])
def test_a_changed_number_in_a_published_board_is_named(copy: Path, name: str) -> None:
    write_boards(copy)
    raise_first_accuracy(copy / name)
    (note,) = faults(verify(copy, REGISTERED))
    assert (note.cell, note.file) == ("", name)
    assert "by the cells it is" in note.text


def test_a_board_that_lost_a_row_is_named(copy: Path) -> None:
    write_boards(copy)
    lines = (copy / "board.csv").read_text().splitlines(keepends=True)
    (copy / "board.csv").write_text("".join(lines[:-1]))
    (note,) = faults(verify(copy, REGISTERED))
    assert note.sentence().startswith("board.csv: lacks row 5")


def test_an_index_that_gives_another_board_is_named(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leaderboard.reading import index

    monkeypatch.setattr(index, "_SETTLED", 0.0)
    board(copy)
    true = index._stamp
    changed = folder_of(copy, "imbalanced") / "metrics.json"
    stamps = {path.name: true(path) for path in (copy / "cells").iterdir()}
    told = json.loads(changed.read_text())
    told["measures"][0]["values"][0]["value"] += 0.1
    changed.write_text(json.dumps(told))
    monkeypatch.setattr(index, "_stamp", lambda folder: stamps[folder.name])  # as if somebody forged the stamps
    assert any(note.file == ".index" and "another board" in note.text for note in faults(verify(copy, REGISTERED)))


def test_links_beside_the_cells_are_named(copy: Path) -> None:
    (copy / "more").symlink_to(copy.parent)
    (note,) = faults(verify(copy, REGISTERED))
    assert note.sentence().startswith("more: is a link to")


def test_the_json_has_every_row_and_every_fault(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced")
    edit_json(cell / "spec.json", seed=5)
    told = json.loads(as_json(verify(copy, REGISTERED)))
    assert told["schema"] == 1
    assert {row["outcome"] for row in told["rows"] if cell.name in row["cells"]} == {"does not hold"}
    assert any(note["cell"] == cell.name and "seed is 5" in note["text"] for note in told["faults"])


def doubled_csv(path: Path) -> None:
    lines = [line.split(",") for line in board(path.parent).to_csv().splitlines()]
    place = lines[0].index("accuracy")
    path.write_text("\n".join(",".join([*line[:place], "accuracy", *line[place:]]) for line in lines[:1]) + "\n")


def doubled_json(path: Path) -> None:
    path.write_text(board(path.parent).to_json().replace('"accuracy": {', '"accuracy": {"value": 0.99, ', 1))


def doubled_parquet(path: Path) -> None:
    write_rows(board(path.parent), path)
    table = pyarrow.parquet.read_table(path)
    place = table.column_names.index("accuracy")
    column = pyarrow.array([0.99] * table.num_rows)
    pyarrow.parquet.write_table(table.add_column(place, "accuracy", column), path)


def long_field(path: Path) -> None:
    path.write_text("a" * 200_000)


@pytest.mark.parametrize(
    ("name", "write", "text"),
    [
        ("board.csv", doubled_csv, "the column 'accuracy' stands twice"),
        ("board.json", doubled_json, "the key 'value' stands twice"),
        ("rows.parquet", doubled_parquet, "has the column 'accuracy' twice"),
        ("board.csv", long_field, "is not a board in the form csv"),
    ],
)
def test_a_published_board_with_a_name_twice_is_named(
    copy: Path, name: str, write: Callable[[Path], None], text: str
) -> None:
    write(copy / name)
    (note,) = faults(verify(copy, REGISTERED))
    assert note.file == name
    assert text in note.text
