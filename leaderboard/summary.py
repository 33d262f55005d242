"""What the board needs of one cell, read from its files once."""

import re
from typing import NamedTuple

from leaderboard.columns import COLUMNS
from leaderboard.sources import Found, find_block
from leaderboard.store import Cell


class Summary(NamedTuple):
    """One cell that did its own work.

    Attributes:
        founds: its number, or why it is missing, for each of `COLUMNS`.
        vectors: the vectors that were probed (``pooler`` or ``cls``), or empty.
        device: the kind of device it was trained on, empty where it was not trained.
        precision: that it was trained in, likewise.
        started: whether any stage is finished.
        done: whether all is finished and measured.
        failure: one clause that says why it failed, or empty.
    """

    founds: tuple[Found, ...]
    vectors: str
    device: str
    precision: str
    started: bool
    done: bool
    failure: str


def summarise(cell: Cell) -> Summary:
    """Read a cell's files.

    Raises:
        UserError: one of them is broken; the message names it.
    """
    block = find_block(cell, "leakage", {"probe": "paper"})
    summary = Summary(
        founds=tuple(column.find(cell) for column in COLUMNS),
        vectors=str(block.params["vectors"]) if block else "",
        device=_kind(cell.cost.device) if cell.cost else "",
        precision=cell.cost.precision if cell.cost else "",
        started=cell.started,
        done=cell.done,
        failure=cell.failure.sentence() if cell.failure else "",
    )
    cell.forget()
    return summary


def _kind(name: str) -> str:
    """Return the kind of a device, without its number."""
    return re.sub(r":\d+$", "", name)
