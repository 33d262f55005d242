"""Several processes at one cell's attributions."""

import multiprocessing
import os
import shutil
import time
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
from filelock import FileLock

from benchmark.attributions.chunks import Chunks
from benchmark.cell import assist, run_cell
from benchmark.executor import _to_help
from benchmark.stages import Cell, attributions
from benchmark.worker import Worker
from tests.benchmark import world
from tests.benchmark.test_cell import make

MEASURE = {**world.MEASURE, "explained_texts": 4, "probe_rows": 0}


def _run(cell: Cell, journal: Path, outcomes: "Queue[str]") -> None:
    from benchmark.attributions import chunks

    chunks._TOKENS = 1  # each text a chunk
    compute = Chunks._compute

    def told(self: Chunks, number: int, *rest: object) -> None:
        with journal.open("a") as file:
            file.write(f"{number} {os.getpid()}\n")
        time.sleep(0.3)
        compute(self, number, *rest)  # type: ignore[arg-type]

    Chunks._compute = told  # type: ignore[assignment, method-assign]
    outcomes.put(run_cell(cell, lambda stage, share: None))


def test_a_second_run_shares_the_attributions_of_the_first(tmp_path: Path, reviews: Path, bert: Path) -> None:
    cell = make(tmp_path, reviews, bert, measure=MEASURE)[1]
    assert run_cell(cell, lambda stage, share: None) == "done"
    table = cell.folder / "attributions" / "attributions.parquet"
    context = multiprocessing.get_context("fork")
    outcomes: Queue[str] = context.Queue()
    shutil.rmtree(cell.folder / "attributions")
    one = context.Process(target=_run, args=(cell, tmp_path / "alone", outcomes))
    one.start()
    assert outcomes.get(timeout=60) == "done"
    one.join()
    alone = table.read_bytes()
    shutil.rmtree(cell.folder / "attributions")
    workers = [context.Process(target=_run, args=(cell, tmp_path / "journal", outcomes)) for _ in range(2)]
    workers[0].start()
    while not (tmp_path / "journal").exists():
        time.sleep(0.01)
    workers[1].start()
    for worker in workers:
        worker.join(60)
    assert sorted(outcomes.get() for _ in workers) == ["busy", "done"]
    lines = [line.split() for line in (tmp_path / "journal").read_text().splitlines()]
    assert sorted(int(number) for number, _ in lines) == list(range(8)), "each chunk once"
    assert {int(pid) for _, pid in lines} == {worker.pid for worker in workers}
    assert table.read_bytes() == alone
    assert not (cell.folder / "attributing").exists(), "tidied up"
    assert not (cell.folder / "failure.json").exists()


def test_an_idle_worker_helps_each_cell_once_and_only_with_attributions(
    tmp_path: Path, reviews: Path, bert: Path
) -> None:
    one, two = make(tmp_path, reviews, bert, methods=["lora", "houlsby"])[1:]

    def worker(cell: Cell | None, stage: str, helping: bool = False) -> Worker:
        return Worker(None, None, 0, cell, 0.0, stage, helping)  # type: ignore[arg-type]

    idle = worker(None, "")
    pool = [worker(one, "train"), worker(two, "attributions"), worker(two, "attributions", helping=True), idle]
    assert _to_help(idle, pool) is two
    assert _to_help(idle, pool) is None
    pool[0].stage = "attributions"
    assert _to_help(idle, pool) is one


def stage_again(cell: Cell) -> Path:
    """Take the finished stage away and leave the folder that its chunks would stand in."""
    shutil.rmtree(cell.folder / "attributions")
    chunks = attributions._work(cell)
    chunks.mkdir(parents=True)
    return chunks


@pytest.fixture
def done(tmp_path: Path, reviews: Path, bert: Path) -> Cell:
    cell = make(tmp_path, reviews, bert, measure=MEASURE)[1]
    assert run_cell(cell, lambda stage, share: None) == "done"
    return cell


def test_a_helper_works_only_while_somebody_holds_the_cell(done: Cell) -> None:
    assist(done, lambda stage, share: None)
    assert not (done.folder / "attributing").exists()
    chunks = stage_again(done)
    assist(done, lambda stage, share: None)
    assert not list(chunks.glob("*.parquet")), "its owner is gone"
    shares: list[float] = []
    with FileLock(done.folder / ".lock"):
        assist(done, lambda stage, share: shares.append(share))
    assert list(chunks.glob("*.parquet"))
    assert shares[-1] == 1, "told, so that it notices when the run that started it is gone"


def test_a_helper_leaves_when_the_stage_is_done_and_tidies_up(done: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = done.folder.parent / "whole"
    shutil.copytree(done.folder / "attributions", whole)
    chunks = stage_again(done)

    class Late(FileLock):  # type: ignore[misc, valid-type]
        def acquire(self, *args: object, **rest: object) -> object:
            if not finished:
                finished.append(True)
                shutil.rmtree(done.folder / "attributing")
                shutil.copytree(whole, done.folder / "attributions")
            return super().acquire(*args, **rest)  # type: ignore[no-untyped-call]

    finished: list[bool] = []
    monkeypatch.setattr("benchmark.attributions.chunks.FileLock", Late)
    with FileLock(done.folder / ".lock"):
        assist(done, lambda stage, share: None)
    assert finished, "the owner finished just before the helper took its lock"
    assert not chunks.exists()
    assert not (done.folder / "attributing").exists()


def test_a_helper_that_fails_does_no_harm_and_does_not_try_again(
    done: Cell, capsys: pytest.CaptureFixture[str]
) -> None:
    stage_again(done)
    shutil.rmtree(done.weights)
    with FileLock(done.folder / ".lock"):
        assist(done, lambda stage, share: None)
        assert "Error" in capsys.readouterr().err
        assist(done, lambda stage, share: None)
        assert capsys.readouterr().err == ""
    assert not (done.folder / "failure.json").exists()
