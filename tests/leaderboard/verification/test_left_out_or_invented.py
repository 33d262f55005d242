"""Seeds that were left out or made up, and whole files or cells that lie where none belongs."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.measuring.measure import measure
from leaderboard.verification.outcome import outcomes
from leaderboard.verification.verify import verify
from leaderboard.verification.writing import as_json, faults, gaps, sentences
from polyskew.errors import UserError
from polyskew.files import write_json
from tests.leaderboard.synthetic import Kind
from tests.leaderboard.verification.caught import check
from tests.leaderboard.verification.whole import (
    REGISTERED,
    canonical,
    cell_id,
    edit_json,
    folder_of,
    grid_text,
    seal,
)


def told(results: Path) -> list[str]:
    return [note.sentence() for note in faults(verify(results, REGISTERED))]


def test_a_seed_that_was_copied_under_another_number_is_named(copy: Path) -> None:
    """The cell, its twin and its reference are copied, and all that names the seed is renamed; all is measured."""
    ids = {}
    for regime, weighting in (("balanced", "none"), ("imbalanced", "none"), ("imbalanced", "global")):
        for seed in (0, 2):
            ids[regime, weighting, seed] = cell_id(Kind(regime, "full", weighting, seed))
        source, new = (copy / "cells" / ids[regime, weighting, seed] for seed in (0, 2))
        shutil.copytree(source, new)
        form = canonical(Kind(regime, "full", weighting, 2))
        twin = ids["imbalanced", "none", 2] if weighting == "global" else None
        edit_json(new / "spec.json", id=new.name, seed=2, canonical=form, same_as=twin)
        if twin is None:
            edit_json(new / "provenance.json", asked=form)
            (new / "metrics.json").unlink()
    (copy / "grid.yaml").write_text(grid_text((0, 1)))
    measure(copy)
    found = told(copy)
    for regime in ("balanced", "imbalanced"):
        name = ids[regime, "none", 2]
        assert f"{name}/spec.json: is the same training as seed 0: its logits are the same" in found
    assert all("same training" in line for line in found)


@pytest.mark.parametrize(
    ("regime", "weighting"), [("imbalanced", "global"), ("imbalanced", "per_language"), ("balanced", "none")]
)
def test_a_seed_that_was_left_out_is_named_at_its_row(copy: Path, regime: str, weighting: str) -> None:
    shutil.rmtree(folder_of(copy, regime, weighting, 1))
    measure(copy)
    found = verify(copy, REGISTERED)
    first = folder_of(copy, regime, weighting).name
    text = "grid.yaml asks for the seeds 0, 1 of this row; no cell of 1 can be read here"
    assert [note.sentence() for note in faults(found)] == [f"{first}: {text}"]
    (row,) = [one for one in outcomes(found) if first in one.row.cells and one.row.weighting == weighting]
    assert row.outcome == "does not hold"


def test_a_row_that_was_left_out_is_named(copy: Path) -> None:
    for seed in (0, 1):
        shutil.rmtree(folder_of(copy, "imbalanced", "per_language", seed))
    shutil.rmtree(copy / "cells" / cell_id(Kind(None, "untuned", None, None)))
    row = "grid.yaml: asks for the row synthetic_reviews imbalanced synthetic-bert full per_language demo"
    end = ", of which no cell can be read here"
    found = told(copy)
    assert row + end in found
    assert f"grid.yaml: asks for the row synthetic_reviews synthetic-bert untuned{end}" in found


def test_a_row_without_its_reference_is_a_gap(copy: Path) -> None:
    for seed in (0, 1):
        shutil.rmtree(folder_of(copy, seed=seed))
    (copy / "grid.yaml").write_text(grid_text((0, 1)).replace("weightings:", "regimes: [imbalanced]\nweightings:"))
    text = (
        (copy / "grid.yaml").read_text().replace("exclude: [{regime: balanced, weighting: [global, per_language]}]", "")
    )
    (copy / "grid.yaml").write_text(text)
    measure(copy)
    found = verify(copy, REGISTERED)
    assert not faults(found)
    lacking = {note.cell for note in gaps(found) if "its reference cell" in note.text}
    assert lacking == {
        folder_of(copy, "imbalanced", name, seed).name for name in ("none", "global", "per_language") for seed in (0, 1)
    }


def test_a_folder_of_several_grids_has_the_cells_of_each(copy: Path) -> None:
    """A recipe's name is not compared: a merge gives cells that two grids call differently one name."""
    (copy / "grid.yaml").rename(copy / "grid-1.yaml")
    (copy / "grid-2.yaml").write_text(grid_text((1,)).replace("recipe: demo", "recipe: mine"))
    assert told(copy) == []
    (copy / "grid-2.yaml").write_text(grid_text((1, 2)))
    assert any(
        "grid-2.yaml asks for the seeds 1, 2 of this row; no cell of 2 can be read here" in line for line in told(copy)
    )


