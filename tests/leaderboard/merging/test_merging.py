"""Uniting results folders: lawful whatever they hold, and lossless; and what becomes of numbers and conflicts."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.board import board
from leaderboard.merging.merge import merge, unite
from leaderboard.verification.verify import verify
from leaderboard.verification.writing import faults
from polyskew.canonical import digest
from polyskew.errors import UserError
from polyskew.files import atomic_folder, write_json
from tests.leaderboard.verification.whole import REGISTERED, STAGES, edit_json, folder_of, grid_text, seal, write_whole

Tree = dict[str, bytes]
MATRIX = [[0.1, -0.1], [-0.1, 0.1]]


def tree(folder: Path) -> Tree:
    """All files of a folder by their path; the index and locks are nobody's content."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_tiny(
    results: Path, number: int, contents: tuple[int, ...], asked: int, recipe: str, skews: list[str]
) -> None:
    """One cell of small files: as many finished stages as there are contents."""
    form = {"task": {"name": "tiny"}, "seed": number}
    folder = results / "cells" / digest(form)
    spec = {
        "schema": 1,
        "id": folder.name,
        "task": "tiny",
        "task_version": 1,
        "regime": "balanced",
        "model": "m",
        "method": "full",
        "weighting": "none",
        "seed": number,
        "recipe": recipe,
        "canonical": form,
        "languages": ["fr", "en"],
        "labels": ["0", "1"],
        "group": f"g{asked}",
        "asked": {"predict": {"version": asked}},
        "skew": dict.fromkeys(skews, MATRIX),
    }
    write_json(folder / "spec.json", spec)
    for stage, content in zip(STAGES, contents, strict=False):
        with atomic_folder(folder / stage) as out:
            write_json(out / "content.json", {"content": content})
    if contents:
        (folder / "log.txt").write_text(f"{recipe}\n")


CELLS = st.fixed_dictionaries(
    {
        "number": st.integers(0, 1),
        "contents": st.lists(st.integers(0, 1), max_size=3).map(tuple),
        "asked": st.integers(0, 1),
        "recipe": st.sampled_from(["", "small", "mine"]),
        "skews": st.lists(st.sampled_from(["imbalanced", "switched"]), unique=True),
    }
)
FOLDERS = st.lists(CELLS, max_size=2, unique_by=lambda cell: cell["number"])


