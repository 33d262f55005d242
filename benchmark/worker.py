"""One worker process: how it is started, on which GPU, and what it does with a cell."""

import multiprocessing
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from benchmark.stages import Cell


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


def workers_and_threads(asked: int | None) -> tuple[int, int]:
    """Return the number of workers, and of threads each.

    Without a GPU up to four workers share the cores: two small models on one core each train faster than one model
    on two. ``nvidia-smi`` is not asked for; the GPUs are those that ``CUDA_VISIBLE_DEVICES`` or the driver shows.
    """
    gpus = _gpus()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = asked or (len(gpus) or min(4, cores))
    return workers, max(1, cores // workers)


def start(context: multiprocessing.context.SpawnContext, number: int, threads: int) -> Worker:
    """Start a worker process, which waits for cells.

    Args:
        context: what starts processes.
        number: of the worker; with several GPUs, it chooses one.
        threads: of its libraries.
    """
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
