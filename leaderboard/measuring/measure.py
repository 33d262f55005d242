"""Measuring the cells of a results folder into their ``metrics.json``."""

import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from leaderboard.measuring.jobs import jobs
from leaderboard.reading.schema import Block, Metrics, dump
from leaderboard.reading.store import METRICS, Cell, Results, read_results
from polyskew.errors import UserError, suggest
from polyskew.files import write_text


def measure(results: Path | str, cells: Iterable[str] | None = None, workers: int = 1) -> None:
    """Compute all measures that finished stages allow, and write each cell's ``metrics.json`` atomically.

    Only what is new is computed: a block of values stays as long as its measure's version, its parameters and the
    checksums of its inputs do. Two processes may measure one folder at once; both write the same.

    Args:
        results: the results folder.
        cells: ids of the cells to measure; cells that are compared with one of them are measured too. By default all.
        workers: processes that share the cells.

    Raises:
        UserError: an id is unknown, or an artifact is broken. The other cells are measured before that is raised.
    """
    found = read_results(results)
    chosen = list(found.cells.values()) if cells is None else _with_dependents(found, list(cells))
    todo = [cell.spec.id for cell in chosen if cell.spec.same_as is None]
    if workers > 1:  # a pool is worth its start only where something is to be measured
        todo = [name for name in todo if not _is_measured(found, found.cells[name])]
    if workers > 1 and len(todo) > 1:
        # Spawned, as forking a process with threads in it can hang.
        with ProcessPoolExecutor(min(workers, len(todo)), get_context("spawn"), _open, (Path(results),)) as pool:
            outcomes = list(pool.map(_measure_in_pool, todo))
    else:
        outcomes = [_measure_cell(found, found.cells[name]) for name in todo]
    troubles = [error for error in outcomes if error is not None]
    if troubles:
        more = f" (and {len(troubles) - 1} more cells could not be measured)" if len(troubles) > 1 else ""
        raise type(troubles[0])(f"{troubles[0]}{more}")


_OPENED: list[Results] = []  # the folder that this process of the pool works on


def _open(folder: Path) -> None:
    _OPENED.append(read_results(folder))


def _measure_in_pool(name: str) -> UserError | None:
    return _measure_cell(_OPENED[0], _OPENED[0].cells[name])


def _is_measured(results: Results, cell: Cell) -> bool:
    """Return whether all that can be measured is, and nothing else stands there; a broken cell is not."""
    try:
        old = [_key(block) for block in cell.metrics.measures] if cell.metrics else []
        return [_key(block) for job in jobs(results, cell) for block in job.blocks] == old
    except UserError:
        return False


def _measure_cell(results: Results, cell: Cell) -> UserError | None:
    """Measure a cell; return what is wrong with it."""
    new: list[Block] = []
    try:
        old = {_key(block): block for block in cell.metrics.measures} if cell.metrics else {}
        for job in jobs(results, cell):
            kept = [old.get(_key(block)) for block in job.blocks]
            if all(kept):
                new.extend(block for block in kept if block)
                continue
            for block, values in zip(job.blocks, job.compute(), strict=True):
                new.append(block.model_copy(update={"values": values}))
        # Nothing is compared by value: a block with the same key was computed from the same bytes.
        if [_key(block) for block in new] != list(old):
            write_text(cell.folder / METRICS, dump(Metrics(cell=cell.spec.id, measures=new)))
    except UserError as error:
        return error
    return None


def _key(block: Block) -> str:
    return json.dumps(block.model_dump(exclude={"values"}), sort_keys=True)


def _with_dependents(results: Results, ids: list[str]) -> list[Cell]:
    for name in ids:
        if name not in results.cells:
            raise UserError(f"{results.folder} has no cell {name!r}{suggest(name, results.cells)}")
    wanted = set(ids)
    chosen = []
    for cell in results.cells.values():
        compared = (results.reference(cell), results.placebo(cell))
        if cell.spec.id in wanted or any(other is not None and other.spec.id in wanted for other in compared):
            chosen.append(cell)
    return chosen
