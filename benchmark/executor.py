"""Run cells in worker processes on this machine: one for each GPU, or a number of them on the processor."""

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

from benchmark.progress import GridProgress
from benchmark.stages import Cell
from polyskew.files import write_json

_RETRY_SECONDS = 2.0  # how often a cell that another run holds is looked at again


@dataclass
class Worker:
    """A worker process and what it is at.

    Attributes:
        process: the process.
        connection: to it.
        number: of the worker; chooses its GPU.
        cell: the cell it is at.
        since: when it began with it.
        stage: the stage it said last.
        helping: whether another worker has the cell, and this one shares its attributions.
        helped: ids of cells that it has helped with; once is enough, it stays as long as help is wanted.
    """

    process: multiprocessing.process.BaseProcess
    connection: Connection
    number: int
    cell: Cell | None = None
    since: float = 0.0
    stage: str = ""
    helping: bool = False
    helped: set[str] = field(default_factory=set)


@dataclass
class Tally:
    """What came of the cells: ids that are done, ids that failed, and why some could not be measured."""

    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unmeasured: str = ""


def workers_and_threads(asked: int | None) -> tuple[int, int]:
    """Return the number of workers, and of threads each.

    Without a GPU up to four workers share the cores: two small models on one core each train faster than one model
    on two. ``nvidia-smi`` is not asked for; the GPUs are those that ``CUDA_VISIBLE_DEVICES`` or the driver shows.
    """
    gpus = _gpus()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = asked or (len(gpus) or min(4, cores))
    return workers, max(1, cores // workers)


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
    pool = [_start(context, number, threads) for number in range(min(count, len(cells)))]
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
    new = _start(context, worker.number, threads)
    new.helped = worker.helped
    return new


def _start(context: multiprocessing.context.SpawnContext, number: int, threads: int) -> Worker:
    here, there = context.Pipe()
    gpus = _gpus()
    gpu = gpus[number % len(gpus)] if gpus else None
    # Libraries read these when they are imported, so they must stand before the process starts.
    before = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")}
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    try:
        process = context.Process(target=_work, args=(there, threads), daemon=True)
        process.start()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    there.close()
    return Worker(process, here, number)


def _work(connection: Connection, threads: int) -> None:
    """A worker: takes cells from the connection until it closes."""
    # Ctrl-C reaches the whole process group; the run itself ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import torch

    from benchmark.cell import assist, run_cell
    from leaderboard.measuring.measure import measure

    torch.set_num_threads(threads)
    last = 0.0

    def tell(*message: object) -> None:
        try:
            connection.send(message)
        except OSError:
            os._exit(1)  # the run that started this worker is gone; what is finished is whole, the rest is not there

    def say(stage: str, share: float) -> None:
        nonlocal last
        if share >= 1.0 or time.monotonic() - last > 0.2:
            last = time.monotonic()
            tell("stage", stage, share)

    while True:
        try:
            cell, helping = connection.recv()
        except (EOFError, OSError):
            return
        _log_to(cell.folder)
        if helping:
            assist(cell, say)
            tell("outcome", "busy")
            continue
        outcome = run_cell(cell, say)
        if outcome == "done":
            try:
                measure(cell.folder.parent.parent, [cell.spec.id])
            except Exception:  # the cell's work is whole; what is wrong is told when the whole grid is measured
                traceback.print_exc()
        tell("outcome", outcome)


def _log_to(folder: Path) -> None:
    """Send what libraries print to the cell's log, so that the terminal stays readable."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.txt").open("ab") as file:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _gpus() -> list[str]:
    """The visible GPUs' numbers, without importing torch into the process that only hands out work."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [part for part in visible.split(",") if part.strip() and part.strip() != "-1"]
    return [str(number) for number in range(len(list(Path("/proc/driver/nvidia/gpus").glob("*"))))]
