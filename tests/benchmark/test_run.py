"""A whole grid through worker processes: run once, killed and gone on with, by two runs at once, with failures."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from benchmark.cell import run_cell
from benchmark.cli import main
from benchmark.expansion import expand
from benchmark.grid import load_grid
from benchmark.run import cells, run
from polyskew.files import is_complete, read_json
from tests.benchmark import world

ROOT = Path(__file__).parents[2]
STAGES = ["data", "train", "predict", "features", "attributions"]


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory, reviews: Path, bert: Path) -> Path:
    folder = tmp_path_factory.mktemp("grid")
    return world.write_grid(folder / "tiny.yaml", world.grid_of(reviews, bert))


@pytest.fixture(scope="module")
def finished(grid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grid's results, of one uninterrupted run with two workers."""
    results = tmp_path_factory.mktemp("finished") / "results"
    process = start(grid, results, workers=2)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert said.count(": done (") == 7, said
    return results


def events(results: Path) -> dict[str, Counter[tuple[str, str]]]:
    """By cell, how often each (stage, event) stands in the journal."""
    found = {}
    for path in sorted(results.glob("cells/*/journal.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        found[path.parent.name] = Counter((line["stage"], line["event"]) for line in lines)
    return found


def artifacts(results: Path) -> dict[str, str]:
    """The checksums of all that is measured on, by relative name."""
    patterns = ("data/*", "predict/*.parquet", "features/*.parquet", "features/*.safetensors", "attributions/*.parquet")
    return {
        path.relative_to(results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in patterns
        for path in sorted(results.glob(f"cells/*/{pattern}"))
        if path.name not in ("manifest.json", "stage.json")
    }


def test_every_cell_has_what_was_asked_and_what_came_of_it(finished: Path, grid: Path) -> None:
    spec = load_grid(str(grid))
    assert yaml.safe_load((finished / "grid.yaml").read_text())["name"] == "tiny"
    asked = expand(spec)
    assert len(asked) == 9
    assert {path.parent.name for path in finished.glob("cells/*/spec.json")} == {cell.id for cell in asked}
    for cell in asked:
        folder = finished / "cells" / cell.id
        found = read_json(folder / "spec.json")
        assert found["schema"] == 1
        assert found["id"] == cell.id
        assert (found["task"], found["model"], found["method"]) == ("tiny_reviews", "tiny", cell.method.name)
        weighting = None if cell.weighting is None else cell.weighting.name
        assert (found["regime"], found["weighting"], found["seed"]) == (cell.regime, weighting, cell.seed)
        assert found["languages"] == ["fr", "en"]
        work = cell.work()
        assert found["same_as"] == (None if work.id == cell.id else work.id)
        if cell.regime == "imbalanced":
            assert found["shares"][0] == pytest.approx([1 / 15, 2 / 15, 3 / 15, 4 / 15, 5 / 15])
            # d = P[l, c] - P[c], and P[c] is 1/5 for labels that mirror each other in two languages.
            assert found["skew"]["imbalanced"][0] == pytest.approx([-2 / 15, -1 / 15, 0, 1 / 15, 2 / 15])
        elif cell.regime == "balanced":
            assert found["shares"] == [[0.2] * 5] * 2
            assert list(found["skew"]) == ["imbalanced"]
        if found["same_as"]:
            assert not (folder / "data").exists()
            continue
        stages = ["data", "features"] if cell.untuned else STAGES
        assert events(finished)[cell.id] == Counter(
            {(stage, event): 1 for stage in stages for event in ("started", "finished")}
        )
        assert all(is_complete(folder / stage) for stage in stages)
        assert (folder / "provenance.json").exists()
        assert (folder / "metrics.json").exists()
        assert not (folder / "failure.json").exists()
        assert (folder / "weights").exists() == (cell.method.use == "lora")
    same = [cell for cell in asked if cell.work().id != cell.id]
    assert {(cell.regime, str(cell.weighting)) for cell in same} == {("balanced", "per_language")}


def test_cells_of_one_group_differ_in_regime_weighting_and_seed_alone(finished: Path) -> None:
    specs = [read_json(path) for path in finished.glob("cells/*/spec.json")]
    groups: dict[str, set[str]] = {}
    for spec in specs:
        groups.setdefault(spec["method"], set()).add(spec["group"])
    assert all(len(found) == 1 for found in groups.values())
    assert len({next(iter(found)) for found in groups.values()}) == len(groups)


def test_test_rows_are_the_same_in_every_cell(finished: Path) -> None:
    tables = [pd.read_parquet(path)[["id", "language", "label"]] for path in finished.glob("cells/*/predict/*.parquet")]
    assert len(tables) == 6
    assert all(table.equals(tables[0]) for table in tables)


def test_a_second_run_does_nothing(finished: Path, grid: Path) -> None:
    def state() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in finished.glob("cells/*/**/*") if path.is_file()}

    before = state()
    tally = run(str(grid), finished, workers=1)
    assert (tally.done, tally.failed) == ([], [])
    assert state() == before


def test_finished_cells_are_shown_and_ranked(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in finished.glob("cells/*/spec.json"):
        monkeypatch.setattr(sys, "argv", ["polyskew", "show", path.parent.name, "--results", str(finished)])
        with pytest.raises(SystemExit, match=r"^0$"):
            main()
        out = capsys.readouterr().out
        assert path.parent.name in out
        assert ("identical" in out) == (read_json(path)["same_as"] is not None)
        assert ("accuracy v" in out) == (path.parent / "predict").exists()
    for name in ("table", "md", "csv", "json"):
        monkeypatch.setattr(sys, "argv", ["polyskew", "board", str(finished), "--format", name])
        with pytest.raises(SystemExit, match=r"^0$"):
            main()
        out = capsys.readouterr().out
        assert "lora" in out
        assert "per_language" in out


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}


def start(grid: Path, results: Path, workers: int = 1, *, all_cores: bool = False) -> subprocess.Popen[str]:
    """Start ``polyskew run`` in a process group of its own.

    On one core each worker has one thread, whatever their number, and all runs give the same bits.
    """
    every = os.sched_getaffinity(0)
    cores = every if all_cores else {random.choice(sorted(every))}

    def before() -> None:
        os.sched_setaffinity(0, cores)
        # A shell's background job, as these tests may be, hands down that Ctrl-C is ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen(
        [sys.executable, "-m", "polyskew", "run", str(grid), "--out", str(results), "--workers", str(workers)],
        preexec_fn=before,
        cwd=grid.parent,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_events(results: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until the journals have this many lines, or the run ends."""
    end = time.monotonic() + 120
    while sum(found.total() for found in events_safely(results)) < count and process.poll() is None:
        assert time.monotonic() < end, "the run makes no progress"
        time.sleep(0.02)


def events_safely(results: Path) -> list[Counter[str]]:
    return [
        Counter(path.read_text().splitlines() or [""])
        for path in results.glob("cells/*/journal.jsonl")
        if path.exists()
    ]


def stop(process: subprocess.Popen[str], how: int) -> str:
    if process.poll() is None:
        os.killpg(process.pid, how)
    return process.communicate(timeout=60)[0]


@pytest.fixture(scope="module")
def small(grid: Path, finished: Path) -> Path:
    """A part of the grid: imbalanced, one weighting, both methods, and the untuned cell."""
    content = yaml.safe_load(grid.read_text()) | {"regimes": ["imbalanced"], "weightings": ["none"]}
    return world.write_grid(grid.parent / "small.yaml", content)


def test_killed_twice_and_finished_by_two_runs_at_once(small: Path, finished: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    print(f"moments drawn with seed {seed}")
    for low, high in ((1, 6), (7, 14)):
        process = start(small, results)
        wait_for_events(results, dice.randint(low, high), process)
        time.sleep(dice.uniform(0, 0.3))
        stop(process, signal.SIGKILL)
    assert not list(results.glob("cells/*/failure.json")), "an interruption is no failure"
    runs = [start(small, results) for _ in range(2)]
    for process in runs:
        said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, said
    for cell, found in events(results).items():
        for stage in STAGES:
            assert found[stage, "finished"] <= 1, (cell, stage)
    wanted = {name: checksum for name, checksum in artifacts(finished).items() if (results / name).parent.exists()}
    assert len(wanted) > 20
    assert artifacts(results) == wanted
    assert not list(results.glob("cells/*/training"))
    assert not list(results.glob("cells/*/.*.tmp"))
    assert not list(results.glob("cells/*/failure.json"))


def test_an_interruption_is_told_and_leaves_no_failure(small: Path, tmp_path: Path) -> None:
    process = start(small, tmp_path / "results")
    while not list(tmp_path.glob("results/cells/*/spec.json")) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(1.0)
    said = stop(process, signal.SIGINT)
    assert process.returncode == 130, said
    assert "polyskew: interrupted; what is finished is kept" in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("results/cells/*/failure.json"))


def test_failures_are_recorded_and_the_rest_goes_on(small: Path, reviews: Path, bert: Path, tmp_path: Path) -> None:
    """A diverging method fails its own cells; a probe corpus with an empty text fails until it is mended."""
    declared: dict[str, Any] = yaml.safe_load(reviews.read_text()) | {"name": "probed", "probe": "corpus.yaml"}
    (tmp_path / "probed.yaml").write_text(yaml.safe_dump(declared))
    corpus = {
        "name": "corpus", "languages": ["fr", "en"], "source": {"files": {"probe": "corpus.csv"}},
        "columns": {"language": "language"},
    }  # fmt: skip
    (tmp_path / "corpus.yaml").write_text(yaml.safe_dump(corpus))
    (tmp_path / "corpus.csv").write_text("id,text,language\n1,un texte,fr\n1,,en\n")
    content = world.grid_of(Path("probed.yaml"), bert, regimes=["balanced"], weightings=["none"])
    rates = {"body": 1e30, "head": 1e30}
    content["recipe"]["change"]["max_grad_norm"] = 0.0
    content["recipe"]["by_method"] = {"lora": {"rates": rates}}
    grid = world.write_grid(tmp_path / "failing.yaml", content)
    results = tmp_path / "results"

    def failures() -> dict[str, tuple[str, str]]:
        return {
            read_json(path.parent / "spec.json")["method"]: (read_json(path)["stage"], read_json(path)["kind"])
            for path in results.glob("cells/*/failure.json")
        }

    process = start(grid, results)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 1, said
    assert "3 cells failed" in said
    found = failures()
    assert found["lora"] == ("train", "nan")
    assert found["full"] == found["untuned"] == ("features", "data")
    assert len(list(results.glob("cells/*/predict/predictions.parquet"))) == 1, "what came before is kept"
    words = "".join(f"{n},un texte,fr\n{n},some text,en\n" for n in range(9))
    (tmp_path / "corpus.csv").write_text(f"id,text,language\n{words}")
    spec = load_grid(str(grid))
    outcomes = {
        cell.spec.method.use: run_cell(cell, lambda stage, share: None) for cell in cells(spec, expand(spec), results)
    }
    assert outcomes == {"untuned": "done", "full": "done", "lora": "failed"}
    assert failures() == {"lora": ("train", "nan")}
    trained = [found for found in events(results).values() if found["predict", "finished"]]
    assert [found["train", "finished"] for found in trained] == [1]