def with_folders(check: Callable[..., None], *contents: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folders = []
        for place, cells in enumerate(contents):
            folder = Path(temporary, f"source{place}")
            (folder / "cells").mkdir(parents=True)
            (folder / "grid.yaml").write_text(f"name: grid{len(cells)}\n")
            for cell in cells:
                write_tiny(folder, **cell)
            folders.append(folder)

        def united(*sources: Path) -> Path:
            out = Path(tempfile.mkdtemp(dir=temporary))
            (out / "cells").mkdir()
            unite(list(sources), out)
            return out

        check(united, *folders)


LAWS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWS
@given(FOLDERS, FOLDERS)
def test_the_order_means_nothing_and_a_folder_twice_is_a_folder_once(a: list[Any], b: list[Any]) -> None:
    def check(united: Callable[..., Path], one: Path, other: Path) -> None:
        both = united(one, other)
        assert tree(both) == tree(united(other, one)) == tree(united(one, other, one)) == tree(united(both, both))
        assert tree(both) == tree(united(both, one)) == tree(united(both))

    with_folders(check, a, b)


@LAWS
@given(FOLDERS, FOLDERS, FOLDERS)
def test_it_does_not_matter_what_is_united_first(a: list[Any], b: list[Any], c: list[Any]) -> None:
    def check(united: Callable[..., Path], one: Path, two: Path, three: Path) -> None:
        whole = tree(united(one, two, three))
        assert whole == tree(united(united(one, two), three)) == tree(united(one, united(two, three)))

    with_folders(check, a, b, c)


@LAWS
@given(FOLDERS, FOLDERS)
def test_no_file_of_a_stage_is_lost(a: list[Any], b: list[Any]) -> None:
    def check(united: Callable[..., Path], one: Path, other: Path) -> None:
        out = united(one, other)
        there = {(*path.split("/")[-3:], content) for path, content in tree(out).items()}
        for source in (one, other):
            for path, content in tree(source / "cells").items():
                if path.count("/") == 2:
                    assert (*path.split("/"), content) in there
                if path.endswith("spec.json"):
                    united_spec = json.loads((out / "cells" / path).read_text())
                    assert json.loads(content)["skew"].items() <= united_spec["skew"].items()

    with_folders(check, a, b)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people's halves, seed 0 and seed 1, each measured by itself; and both as one would have run them."""
    folder = tmp_path_factory.mktemp("parts")
    for name, seeds in (("seed0", (0,)), ("seed1", (1,)), ("both", (0, 1))):
        write_whole(folder / name, seeds)
    return folder


def test_two_halves_give_the_board_of_the_whole(parts: Path, tmp_path: Path) -> None:
    """The untuned model stands in both; placebos are measured now that there are two seeds."""
    merged = merge([parts / "seed0", parts / "seed1"], tmp_path / "all")
    assert (merged.cells, merged.common, merged.conflicts, merged.unmeasured) == (9, 1, (), "")
    assert board(tmp_path / "all").rows == board(parts / "both").rows
    assert not faults(verify(tmp_path / "all", REGISTERED))
    grids = [path.read_text() for path in (tmp_path / "all").glob("grid-*.yaml")]
    assert sorted(grids) == [grid_text((0,)), grid_text((1,))]


def trained_again(results: Path, out: Path, file: str, **changes: Any) -> Path:
    shutil.copytree(results, out)
    edit_json(folder_of(out) / file, **changes)
    seal(folder_of(out) / file.split("/")[0])
    return folder_of(out)


def test_a_cell_that_was_trained_twice_is_a_conflict_and_both_are_kept(parts: Path, tmp_path: Path) -> None:
    first = parts / "seed0"
    again = trained_again(first, tmp_path / "again", "train/cost.json", seconds=99.0)
    merged = merge([first, tmp_path / "again"], tmp_path / "all")
    (conflict,) = merged.conflicts
    assert conflict.cell == again.name
    assert conflict.name == "synthetic_reviews synthetic-bert full balanced none seed 0"
    assert conflict.text == "only the records of training differ; predictions, features and attributions are the same"
    assert {origins for _, origins in conflict.versions} == {(first,), (tmp_path / "again",)}
    for place, (origin,) in conflict.versions:
        for stage in STAGES:
            assert tree(tmp_path / "all" / place / stage) == tree(origin / "cells" / again.name / stage)
    rows = {(row.method, row.regime, row.weighting): row for row in board(tmp_path / "all").rows}
    assert rows["full", "balanced", "none"].status == "failed"
    assert "2 versions stand under conflicts/" in rows["full", "balanced", "none"].notes[0]
    assert rows["full", "imbalanced", "none"].numbers["accuracy"].value is not None
    assert rows["full", "imbalanced", "none"].numbers["accuracy_difference"].value is None


def test_a_conflict_is_settled_by_putting_one_version_in_its_place(parts: Path, tmp_path: Path) -> None:
    first = parts / "seed0"
    again = trained_again(first, tmp_path / "again", "train/cost.json", seconds=99.0)
    out = tmp_path / "all"
    (conflict,) = merge([first, tmp_path / "again"], out).conflicts
    (place,) = [place for place, origins in conflict.versions if origins == (first,)]
    shutil.rmtree(out / "cells" / again.name)
    (out / place).rename(out / "cells" / again.name)
    shutil.rmtree(out / "conflicts")
    assert merge([out], tmp_path / "settled").conflicts == ()
    assert board(tmp_path / "settled").rows == board(first).rows


def test_a_conflict_says_which_results_differ(parts: Path, tmp_path: Path) -> None:
    trained_again(
        parts / "seed0",
        tmp_path / "again",
        "data/tokens.json",
        fr={"tokens_per_text": 3.0, "unknown_share": 0.0, "truncated_share": 0.0},
    )
    (conflict,) = merge([parts / "seed0", tmp_path / "again"], tmp_path / "all").conflicts
    assert conflict.text == "they differ in data/tokens.json"


def test_the_cell_that_is_further_along_is_taken(parts: Path, tmp_path: Path) -> None:
    behind = Path(shutil.copytree(parts / "seed0", tmp_path / "behind"))
    shutil.rmtree(folder_of(behind) / "attributions")
    (folder_of(behind) / "metrics.json").unlink()
    write_json(folder_of(behind) / "failure.json", {"stage": "attributions", "kind": "out of memory"})
    merged = merge([behind, parts / "seed0"], tmp_path / "all")
    assert not merged.conflicts
    assert board(tmp_path / "all").rows == board(parts / "seed0").rows


def test_numbers_that_contradict_each_other_are_measured_again(parts: Path, tmp_path: Path) -> None:
    forged = Path(shutil.copytree(parts / "seed0", tmp_path / "forged"))
    told = json.loads((folder_of(forged) / "metrics.json").read_text())
    told["measures"][0]["values"][0]["value"] = 0.99
    (folder_of(forged) / "metrics.json").write_text(json.dumps(told))
    merge([forged, parts / "seed0"], tmp_path / "all")
    assert board(tmp_path / "all").rows == board(parts / "seed0").rows
    for results in (forged, parts / "seed0"):
        (folder_of(results) / "predict" / "predictions.parquet").rename(tmp_path / f"{results.name}.parquet")
    try:
        with pytest.raises(UserError, match=r"accuracy of cell .*predictions.parquet, which would tell, is in"):
            merge([forged, parts / "seed0"], tmp_path / "none")
    finally:
        path = folder_of(parts / "seed0") / "predict" / "predictions.parquet"
        (tmp_path / "seed0.parquet").rename(path)
    assert not (tmp_path / "none").exists()


def test_what_one_withheld_comes_from_the_other(parts: Path, tmp_path: Path) -> None:
    published = Path(shutil.copytree(parts / "seed0", tmp_path / "published"))
    file = "attributions/attributions.parquet"
    (folder_of(published) / file).unlink()
    path = f"cells/{folder_of(published).name}/{file}"
    write_json(published / "withheld.json", {"schema": 1, "files": {path: "not to be passed on"}})
    merge([published], tmp_path / "alone")
    assert json.loads((tmp_path / "alone" / "withheld.json").read_text())["files"] == {path: "not to be passed on"}
    assert board(tmp_path / "alone").rows == board(parts / "seed0").rows, "what was measured stays"
    merge([published, parts / "seed0"], tmp_path / "all")
    assert not (tmp_path / "all" / "withheld.json").exists()
    assert (tmp_path / "all" / path).exists()


def test_other_shares_under_one_regimes_name_are_refused(parts: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(parts / "seed0", tmp_path / "other"))
    edit_json(folder_of(other) / "spec.json", skew={"imbalanced": [[0.0] * 5] * 6})
    with pytest.raises(UserError, match=r"the regime 'imbalanced' of cell .* has other shares in"):
        merge([parts / "seed0", other], tmp_path / "all")
    assert not list(tmp_path.glob("*all*"))


def test_grids_that_differ_are_all_kept(parts: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(parts / "seed0", tmp_path / "other"))
    (other / "grid.yaml").write_text("version: 1\nname: other\n")
    merge([parts / "seed0", other], tmp_path / "all")
    grids = [path.read_text() for path in (tmp_path / "all").glob("grid-*.yaml")]
    assert sorted(grids) == ["version: 1\nname: other\n", grid_text((0,))]


@pytest.mark.parametrize("broken", [lambda path: path.write_bytes(b"\xff\xfe"), Path.mkdir])
def test_a_grid_that_cannot_be_read_is_one_sentence(
    broken: Callable[[Path], object], parts: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(parts / "seed0", tmp_path / "other"))
    broken(other / "grid-2.yaml")
    with pytest.raises(UserError, match=r"grid-2.yaml cannot be read as UTF-8 text"):
        merge([parts / "seed0", other], tmp_path / "all")
    assert not list(tmp_path.glob("*all*"))


def test_folders_without_cells_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "cells").mkdir(parents=True)
    with pytest.raises(UserError, match=r"there are no cells in .*one, .*other"):
        merge([tmp_path / "one", tmp_path / "other"], tmp_path / "all")
    assert {path.name for path in tmp_path.iterdir()} == {"one", "other"}


