"""Verifying a results folder: every cell, then the cells together, then what was published of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from leaderboard.board import Board
from leaderboard.reading.store import Cell, Results, cell_folders
from leaderboard.reading.summary import summarise
from leaderboard.rows import Row, rows_of
from leaderboard.verification.across import check_across
from leaderboard.verification.cells import Opened, check_cell, open_folder
from leaderboard.verification.findings import Findings
from leaderboard.verification.grids import check_grids
from leaderboard.verification.layout import check_conflicts, check_layout
from leaderboard.verification.published import check_published
from leaderboard.verification.repeats import check_repeats
from leaderboard.verification.specs import Registered
from polyskew.errors import UserError

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Verification:
    """What was found in a results folder.

    Attributes:
        rows: of the board, as the cells' own files have it.
        cells: what was found in each cell, by its folder's name.
        beside: what was found in the files beside the cells.
        rests_on: the cells of each of ``rows``.
        unplaced: cells whose specs cannot be read, so that nobody knows of which row they are.
    """

    rows: tuple[Row, ...]
    cells: dict[str, Findings]
    beside: Findings
    rests_on: tuple["RestsOn", ...]
    unplaced: tuple[str, ...]


class RestsOn(NamedTuple):
    """The ids of the cells that a row's numbers rest on.

    Attributes:
        own: the row's cells, those of its names whose files cannot be read, and those that did their work.
        compared: those that its numbers are differences to, and the untuned model.
    """

    own: tuple[str, ...]
    compared: tuple[str, ...]


def verify(folder: Path, registered: Registered, workers: int = 1, progress: Progress | None = None) -> Verification:
    """Check a results folder, and compute its numbers again. Needs no model, no data and no training library.

    Args:
        folder: the results folder, as it was written or pulled; nobody is at work in it.
        registered: what methods and weightings are; can be pickled.
        workers: processes that share the cells.
        progress: told after each cell how many are checked, and of how many.

    Raises:
        UserError: not a results folder, or one without cells.
    """
    names = [path.name for path in cell_folders(folder)]
    if not names:
        raise UserError(f"{folder} has no cells, so there is nothing to verify")
    opened = open_folder(folder, registered)
    cells: dict[str, Findings] = {}
    with _checked(opened, names, workers) as checked:
        for name, findings in zip(names, checked, strict=True):
            cells[name] = findings
            if progress is not None:
                progress(len(cells), len(names))
    check_across(opened.results.cells.values(), cells)
    check_repeats(opened.results.cells.values(), cells)
    check_grids(folder, opened.results, cells, opened.beside)
    check_layout(folder, opened.beside)
    check_conflicts(folder, cells, opened.withheld, registered, opened.beside)
    results, board = _board(opened.results, cells)
    if len(results.cells) == len(names):
        check_published(folder, board, opened.beside)
    else:
        opened.beside.gap("", "boards and index were not compared with the cells, as not all cells can be read")
    lost = [cell for name, cell in opened.results.cells.items() if name not in results.cells]
    rests_on = tuple(_rests_on(results, cells, row, lost) for row in board.rows)
    unplaced = tuple(name for name in names if name not in opened.results.cells)
    return Verification(board.rows, cells, opened.beside, rests_on, unplaced)


@contextmanager
def _checked(opened: Opened, names: list[str], workers: int) -> Iterator[Iterator[Findings]]:
    """Yield what is found in each cell, in order, while it is found."""
    if workers == 1 or len(names) < 2:
        yield (check_cell(opened, name) for name in names)
        return
    # Spawned, as forking a process with threads in it can hang.
    start = (opened.folder, opened.registered)
    with ProcessPoolExecutor(min(workers, len(names)), get_context("spawn"), _open, start) as pool:
        yield pool.map(_check_in_pool, names)


_OPENED: list[Opened] = []  # what this process of the pool works on


def _open(folder: Path, registered: Registered) -> None:
    _OPENED.append(open_folder(folder, registered))


def _check_in_pool(name: str) -> Findings:
    return check_cell(_OPENED[0], name)


def _board(results: Results, cells: dict[str, Findings]) -> tuple[Results, Board]:
    """Return the board of the cells that can be read, and those; each other has its fault told."""
    try:
        return results, _read(results)
    except UserError:
        broken = {name: why for name, cell in results.cells.items() if (why := _unreadable(cell))}
        sound = Results(results.folder, {name: cell for name, cell in results.cells.items() if name not in broken})
        whole = {name: cell for name, cell in sound.cells.items() if _is_resolved(sound, cell)}
    for name in results.cells.keys() - whole.keys():
        if not cells[name].faults:
            cells[name].fault("", broken.get(name, "is the same work as a cell that cannot be read"))
    found = Results(results.folder, whole)
    return found, _read(found)


def _read(results: Results) -> Board:
    summaries = summarise(list(results.cells.values()))
    return Board(tuple(rows_of(results, summaries)), summaries.columns)


def _unreadable(cell: Cell) -> str:
    try:
        summarise([cell])
    except UserError as error:
        return str(error)
    return ""


def _is_resolved(results: Results, cell: Cell) -> bool:
    try:
        results.resolve(cell)
    except UserError:
        return False
    return True


def _rests_on(results: Results, cells: dict[str, Findings], row: Row, lost: list[Cell]) -> RestsOn:
    works = {results.resolve(results.cells[name]).spec.id for name in row.cells}
    untuned = results.untuned(results.cells[row.cells[0]])
    compared = {other for name in works for other in cells[name].needs} | ({untuned.spec.id} if untuned else set())
    own = works | set(row.cells) | {cell.spec.id for cell in lost if _named(cell) == _named_row(row)}
    return RestsOn(tuple(sorted(own)), tuple(sorted((compared - own) & cells.keys())))


def _named(cell: Cell) -> tuple[str, ...]:
    spec = cell.spec
    return (spec.task, spec.model, spec.method, spec.regime or "", spec.weighting or "")


def _named_row(row: Row) -> tuple[str, ...]:
    return (row.task, row.model, row.method, row.regime, row.weighting)
