"""Several processes at one cell's attributions."""

import multiprocessing
import os
import shutil
import time
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from benchmark.attributions.chunks import Chunks
from benchmark.cell import run_cell
from benchmark.executor import Worker, _to_help
from benchmark.stages import Cell
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


@pytest.mark.parametrize("left", ["weights", "data"])
def test_a_helper_that_comes_too_late_does_no_harm(tmp_path: Path, reviews: Path, bert: Path, left: str) -> None:
    from benchmark.cell import assist

    cell = make(tmp_path, reviews, bert, measure=MEASURE)[1]
    assist(cell)
    assert not cell.folder.exists() or not (cell.folder / "attributing").exists()
    assert run_cell(cell, lambda stage, share: None) == "done"
    (cell.folder / "attributing").mkdir()
    shutil.rmtree(cell.folder / left)
    assist(cell)
    assert not (cell.folder / "failure.json").exists()
