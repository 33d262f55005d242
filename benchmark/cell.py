"""Run one cell through its stages, once, whoever else is running the same results folder."""

import json
import os
import shutil
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Literal

from filelock import FileLock, Timeout

from benchmark.provenance import in_force, provenance
from benchmark.stages import STAGE_FILE, TRAIN, Cell, Stage, pending
from benchmark.trainer import DivergedError
from polyskew.errors import DataError, UserError
from polyskew.files import atomic_folder, write_json

Outcome = Literal["done", "failed", "busy"]
Say = Callable[[str, float], None]
"""Told the stage's name and the share of it that is done."""


def run_cell(cell: Cell, say: Say) -> Outcome:
    """Run the stages of a cell that are not done yet.

    Each stage's artifact is kept from the moment it is complete. A failure is recorded in ``failure.json`` with its
    stage and kind, and is tried again by the next run.

    Returns:
        ``done``; ``failed``; or ``busy`` where another process is at work on this cell; if it is at the cell's
        attributions, this one helped.
    """
    cell.folder.mkdir(parents=True, exist_ok=True)
    try:
        # The operating system drops the lock when its process ends, however it ends.
        with FileLock(cell.folder / ".lock", timeout=0):
            return _run(cell, say)
    except Timeout:
        assist(cell, say)
        return "busy"


_NO_HELP: set[str] = set()  # ids of cells that this process could not help with, and does not try again


def assist(cell: Cell, say: Say) -> None:
    """Help the process that holds a cell with its attributions, the one stage that can be shared."""
    from benchmark.stages import attributions

    if cell.spec.id in _NO_HELP:
        return
    try:
        attributions.assist(cell, partial(say, "attributions"))
    except Exception:  # the other may finish at any moment and take away what is read here; it tells what is wrong
        _NO_HELP.add(cell.spec.id)
        traceback.print_exc()


def _run(cell: Cell, say: Say) -> Outcome:
    from benchmark.stages import attributions, train

    stage: Stage | None = None
    try:
        # Stage folders that a killed process left half filled; the lock is ours, so nobody is filling them now.
        for part in cell.folder.glob(".*.tmp"):
            shutil.rmtree(part, ignore_errors=True)
        todo = pending(cell)
        if todo:
            # It comes back when all is done and tidied up.
            (cell.folder / "provenance.json").unlink(missing_ok=True)
        for stage in todo:
            _journal(cell, stage.name, "started")
            with atomic_folder(cell.folder / stage.name) as out:
                stage.run(cell, out, partial(say, stage.name))
                write_json(out / STAGE_FILE, {"asked": stage.asked(cell), "in_force": in_force()})
            _journal(cell, stage.name, "finished")
            if stage is TRAIN:
                train.clear(cell)
        train.clear(cell)  # again, for a run that was killed before the line above
        attributions.clear(cell)
        if cell.spec.method.use == "full" and not cell.keep_weights:
            train.drop_weights(cell)
        write_json(cell.folder / "provenance.json", provenance(cell))
    except Exception as error:  # a cell that fails must not take the grid with it, whatever went wrong
        _fail(cell, stage, error)
        return "failed"
    (cell.folder / "failure.json").unlink(missing_ok=True)
    return "done"


def kind_of(error: BaseException) -> str:
    """Return what sort of failure an exception is: ``out of memory``, ``nan``, ``data``, ``input`` or ``code``."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return "out of memory"
    if isinstance(error, DivergedError | FloatingPointError):
        return "nan"
    return "data" if isinstance(error, DataError) else "input" if isinstance(error, UserError) else "code"


def _fail(cell: Cell, stage: Stage | None, error: Exception) -> None:
    traceback.print_exc()  # goes to the cell's own log
    write_json(
        cell.folder / "failure.json",
        {
            "stage": stage.name if stage else "data",
            "kind": kind_of(error),
            "message": " ".join(str(error).split())[:500] or type(error).__name__,
            "at": _now(),
        },
    )


def _journal(cell: Cell, stage: str, event: str) -> None:
    """Append to the cell's record of what ran when; one short line, so that two processes cannot mix theirs."""
    with (cell.folder / "journal.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"stage": stage, "event": event, "at": _now(), "pid": os.getpid()}) + "\n")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
