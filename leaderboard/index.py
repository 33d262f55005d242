"""A results folder as the board reads it: what it needs of each cell is kept in one file beside the cells.

The file is no result: it is made anew where it is missing, of another version or broken, and a cell whose files have
changed since is read again.
"""

import hashlib
import io
import json
import os
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard.columns import COLUMNS
from leaderboard.schema import SCHEMA, Spec, parse
from leaderboard.sources import Found, Source
from leaderboard.store import FAILURE, METRICS, SPEC, STAGES, Cell, Results, cell_folders, read_cell
from leaderboard.summary import Summary, summarise
from polyskew.files import atomic_file

INDEX = ".index"
_FILES = (".", SPEC, METRICS, FAILURE, "train/cost.json", "data/tokens.json", *STAGES)
_FORM = 1  # raise it where a summary or the way a number is found changes
_DIGEST = 16  # bytes
_SETTLED = 2.0  # seconds; a file may change again within one tick of its clock, and would look the same


class _Entry(NamedTuple):
    stamp: str
    spec: bytes
    summary: Summary


class Index:
    """A results folder with the summary of each cell.

    Attributes:
        results: its cells.
    """

    def __init__(self, folder: Path | str) -> None:
        """Read a results folder.

        Raises:
            UserError: not a results folder, or a ``spec.json`` is broken; the message names it.
        """
        self._path = Path(folder) / INDEX
        self._settled = (time.time() - _SETTLED) * 1e9
        self._kept: dict[str, _Entry] = {}
        self._new: dict[str, tuple[str, bytes]] = {}
        known, cells = _load(self._path), {}
        for path in cell_folders(folder):
            stamp, entry = _stamp(path), known.get(path.name)
            if entry is not None and entry.stamp == stamp:
                self._kept[path.name] = entry
                cells[path.name] = Cell(path, parse(entry.spec, Spec, str(path / SPEC)))
            elif (found := read_cell(path)) is not None:
                cells[path.name], spec = found
                self._new[path.name] = (stamp, spec)
        self._changed = bool(self._new) or len(self._kept) < len(known)
        self.results = Results(Path(folder), cells)

    def summary(self, cell: Cell) -> Summary:
        """Return the summary of a cell that did its own work.

        Raises:
            UserError: a file of the cell is broken; the message names it.
        """
        name = cell.spec.id
        if name not in self._kept:
            self._kept[name] = _Entry(*self._new[name], summarise(cell))
        return self._kept[name].summary

    def keep(self) -> None:
        """Write down the summaries of all cells, where one is new and the folder can be written to."""
        if not self._changed:
            return
        for cell in self.results.cells.values():
            self.summary(cell)
        entries = {name: one for name, one in self._kept.items() if int(one.stamp.partition(" ")[0]) < self._settled}
        try:
            _write(self._path, entries)
        except OSError:  # a folder of somebody else's, or a full disk: the board is shown all the same
            return
        self._changed = False


def _stamp(folder: Path) -> str:
    """Return what changes with a cell's files: the newest time first, then times and sizes.

    Stages and files are put into their place by renaming, which touches the folder; what is edited in its place is
    looked at itself. The time of change, unlike that of modification, cannot be set back.
    """
    told = [0]
    for name in _FILES:
        try:
            found = os.stat(f"{folder}/{name}")  # noqa: PTH116 - a board asks a hundred thousand times
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


def _load(path: Path) -> dict[str, _Entry]:
    """Return what an index holds; nothing where it is not there, not whole or of another form."""
    try:
        digest, whole = (raw := path.read_bytes())[:_DIGEST], raw[_DIGEST:]
    except OSError:
        return {}
    if digest != _digest(whole):
        return {}
    with np.load(io.BytesIO(whole), allow_pickle=False) as file:
        told = json.loads(file["told"].tobytes())
        if told["form"] != _form():
            return {}
        return dict(_entries({name: file[name] for name in ("specs", "ends", "numbers", "codes")}, told))


def _digest(whole: bytes) -> bytes:
    return hashlib.blake2b(whole, digest_size=_DIGEST).digest()


def _entries(arrays: dict[str, NDArray[Any]], told: dict[str, Any]) -> Iterator[tuple[str, _Entry]]:
    texts = [tuple(text) for text in told["texts"]]
    specs, ends = arrays["specs"].tobytes(), [0, *arrays["ends"].tolist()]
    rows = zip(told["cells"], arrays["numbers"], arrays["codes"], strict=True)
    for place, ((name, stamp, *rest), numbers, codes) in enumerate(rows):
        found = zip(*numbers.tolist(), codes.tolist(), strict=True)
        founds = tuple(
            Found(_there(value), _there(low), _there(high), *texts[code]) for value, low, high, code in found
        )
        yield name, _Entry(stamp, specs[ends[place] : ends[place + 1]], Summary(founds, *rest))


def _there(number: float) -> float | None:
    """Return a number, or None for NaN: what is missing is kept as that, and what is there is finite."""
    return number if number == number else None


def _write(path: Path, entries: dict[str, _Entry]) -> None:
    texts: dict[tuple[str, str, str], int] = {}
    shape = (len(entries), 3, len(COLUMNS))
    numbers, codes = np.full(shape, np.nan), np.zeros((shape[0], shape[2]), np.int32)
    for place, entry in enumerate(entries.values()):
        founds = entry.summary.founds
        numbers[place] = np.array([found[:3] for found in founds], dtype=np.float64).T
        codes[place] = [texts.setdefault(found[3:], len(texts)) for found in founds]
    told = {
        "form": _form(),
        "cells": [[name, entry.stamp, *entry.summary[1:]] for name, entry in entries.items()],
        "texts": list(texts),
    }
    specs = [entry.spec for entry in entries.values()]
    whole = io.BytesIO()
    np.savez(
        whole,
        told=np.frombuffer(json.dumps(told).encode(), np.uint8),
        specs=np.frombuffer(b"".join(specs), np.uint8),
        ends=np.cumsum([len(spec) for spec in specs], dtype=np.int64),
        numbers=numbers,
        codes=codes,
    )
    with atomic_file(path) as temporary:
        temporary.write_bytes(_digest(whole.getvalue()) + whole.getvalue())