def test_points_that_are_included_and_recipes_that_change_one_method_are_understood(copy: Path) -> None:
    text = grid_text((0,)).replace("recipe: demo", "recipe: [demo, {name: other, by_method: {lora: {epochs: 9}}}]")
    (copy / "grid.yaml").write_text(f"{text}include: [{{seed: 1, recipe: demo}}]\n")
    found = verify(copy, REGISTERED)
    assert not faults(found)
    assert any(
        "full none other, of which no cell" in note.text and "trains it alike" in note.text for note in gaps(found)
    )


def _grid_of_millions() -> str:
    weightings = [f"w{number}" for number in range(500)]
    text = grid_text((0,)).replace("[0]", str(list(range(1200))))
    return text.replace("weightings: [none, global, per_language]", f"weightings: {weightings}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"\xff\xfe", "is not a grid (UnicodeDecodeError)"),
        (b"a: [", "is not a grid (ParserError)"),
        (b"version: 1\nname: x\n", "is not a grid (tasks: Field required)"),
        (_grid_of_millions().encode(), "asks for 1200000 cells"),
    ],
)
def test_a_broken_grid_is_named(copy: Path, text: bytes, complaint: str) -> None:
    (copy / "grid.yaml").write_bytes(text)
    assert any(line.startswith(f"grid.yaml: {complaint}") for line in told(copy))


def test_no_grid_is_a_gap_and_no_cell_is_wrong_input(copy: Path, tmp_path: Path) -> None:
    (copy / "grid.yaml").unlink()
    assert "grid.yaml: is not here, so nobody can tell which cells were left out" in [
        note.sentence() for note in gaps(verify(copy, REGISTERED))
    ]
    (tmp_path / "none" / "cells").mkdir(parents=True)
    with pytest.raises(UserError, match="has no cells"):
        verify(tmp_path / "none", REGISTERED)


