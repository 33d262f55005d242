"""Measuring the cells of a results folder into their ``metrics.json``."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from leaderboard.measuring.jobs import Job, jobs
from leaderboard.measuring.plugin_jobs import cell_measures, failures, plugin_jobs
from leaderboard.reading.measured import Block, Metrics, dump
from leaderboard.reading.store import METRICS, Cell, Results, read_results
from polyskew.errors import UserError, suggest, warn_of_plugin
from polyskew.files import checksums, write_text


def measure(results: Path | str, cells: Iterable[str] | None = None, workers: int = 1) -> None:
    """Compute all measures that finished stages allow, and write each cell's ``metrics.json`` atomically.

    Only what is new is computed: a block of values stays as long as its measure's version, its parameters and the
    checksums of its inputs do. Two processes may measure one folder at once; both write the same. What a plug-in
    measured that is not here now is kept as long as its inputs are the same.

    Args:
        results: the results folder.
        cells: ids of the cells to measure; cells that are compared with one of them are measured too. By default all.
        workers: processes that share the cells.

    Raises:
        UserError: an id is unknown, or an artifact is broken. The other cells are measured before that is raised.

    Warns:
        PluginWarning: a measure of a plug-in cannot be used, or fails; once for each.
    """
    found = read_results(results)
    chosen = list(found.cells.values()) if cells is None else _with_dependents(found, list(cells))
    todo = [cell.spec.id for cell in chosen if cell.spec.same_as is None]
    cell_measures()  # warns here of what cannot be used; the processes of a pool do not
    outcomes: list[Outcome] = []
    if workers > 1:  # a pool is worth its start only where something is to be measured
        measured = {name for name in todo if _is_measured(found, found.cells[name])}
        outcomes += [failures(found.cells[name].plugin_blocks.values()) for name in measured]
        todo = [name for name in todo if name not in measured]
    if workers > 1 and len(todo) > 1:
        # Spawned, as forking a process with threads in it can hang.
        with ProcessPoolExecutor(min(workers, len(todo)), get_context("spawn"), _open, (Path(results),)) as pool:
            outcomes += pool.map(_measure_in_pool, todo)
    else:
        outcomes += [_measure_cell(found, found.cells[name]) for name in todo]
    _warn([outcome for outcome in outcomes if isinstance(outcome, dict)])
    troubles = [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    if troubles:
        more = f" (and {len(troubles) - 1} more cells could not be measured)" if len(troubles) > 1 else ""
        raise type(troubles[0])(f"{troubles[0]}{more}")


Outcome = UserError | dict[str, str]
"""What is wrong with a cell; or by measure of a plug-in how it failed there, mostly none."""

_OPENED: list[Results] = []  # the folder that this process of the pool works on


def _warn(failed: Iterable[dict[str, str]]) -> None:
    reasons: dict[str, list[str]] = defaultdict(list)
    for own in failed:
        for name, reason in own.items():
            reasons[name].append(reason)
    for name, told in sorted(reasons.items()):
        where = "in one cell" if len(told) == 1 else f"in {len(told)} cells"
        text = f"{name} fails {where} ({'; '.join(dict.fromkeys(told))}); its values are missing there"
        warn_of_plugin(text)


def _open(folder: Path) -> None:
    _OPENED.append(read_results(folder))


def _measure_in_pool(name: str) -> Outcome:
    return _measure_cell(_OPENED[0], _OPENED[0].cells[name])


def _is_measured(results: Results, cell: Cell) -> bool:
    """Return whether all that can be measured is, and nothing else stands there; a broken cell is not."""
    try:
        old = [_key(block) for block in cell.metrics.measures] if cell.metrics else []
        new = [block for job in _jobs(results, cell) for block in job.blocks]
        return [_key(block) for block in _ordered([*new, *_kept(results, cell)])] == old
    except UserError:
        return False


def _measure_cell(results: Results, cell: Cell) -> Outcome:
    """Measure a cell."""
    new: list[Block] = []
    try:
        old = {_key(block): block for block in cell.metrics.measures} if cell.metrics else {}
        for job in _jobs(results, cell):
            kept = [old.get(_key(block)) for block in job.blocks]
            if all(kept):
                new.extend(block for block in kept if block)
                continue
            for block, values in zip(job.blocks, job.compute(), strict=True):
                new.append(block.model_copy(update={"values": values}))
        new = _ordered([*new, *_kept(results, cell)])
        # Nothing is compared by value: a block with the same key was computed from the same bytes.
        if [_key(block) for block in new] != list(old):
            write_text(cell.folder / METRICS, dump(Metrics(cell=cell.spec.id, measures=new)))
    except UserError as error:
        return error
    return failures(new)


def _jobs(results: Results, cell: Cell) -> Iterator[Job]:
    yield from jobs(results, cell)
    yield from plugin_jobs(results, cell)


def _kept(results: Results, cell: Cell) -> list[Block]:
    """Return what was measured by plug-ins that are not here, on files that are still the same."""
    here = {measure.name for measure, _ in cell_measures()}
    absent = [block for name, block in cell.plugin_blocks.items() if name not in here]
    return [block for block in absent if all(_is_there(results, cell, *told) for told in block.inputs.items())]


def _is_there(results: Results, cell: Cell, name: str, checksum: str) -> bool:
    other, stage, file = ["", *name.split("/")][-3:]
    home = results.cells.get(other) if other else cell
    return home is not None and home.has(stage) and checksums(home.folder / stage).get(file) == checksum


def _ordered(blocks: Iterable[Block]) -> list[Block]:
    """Return blocks with those of plug-ins at the end, by their names."""
    return sorted(blocks, key=lambda block: block.measure if block.plugin else "")


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
