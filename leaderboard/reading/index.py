"""A results folder as the board reads it: what it needs of each cell is kept in one file beside the cells.

The file is no result: it is made anew where it is missing, of another version or broken, and a cell whose files have
changed since is read again.
"""

import hashlib
import io
import json
import os
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.founds import ARRAYS, Founds
from leaderboard.reading.plugin_columns import PluginColumn, latest
from leaderboard.reading.schema import SCHEMA, Spec, parse
from leaderboard.reading.sources import Source
from leaderboard.reading.store import FAILURE, METRICS, SPEC, STAGES, Cell, Results, cell_folders, read_cell
from leaderboard.reading.summary import Summaries, Told, columns_of, of_texts, summarise, united
from polyskew.files import atomic_file

INDEX = ".index"
_FILES = (".", SPEC, METRICS, FAILURE, "train/cost.json", "data/tokens.json", *STAGES)
_FORM = 4  # raise it where a summary or the way a number is found changes
_DIGEST = 16  # bytes
_SETTLED = 2.0  # seconds; a file may change again within one tick of its clock, and would look the same


class _Known(NamedTuple):
    """What an index holds of cells: by id the files' stamp and ``spec.json``, and the summaries in the same order."""

    stamps: dict[str, str]
    specs: dict[str, bytes]
    summaries: Summaries


def read_index(folder: Path | str, workers: int = 1) -> tuple[Results, Summaries]:
    """Read a results folder, and the summary of each of its cells.

    The index is written where something of it is new and the folder can be written to.

    Args:
        folder: the results folder.
        workers: processes that share the cells that are to be read, as for `summarise`.

    Raises:
        UserError: not a results folder, or a file in it is broken; the message names it.
    """
    path = Path(folder) / INDEX
    settled = (time.time() - _SETTLED) * 1e9
    known = _load(path)
    cells: dict[str, Cell] = {}
    stamps, specs = {}, {}
    kept: list[str] = []
    new: list[Cell] = []
    for place in cell_folders(folder):
        name, stamp = place.name, _stamp(place)
        if known.stamps.get(name) == stamp:
            specs[name] = known.specs[name]
            cells[name] = Cell(place, parse(specs[name], Spec, str(place / SPEC)))
            kept.append(name)
        elif (found := read_cell(place)) is not None:
            cells[name], specs[name] = found
            new.append(cells[name])
        else:
            continue
        stamps[name] = stamp
    summaries = united([(known.summaries, kept), (fresh := summarise(new, workers), list(fresh.places))])
    if new or len(kept) < len(known.stamps):
        old = [name for name in summaries.places if int(stamps[name].partition(" ")[0]) < settled]
        with suppress(OSError):  # a folder of somebody else's, or a full disk: the board is shown all the same
            _write(path, _Known({name: stamps[name] for name in old}, specs, united([(summaries, old)])))
    return Results(Path(folder), cells), summaries


def _stamp(folder: Path) -> str:
    """Return what changes with a cell's files: the newest time first, then times and sizes.

    Stages and files are put into their place by renaming, which touches the folder; what is edited in its place is
    looked at itself. The time of change, unlike that of modification, cannot be set back.
    """
    told, place = [0], f"{folder}/"
    for name in _FILES:
        try:
            found = os.stat(place + name)  # noqa: PTH116 - a board asks a hundred thousand times
        except OSError:
            told += [0, 0]
            continue
        newest = max(found.st_mtime_ns, found.st_ctime_ns)
        told += [newest, found.st_size]
        told[0] = max(told[0], newest)
    return " ".join(map(str, told))


def _form() -> str:
    """Return what an index must have been made by to be used."""
    sources = [[column.name, repr(column.find) if isinstance(column.find, Source) else ""] for column in COLUMNS]
    return json.dumps([_FORM, SCHEMA, version("polyskew"), sources])


def _load(path: Path) -> _Known:
    """Return what an index holds; nothing where it is not there, not whole or of another form."""
    nothing = _Known({}, {}, summarise([]))
    try:
        digest, whole = (raw := path.read_bytes())[:_DIGEST], raw[_DIGEST:]
    except OSError:
        return nothing
    if digest != _digest(whole):
        return nothing
    with np.load(io.BytesIO(whole), allow_pickle=False) as file:
        told = json.loads(file["told"].tobytes())
        if told["form"] != _form():
            return nothing
        cells = [Told(*one) for one in told["told"]]
        cells = [cell._replace(plugins=tuple(PluginColumn(*one) for one in cell.plugins)) for cell in cells]
        plugins = latest(plugin for cell in cells for plugin in cell.plugins)
        texts = of_texts(columns_of(plugins))
        founds = Founds(**{name: file[name] for name in ARRAYS}, of_texts=texts, texts=tuple(told["texts"]))
        specs, ends = file["specs"].tobytes(), [0, *file["ends"].tolist()]
    names = list(told["stamps"])
    summaries = Summaries({name: place for place, name in enumerate(names)}, cells, plugins, founds)
    return _Known(
        told["stamps"], {name: specs[ends[place] : ends[place + 1]] for place, name in enumerate(names)}, summaries
    )


def _digest(whole: bytes) -> bytes:
    return hashlib.blake2b(whole, digest_size=_DIGEST).digest()


def _write(path: Path, known: _Known) -> None:
    founds, specs = known.summaries.founds, [known.specs[name] for name in known.stamps]
    told = {"form": _form(), "stamps": known.stamps, "told": known.summaries.told, "texts": founds.texts}
    whole = io.BytesIO()
    np.savez(
        whole,
        told=np.frombuffer(json.dumps(told).encode(), np.uint8),
        specs=np.frombuffer(b"".join(specs), np.uint8),
        ends=np.cumsum([len(spec) for spec in specs], dtype=np.int64),
        **{name: getattr(founds, name) for name in ARRAYS},
    )
    with atomic_file(path) as temporary:
        temporary.write_bytes(_digest(whole.getvalue()) + whole.getvalue())