def test_a_row_of_which_a_cell_cannot_be_read_does_not_hold(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced", "per_language", 1)
    (cell / "metrics.json").unlink()
    (cell / "metrics.json").mkdir()
    found = verify(copy, REGISTERED)
    (row,) = [one for one in outcomes(found) if one.row.weighting == "per_language"]
    assert row.outcome == "does not hold"
    assert any("metrics.json cannot be read (Is a directory)" in note.text for note in row.faults)


def test_what_only_the_board_reads_is_named_where_it_cannot(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced", "per_language", 1)
    (cell / "failure.json").write_text("[]")
    (line,) = told(copy)
    assert line.startswith(f"{cell.name}: ")
    assert "failure.json: the file: input should be an object" in line


def test_a_cell_whose_spec_cannot_be_read_may_be_of_any_row(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced", "per_language", 1)
    (cell / "spec.json").unlink()
    (cell / "spec.json").mkdir()
    (copy / "grid.yaml").unlink()
    found = verify(copy, REGISTERED)
    assert {one.outcome for one in outcomes(found)} == {"holds in part"}
    assert any("spec.json cannot be read" in line for line in [note.sentence() for note in faults(found)])


BOMB = pickle.dumps({"a": 1})


def write(place: str, content: bytes = BOMB) -> Callable[[Path], None]:
    def change(results: Path) -> None:
        path = results / place.format(cell=folder_of(results).name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return change


@pytest.mark.parametrize(
    ("place", "content", "text"),
    [
        ("cells/{cell}/training/evil.pkl", BOMB, "{cell}/training/evil.pkl: is a pickle"),
        ("cells/{cell}/attributing/x/a.bin", b"x", "{cell}/attributing/x/a.bin: is called like a pickle"),
        ("cells/{cell}/.x.tmp/a.json", BOMB, "{cell}/.x.tmp/a.json: is a pickle"),
        ("cells/{cell}/log.txt", BOMB, "{cell}/log.txt: is a pickle"),
        ("cells/{cell}/journal.jsonl", b"\xff", "{cell}/journal.jsonl: is no text"),
        ("cells/.evil/x.pkl", BOMB, "cells/.evil: belongs to no cell"),
        ("evil.pkl", BOMB, "evil.pkl: is a pickle"),
        ("README.md", BOMB, "README.md: is a pickle"),
        ("notes.txt", b"mine", "notes.txt: belongs to no results folder"),
        ("sub/pytorch_model.bin", BOMB, "sub: is a folder that results do not have"),
        (".cache/huggingface/evil.json", BOMB, ".cache/huggingface/evil.json: is a pickle"),
    ],
)
def test_what_lies_anywhere_and_does_not_belong_is_named(copy: Path, place: str, content: bytes, text: str) -> None:
    write(place, content)(copy)
    found = told(copy)
    assert any(line.startswith(text.format(cell=folder_of(copy).name)) for line in found), found


def test_what_programs_keep_is_no_fault(copy: Path) -> None:
    for place in (".gitattributes", "README.md", "task.yaml", ".cache/huggingface/download/board.csv.metadata"):
        write(place, b"x: 1\n")(copy)
    for place in ("cells/{cell}/.lock", "cells/{cell}/log.txt", "cells/{cell}/attributing/x/1.parquet"):
        write(place, b"")(copy)
    assert told(copy) == []


def test_checkpoints_of_a_training_that_is_not_finished_are_a_gap(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced", "per_language", 1)
    for stage in ("train", "predict", "features", "attributions"):
        shutil.rmtree(cell / stage)
    (cell / "metrics.json").unlink()
    write(f"cells/{cell.name}/training/checkpoint-1/optimizer.pt")(copy)
    found = check(copy, cell)
    assert found.faults == []
    assert any("checkpoints of a training that is not finished" in note.text for note in found.gaps)


def test_versions_in_conflict_are_checked_and_told(copy: Path) -> None:
    cell = folder_of(copy)
    for number in (1, 2):
        shutil.copytree(cell, copy / "conflicts" / f"{number:016x}" / cell.name)
    found = told(copy)
    assert found == [
        f"{cell.name}: 2 of its versions stand under conflicts/; put one in its place, and remove the others"
    ]
    (copy / "conflicts" / f"{1:016x}" / cell.name / "predict" / "predictions.parquet").write_bytes(BOMB)
    edit_json(copy / "conflicts" / f"{2:016x}" / cell.name / "spec.json", seed=7)
    (copy / "conflicts" / "stranger.txt").write_text("x")
    found = told(copy)
    place = f"conflicts/{1:016x}/{cell.name}/predict/predictions.parquet"
    assert any(line.startswith(f"{place}: is a pickle") for line in found)
    assert any(line.startswith(f"conflicts/{2:016x}/{cell.name}/spec.json: seed is 7") for line in found)
    assert "conflicts/stranger.txt: is no folder of versions" in found


def test_nothing_that_steers_a_terminal_is_written(copy: Path) -> None:
    cell = folder_of(copy)
    (cell / "predict" / "evil\x1b[2J\u202e.json").write_text("{}")
    (cell / "attributions" / "attributions.parquet").unlink()
    path = f"cells/{cell.name}/attributions/attributions.parquet"
    write_json(copy / "withheld.json", {"schema": 1, "files": {path: "private\x1b[H\n all rows hold"}})
    (copy / "cells" / "\udcff").mkdir()
    found = verify(copy, REGISTERED)
    lines = "".join(sentences(found))
    assert "evil\N{REPLACEMENT CHARACTER}[2J" in lines
    assert lines.isprintable()
    assert as_json(found).isascii()
    assert json.loads(as_json(found))["faults"]


def test_a_device_that_the_stage_does_not_have_is_named(copy: Path) -> None:
    cell = folder_of(copy)
    record: dict[str, Any] = json.loads((cell / "train" / "stage.json").read_text())
    write_json(cell / "train" / "stage.json", record | {"in_force": {"device": "cpu"}})
    edit_json(cell / "train" / "cost.json", device="cuda")
    seal(cell / "train")
    assert any("the device is 'cuda', but train/stage.json has 'cpu'" in note.text for note in check(copy, cell).faults)
