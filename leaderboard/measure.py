"""Measuring the cells of a results folder into their ``metrics.json``."""

import json
from collections.abc import Iterable
from pathlib import Path

from leaderboard.jobs import jobs
from leaderboard.schema import Block, Metrics, dump
from leaderboard.store import METRICS, Cell, Results, read_results
from polyskew.errors import UserError, suggest
from polyskew.files import write_text


def measure(results: Path | str, cells: Iterable[str] | None = None) -> None:
    """Compute all measures that finished stages allow, and write each cell's ``metrics.json`` atomically.

    Only what is new is computed: a block of values stays as long as its measure's version, its parameters and the
    checksums of its inputs do. Two processes may measure one folder at once; both write the same.

    Args:
        results: the results folder.
        cells: ids of the cells to measure; cells that are compared with one of them are measured too. By default all.

    Raises:
        UserError: an id is unknown, or an artifact is broken. The other cells are measured before that is raised.
    """
    found = read_results(results)
    chosen = list(found.cells.values()) if cells is None else _with_dependents(found, list(cells))
    troubles = []
    for cell in chosen:
        if cell.spec.same_as is not None:
            continue
        try:
            _measure_cell(found, cell)
        except UserError as error:
            troubles.append(error)
    if troubles:
        more = f" (and {len(troubles) - 1} more cells could not be measured)" if len(troubles) > 1 else ""
        raise type(troubles[0])(f"{troubles[0]}{more}")


def _measure_cell(results: Results, cell: Cell) -> None:
    old = {_key(block): block for block in cell.metrics.measures} if cell.metrics else {}
    new: list[Block] = []
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
