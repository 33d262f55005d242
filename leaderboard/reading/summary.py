"""What the board needs of each cell, read from its files once."""

import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import NamedTuple

from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.founds import Founds, gather, joined
from leaderboard.reading.sources import Source, find_block
from leaderboard.reading.store import Cell

OF_TEXTS = tuple(place for place, column in enumerate(COLUMNS) if column.over_texts)
_BATCH = 256  # cells whose numbers are held one by one, before they go into arrays
_BATCHES_A_WORKER = 4  # a process takes about as long to start as to read one


class Told(NamedTuple):
    """What else than numbers a cell tells that did its own work.

    Attributes:
        vectors: the vectors that were probed (``pooler`` or ``cls``), or empty.
        device: the kind of device it was trained on, empty where it was not trained.
        precision: that it was trained in, likewise.
        started: whether any stage is finished.
        done: whether all is finished and measured.
        failure: one clause that says why it failed, or empty.
        uptakes: the uptake of each skewed regime that the cell is set against, where those are several.
    """

    vectors: str
    device: str
    precision: str
    started: bool
    done: bool
    failure: str
    uptakes: dict[str, float]


@dataclass(frozen=True)
class Summaries:
    """What a board needs of N cells.

    Attributes:
        places: the place of each cell by its id.
        told: in that order.
        founds: their numbers in the board's columns.
    """

    places: dict[str, int]
    told: list[Told]
    founds: Founds


def summarise(cells: Sequence[Cell], workers: int = 1) -> Summaries:
    """Read cells' files.

    Args:
        cells: the cells.
        workers: processes that share them where they are many. With more than one, the calling script must be one that
            can be imported (``if __name__ == "__main__"``).

    Raises:
        UserError: one of them is broken; the message names it.
    """
    batches = [cells[start : start + _BATCH] for start in range(0, len(cells), _BATCH)] or [[]]
    if min(workers, len(batches) // _BATCHES_A_WORKER) > 1:
        # Spawned, as forking a process with threads in it can hang.
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            parts = list(pool.map(_summarise, batches))
    else:
        parts = [_summarise(batch) for batch in batches]
    founds = joined([(part, range(len(part.value))) for part, _ in parts])
    told = [one for _, own in parts for one in own]
    return Summaries({cell.spec.id: place for place, cell in enumerate(cells)}, told, founds)


def _summarise(cells: Sequence[Cell]) -> tuple[Founds, list[Told]]:
    found, told = [], []
    for cell in cells:
        found.append([column.find(cell) for column in COLUMNS])
        told.append(_told(cell))
        cell.forget()
    return gather(found, OF_TEXTS, len(COLUMNS)), told


def _told(cell: Cell) -> Told:
    block = find_block(cell, "leakage", {"probe": "paper"})
    skews = sorted(cell.spec.skew or {})
    uptakes = {name: _uptake(name)(cell) for name in skews} if len(skews) > 1 else {}
    return Told(
        vectors=str(block.params["vectors"]) if block else "",
        device=_kind(cell.cost.device) if cell.cost else "",
        precision=cell.cost.precision if cell.cost else "",
        started=cell.started,
        done=cell.done,
        failure=cell.failure.sentence() if cell.failure else "",
        uptakes={name: found.value for name, found in uptakes.items() if found.value is not None},
    )


def _uptake(regime: str) -> Source:
    return Source("skew_uptake", "predict", by={"skew": regime})


def _kind(name: str) -> str:
    """Return the kind of a device, without its number."""
    return re.sub(r":\d+$", "", name)