def test_fewer_files_made_for_another_spec_are_a_conflict(tmp_path: Path) -> None:
    """What was asked for differs, so nobody can say that one version holds all that the other says."""
    cell: dict[str, Any] = {"number": 0, "recipe": "", "skews": []}
    for name, contents, asked in (("behind", (0,), 1), ("ahead", (0, 1), 0), ("planned", (), 1)):
        write_tiny(tmp_path / name, contents=contents, asked=asked, **cell)
    (conflict,) = unite([tmp_path / "behind", tmp_path / "ahead"], tmp_path / "both").conflicts
    assert conflict.text == "one has all files of the other and more, and spec.json differs in group, asked"
    assert len(conflict.versions) == 2
    assert not unite([tmp_path / "planned", tmp_path / "ahead"], tmp_path / "all").conflicts


def test_a_broken_source_and_a_folder_that_is_there_are_refused(parts: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError, match="there is there already"):
        merge([parts / "seed0"], tmp_path / "there")
    with pytest.raises(UserError, match="is not a results folder"):
        merge([tmp_path / "there"], tmp_path / "all")
    broken = Path(shutil.copytree(parts / "seed0", tmp_path / "broken"))
    (folder_of(broken) / "predict" / "predictions.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"predict/predictions.parquet: has 4 bytes; .* `polyskew verify`"):
        merge([broken], tmp_path / "all")
    assert not list(tmp_path.glob("*all*"))
