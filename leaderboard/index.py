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
from contextlib import suppress
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


def read_index(folder: Path | str) -> tuple[Results, dict[str, Summary]]:
    """Read a results folder, and the summary of each of its cells by id.

    The index is written where something of it is new and the folder can be written to.

    Raises:
        UserError: not a results folder, or a file in it is broken; the message names it.
    """
    path = Path(folder) / INDEX
    settled = (time.time() - _SETTLED) * 1e9
    known = _load(path)
    cells: dict[str, Cell] = {}
    entries: dict[str, _Entry] = {}
    changed = False
    for place in cell_folders(folder):
        stamp, entry = _stamp(place), known.get(place.name)
        if entry is not None and entry.stamp == stamp:
            cell = Cell(place, parse(entry.spec, Spec, str(place / SPEC)))
        elif (found := read_cell(place)) is not None:
            cell, spec = found
            entry, changed = _Entry(stamp, spec, summarise(cell)), True
        else:
            continue
        cells[place.name], entries[place.name] = cell, entry
    if changed or len(entries) < len(known):
        old = {name: entry for name, entry in entries.items() if int(entry.stamp.partition(" ")[0]) < settled}
        with suppress(OSError):  # a folder of somebody else's, or a full disk: the board is shown all the same
            _write(path, old)
    return Results(Path(folder), cells), {name: entry.summary for name, entry in entries.items()}


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
