"""Run cells in worker processes on this machine: one for each GPU, or a number of them on the processor."""

import multiprocessing
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from benchmark.progress import GridProgress
from benchmark.stages import Cell
from benchmark.worker import Worker, start, workers_and_threads
from polyskew.files import write_json

_RETRY_SECONDS = 2.0  # how often a cell that another run holds is looked at again


@dataclass
class Tally:
    """What came of the cells: ids that are done, ids that failed, and why some could not be measured."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unmeasured: str = ""


def execute(cells: list[Cell], progress: GridProgress, workers: int | None = None) -> Tally:
    """Run cells until each is done or has failed.

    A worker stays warm from cell to cell. One that dies (killed for memory, say) fails its cell and is replaced.

    Args:
        cells: in the order they should run.
        progress: told what happens.
        workers: number of worker processes; by default one a GPU, or by the number of cores.
    """
    count, threads = workers_and_threads(workers)
    context = multiprocessing.get_context("spawn")
    queue = deque(cells)
    waiting: list[tuple[float, Cell]] = []
    tally = Tally()
    pool = [start(context, number, threads) for number in range(min(count, len(cells)))]
    try:
        while queue or waiting or any(worker.cell for worker in pool):
            now = time.monotonic()
            queue.extend(cell for when, cell in waiting if when <= now)
            waiting = [(when, cell) for when, cell in waiting if when > now]
            for place, worker in enumerate(pool):
                if worker.cell is not None:
                    continue
                cell, helping = (queue.popleft(), False) if queue else (_to_help(worker, pool), True)
                if cell is not None:
                    if not worker.process.is_alive():  # somebody ended it while it was idle
                        worker = pool[place] = _replacement(worker, context, threads)
                    worker.cell, worker.helping, worker.stage = cell, helping, ""
                    worker.since = time.monotonic()
                    with suppress(BrokenPipeError):  # it ended just now, which is noticed below
                        worker.connection.send((cell, helping))
            busy = [worker for worker in pool if worker.cell]
            ready = wait([worker.connection for worker in busy], timeout=0.5) if busy else []
            if not busy:
                time.sleep(0.1)
            for worker in busy:
                if worker.connection in ready:
                    _listen(worker, progress, tally, waiting)
                    if not worker.process.is_alive():
                        pool[pool.index(worker)] = _replacement(worker, context, threads)
    finally:
        for worker in pool:
            worker.connection.close()  # an idle worker ends by itself
            if worker.cell:
                worker.process.kill()
        for worker in pool:
            worker.process.join()
    return tally


def _to_help(idle: Worker, pool: list[Worker]) -> Cell | None:
    """Return a cell whose attributions an idle worker can share: the one stage that is done piece by piece."""
    for worker in pool:
        if worker.cell and not worker.helping and worker.stage == "attributions":
            name = worker.cell.spec.id
            if name not in idle.helped:
                idle.helped.add(name)
                return worker.cell
    return None


def _listen(worker: Worker, progress: GridProgress, tally: Tally, waiting: list[tuple[float, Cell]]) -> None:
    cell = worker.cell
    assert cell is not None, "only busy workers are listened to"
    seconds = time.monotonic() - worker.since
    name = cell.spec.describe()
    try:
        message = worker.connection.recv()
    except (EOFError, ConnectionResetError):
        worker.process.join()
        if worker.helping:  # the cell is another worker's, who takes over what this one had
            worker.cell = None
            return
        code = worker.process.exitcode
        # The kernel ends a process that needs too much memory with SIGKILL and says nothing.
        kind = "out of memory" if code == -9 else "code"
        failure = {
            "stage": "unknown",
            "kind": kind,
            "message": f"the worker process ended with status {code}",
            "at": "",
        }
        write_json(cell.folder / "failure.json", failure)
        message = ("outcome", "failed")
    if message[0] == "stage":
        worker.stage = message[1]
        if not worker.helping:
            progress.stage(name, message[1], message[2])
        return
    worker.cell = None
    if worker.helping:
        return
    if message[1] == "busy":
        waiting.append((time.monotonic() + _RETRY_SECONDS, cell))
        return
    (tally.done if message[1] == "done" else tally.failed).append(cell.spec.id)
    progress.finished(name, message[1], seconds)


def _replacement(worker: Worker, context: multiprocessing.context.SpawnContext, threads: int) -> Worker:
    """A new worker for one whose process has ended; it does not help again where that one may have died of it."""
    new = start(context, worker.number, threads)
    new.helped = worker.helped
    return new
