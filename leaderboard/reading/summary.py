"""What the board needs of each cell, read from its files once."""

import re
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import NamedTuple

from leaderboard.reading.column import Column
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.founds import Founds, gather, joined, widened
from leaderboard.reading.plugin_columns import PluginColumn, latest, plugin_columns
from leaderboard.reading.sources import NOT_BY_PLUGIN, Found, Source, find_block, lacks
from leaderboard.reading.store import STAGES, Cell

_BATCH = 256  # cells whose numbers are held one by one, before they go into arrays
_BATCHES_A_WORKER = 4  # a process takes about as long to start as to read one
UNREAD = ("drift", "base_difference", "prediction_share", "bits_per_text")
"""The suite's measures that no column reads; they are half of a cell's ``metrics.json``."""


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
        lacks: why nothing is measured on a stage, by stage; those where something can be are left out.
        plugins: the measures that users added, of which the cell has numbers.
    """

    vectors: str
    device: str
    precision: str
    started: bool
    done: bool
    failure: str
    uptakes: dict[str, float]
    lacks: dict[str, str]
    plugins: tuple[PluginColumn, ...]


@dataclass(frozen=True)
class Summaries:
    """What a board needs of N cells.

    Attributes:
        places: the place of each cell by its id.
        told: in that order.
        plugins: the measures that users added, of which some cell has numbers.
        founds: the numbers of all cells in all columns.
    """

    places: dict[str, int]
    told: list[Told]
    plugins: tuple[PluginColumn, ...]
    founds: Founds

    @property
    def columns(self) -> tuple[Column, ...]:
        """The board's columns: those of the suite, then those of plug-ins by name."""
        return columns_of(self.plugins)


def columns_of(plugins: Sequence[PluginColumn]) -> tuple[Column, ...]:
    """Return the board's columns where some cell has numbers of these measures."""
    return (*COLUMNS, *(plugin.column() for plugin in plugins))


def of_texts(columns: Sequence[Column]) -> tuple[int, ...]:
    """Return the places of the columns whose numbers vary with the explained texts."""
    return tuple(place for place, column in enumerate(columns) if column.over_texts)


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
    return united([(part, list(part.places)) for part in parts])


def united(parts: Sequence[tuple[Summaries, Sequence[str]]]) -> Summaries:
    """Return chosen cells of several summaries, in order.

    Args:
        parts: summaries, and the ids of the cells that are taken from each.
    """
    names = [name for _, chosen in parts for name in chosen]
    told = [part.told[part.places[name]] for part, chosen in parts for name in chosen]
    plugins = latest(plugin for one in told for plugin in one.plugins)
    founds = joined([(_in_columns(part, plugins), [part.places[name] for name in chosen]) for part, chosen in parts])
    return Summaries({name: place for place, name in enumerate(names)}, told, plugins, founds)


def _in_columns(part: Summaries, plugins: tuple[PluginColumn, ...]) -> Founds:
    """Return the numbers of a part in the columns of the whole."""
    if part.plugins == plugins:
        return part.founds
    own = {column.name: place for place, column in enumerate(part.columns)}
    columns = columns_of(plugins)
    reasons = {
        len(COLUMNS) + place: [told.lacks.get(plugin.stage, NOT_BY_PLUGIN) for told in part.told]
        for place, plugin in enumerate(plugins)
        if plugin.name not in own
    }
    return widened(part.founds, [own.get(column.name, -1) for column in columns], of_texts(columns), reasons)


def _summarise(cells: Sequence[Cell]) -> Summaries:
    """Read some cells, one after the other: what is measured on a cell takes too much room to keep."""
    found, told = [], []
    for cell in cells:
        cell.read_only(lambda block: block.partition('"')[0] not in UNREAD)
        one = _told(cell)
        found.append([column.find(cell) for column in columns_of(one.plugins)])
        told.append(one)
        cell.forget()
    plugins = latest(plugin for one in told for plugin in one.plugins)
    for row, one in zip(found, told, strict=True):
        own = {plugin.name: number for plugin, number in zip(one.plugins, row[len(COLUMNS) :], strict=True)}
        row[len(COLUMNS) :] = [
            own.get(plugin.name, Found(None, reason=one.lacks.get(plugin.stage, NOT_BY_PLUGIN))) for plugin in plugins
        ]
    columns = columns_of(plugins)
    founds = gather(found, of_texts(columns), len(columns))
    return Summaries({cell.spec.id: place for place, cell in enumerate(cells)}, told, plugins, founds)


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
        lacks={stage: reason for stage in STAGES[2:] if (reason := lacks(cell, stage))},
        plugins=latest(plugin_columns(cell)),
    )


def _uptake(regime: str) -> Source:
    return Source("skew_uptake", "predict", by={"skew": regime})


def _kind(name: str) -> str:
    """Return the kind of a device, without its number."""
    return re.sub(r":\d+$", "", name)
