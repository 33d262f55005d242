"""The command line: what it prints, and one clear sentence and status 2 where the user's input is wrong."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.run import cells, record
from polyskew.files import write_json
from polyskew.yamls import validate
from tests.benchmark import world


def told(result: tuple[int, str, str]) -> str:
    """The one sentence of a user's mistake."""
    status, out, err = result
    assert status == 2, err
    assert err.startswith("polyskew: ")
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    return err.removeprefix("polyskew: ").rstrip("\n")


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_wrong_grid_is_told(polyskew: Any, command: str, tmp_path: Path, reviews: Path, bert: Path) -> None:
    assert "there is no grid called 'dmo'" in told(polyskew(command, "dmo"))
    assert "did you mean 'demo'" in told(polyskew(command, "dmo"))
    assert "none.yaml does not exist" in told(polyskew(command, "none.yaml"))
    content = world.grid_of(reviews, bert)
    grid = world.write_grid(tmp_path / "grid.yaml", content)
    line = len(grid.read_text().splitlines()) + 1
    grid.write_text(grid.read_text() + "methodes: [lora]\n")
    assert told(polyskew(command, "grid.yaml")) == (
        f"grid.yaml:{line}: unknown key 'methodes'; did you mean 'methods'?"
    )
    world.write_grid(grid, {**content, "methods": ["lorra"]})
    assert told(polyskew(command, "grid.yaml")).endswith(
        "methods.0: there is no method called 'lorra'; did you mean 'lora'?"
    )
    world.write_grid(grid, {**content, "methods": [{"use": "lora", "options": {"rnk": 3}}]})
    assert told(polyskew(command, "grid.yaml")).startswith("grid.yaml:")
    world.write_grid(grid, {**content, "models": ["no-such-model"]})
    assert "no-such-model" in told(polyskew(command, "grid.yaml"))
    world.write_grid(grid, {**content, "tasks": ["no_such_task"]})
    assert "no_such_task" in told(polyskew(command, "grid.yaml"))
    world.write_grid(grid, {**content, "exclude": [{"regime": "switched"}]})
    assert "matches no cell" in told(polyskew(command, "grid.yaml"))
    assert not (tmp_path / "results").exists(), "nothing was written"


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_missing_data_folder_is_told(
    polyskew: Any, command: str, tmp_path: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POLYSKEW_TEST_DATA", raising=False)
    task = world.write_task(
        tmp_path,
        source={"files": dict.fromkeys(("train", "validation", "test"), "${POLYSKEW_TEST_DATA}/x.csv")},
        columns={"language": "language"},
    )
    world.write_grid(tmp_path / "grid.yaml", world.grid_of(task, bert))
    assert "POLYSKEW_TEST_DATA" in told(polyskew(command, "grid.yaml"))
    monkeypatch.setenv("POLYSKEW_TEST_DATA", str(tmp_path / "nowhere"))
    assert "x.csv" in told(polyskew(command, "grid.yaml"))


def test_missing_results_and_cells_are_told(polyskew: Any, tmp_path: Path, reviews: Path, bert: Path) -> None:
    assert "nowhere" in told(polyskew("board", "nowhere"))
    assert "'abc'" in told(polyskew("show", "abc"))
    grid = validate(world.grid_of(reviews, bert), GridSpec, "grid")
    specs = expand(grid)
    record(grid, specs, tmp_path / "results" / "tiny")
    assert "9 cells have an id that begins with ''" in told(polyskew("show", ""))
    for pattern in ("*", "../..", "[", "**"):
        assert repr(pattern) in told(polyskew("show", pattern))
    status, out, _ = polyskew("show", specs[1].id[:10])
    assert status == 0
    assert specs[1].id in out
    assert "Nothing was measured yet" in out
    status, out, _ = polyskew("show", tmp_path / "results" / "tiny" / "cells" / specs[0].id)
    assert status == 0
    assert "untuned" in out


def test_wrong_usage_is_status_2(polyskew: Any) -> None:
    for arguments in (["fly"], ["run"], ["list", "colours"], ["run", "demo", "--workers", "0"], ["run", "--fast"]):
        status, _, err = polyskew(*arguments)
        assert status == 2, arguments
        assert "Traceback" not in err


def test_a_plan_counts_cells_and_rows(polyskew: Any, tmp_path: Path, reviews: Path, bert: Path) -> None:
    world.write_grid(tmp_path / "grid.yaml", world.grid_of(reviews, bert))
    status, out, _ = polyskew("plan", "grid.yaml")
    assert status == 0
    assert "9 cells: 0 done, 2 identical to another, 7 to run; results in results/tiny" in " ".join(out.split())
    grid = validate(world.grid_of(reviews, bert), GridSpec, "grid")
    for spec in expand(grid):
        assert spec.id in out
        if spec.work().id != spec.id:
            assert f"same as {spec.work().id}" in out
    rows = [line.split() for line in out.splitlines() if "tiny_reviews" in line and "120" in line.split()]
    found = [[part for part in row if part not in ("│", "┃")] for row in rows]
    assert found == [["tiny_reviews", regime, "120", "30", "40", "0"] for regime in ("balanced", "imbalanced")]
    assert not (tmp_path / "results").exists(), "a plan writes nothing"


def test_a_plan_counts_work_whose_own_cell_is_not_in_the_grid(
    polyskew: Any, tmp_path: Path, reviews: Path, bert: Path
) -> None:
    content = world.grid_of(reviews, bert, regimes=["balanced"], weightings=["global", "per_language"])
    content |= {"methods": ["full"], "seeds": [0]}
    world.write_grid(tmp_path / "grid.yaml", content)
    status, out, err = polyskew("plan", "grid.yaml")
    assert status == 0, err
    grid = validate(content, GridSpec, "grid")
    untuned, first, second = expand(grid)
    assert first.work().id == second.work().id not in {untuned.id, first.id, second.id}
    assert "3 cells: 0 done, 1 identical to another, 2 to run" in " ".join(out.split())


def test_a_plan_says_what_is_done(polyskew: Any, tmp_path: Path, reviews: Path, bert: Path) -> None:
    content = world.grid_of(reviews, bert, regimes=["balanced"], weightings=["none"], methods=["full"])
    world.write_grid(tmp_path / "grid.yaml", content)
    grid = validate(content, GridSpec, "grid")
    cell = cells(grid, expand(grid), tmp_path / "results" / "tiny")[1]
    from benchmark.stages import DATA, STAGE_FILE
    from polyskew.files import atomic_folder

    with atomic_folder(cell.folder / "data") as out:
        write_json(out / STAGE_FILE, {"asked": DATA.asked(cell)})
    status, out, _ = polyskew("plan", "grid.yaml")
    assert status == 0
    lines = out.splitlines()
    at = next(place for place, line in enumerate(lines) if cell.spec.id in line)
    todo = " ".join(" ".join(lines[at : at + 2]).replace("│", " ").split())
    assert "train, predict, features, attributions" in todo
    assert "data" not in todo


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("tasks", ["demo_reviews", "xnli", "amazon_reviews", "demo_nli"]),
        ("methods", ["full", "lora", "houlsby"]),
        ("weightings", ["none", "global", "per_language"]),
        ("regimes", ["balanced", "natural", "imbalanced", "switched"]),
        ("models", ["tiny-polyglot", "mbert", "xlm-r"]),
        ("recipes", ["paper", "small"]),
        ("grids", ["demo"]),
        ("metrics", ["accuracy"]),
    ],
)
def test_lists(polyskew: Any, kind: str, words: list[str]) -> None:
    status, out, err = polyskew("list", kind)
    assert status == 0, err
    for word in words:
        assert word in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_an_output_that_takes_no_more_is_told() -> None:
    command = [sys.executable, "-c", "from benchmark.cli import main; main()", "list", "losses"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == "polyskew: a file or the output cannot be read or written (no space left on device)\n"


def test_help_names_every_command(polyskew: Any) -> None:
    status, out, _ = polyskew("--help")
    assert status == 0
    for command in ("run", "plan", "board", "show", "list"):
        assert command in out
