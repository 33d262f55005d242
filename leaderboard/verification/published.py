"""Whether boards that lie in a results folder are those of its cells."""

import csv
import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leaderboard.board import Board, board
from leaderboard.publishing.parquet import ROWS, write_rows
from leaderboard.reading.index import INDEX
from leaderboard.tables.formats import FORMATS
from leaderboard.verification.findings import Findings
from leaderboard.verification.formats import wrong_format, wrong_json
from leaderboard.verification.numbers import ABSOLUTE, RELATIVE

Table = dict[str, list[Any]]
"""A board's columns by name."""


def check_published(folder: Path, rows: Board, findings: Findings) -> None:
    """Compare ``board.*``, ``rows.parquet`` and the index with the board of the cells' own files.

    A column that a file does not have is a gap: earlier versions had fewer.

    Args:
        folder: the results folder.
        rows: what the cells' own files say.
        findings: are added to.
    """
    for form in FORMATS.values():
        path = folder / f"board.{form.suffix}"
        if path.is_file():
            absent: list[str] = []
            wrong = _differing(form.suffix, path.read_bytes(), form.write(rows).encode(), absent)
            if wrong:
                findings.fault(path.name, wrong)
            _tell_absent(path.name, absent, findings)
    if (folder / ROWS).is_file():
        absent = []
        wrong = wrong_format(folder / ROWS) or _differing_rows(folder / ROWS, rows, absent)
        if wrong:
            findings.fault(ROWS, wrong)
        _tell_absent(ROWS, absent, findings)
    if (folder / INDEX).is_file():
        try:
            kept = board(folder)
        except Exception as error:  # whatever somebody made of the file
            findings.fault(INDEX, f"cannot be read ({type(error).__name__}); remove it, and it is made anew")
            return
        if kept != rows:
            findings.fault(INDEX, "gives another board than the cells' own files; remove it, and it is made anew")


def _tell_absent(file: str, columns: list[str], findings: Findings) -> None:
    if columns:
        more = f" and {len(columns) - 1} more" if len(columns) > 1 else ""
        findings.gap(file, f"has no column {columns[0]!r}{more}; boards of earlier versions have fewer")


def _differing(suffix: str, said: bytes, meant: bytes, absent: list[str]) -> str:
    """Say how a written board differs from the cells' own; numbers may by what they differ between machines.

    Args:
        suffix: of the file's name.
        said: what stands in the file.
        meant: what the board of the cells would be written as.
        absent: gets the columns that the file does not have.
    """
    if said == meant:
        return ""
    if suffix == "json" and (wrong := wrong_json(said)):
        return wrong
    try:
        if suffix == "csv":
            own, wanted = (_csv_table(text.decode()) for text in (said, meant))
            one, other = _values(own), _values(_kept(wanted, own, absent))
        elif suffix == "json":
            told = json.loads(said)
            one, other = (dict(_json_values(value, "")) for value in (told, _as_told(json.loads(meant), told, absent)))
        else:
            one, other = (dict(_lines(text.decode())) for text in (said, meant))
    except (ValueError, RecursionError, csv.Error) as error:
        return f"is not a board in the form {suffix}{f' ({error})' if str(error) else ''}"
    return _first(one, other)


def _first(said: dict[str, Any], meant: dict[str, Any]) -> str:
    for place, value in meant.items():
        if place not in said:
            return f"lacks {place}"
        if not _same(said[place], value):
            return f"{place} is {said[place]!r}; by the cells it is {value!r}"
    extra = next((place for place in said if place not in meant), "")
    return f"has {extra}, which the cells do not" if extra else ""


def _same(said: Any, meant: Any) -> bool:
    if said == meant:
        return True
    try:
        one, other = float(said), float(meant)
    except (TypeError, ValueError):
        return False
    return abs(one - other) <= max(ABSOLUTE, RELATIVE * max(abs(one), abs(other)))


def _csv_table(text: str) -> Table:
    """Return a CSV's columns; what stands in a line beyond them is under the empty name."""
    lines = list(csv.reader(io.StringIO(text), strict=True))
    if twice := _twice(lines[0] if lines else []):
        raise ValueError(f"the column {twice!r} stands twice")
    found: Table = {name: [] for name in lines[0]} if lines else {}
    for line in lines[1:]:
        for name, value in itertools.zip_longest(lines[0], line, fillvalue=""):
            found.setdefault(name, []).append(value)
    return found


def _values(table: Table) -> dict[str, Any]:
    return {f"row {row}, column {name!r}": value for name, own in table.items() for row, value in enumerate(own, 1)}


def _kept(meant: Table, said: Table, absent: list[str]) -> Table:
    """Return the columns that a written board has; names of those that it lacks are added to ``absent``."""
    absent += [name for name in meant if name not in said]
    return {name: own for name, own in meant.items() if name in said}


def _as_told(meant: Any, told: Any, absent: list[str]) -> Any:
    """Return what a board is written as, less the columns that another one does not have."""
    rows, units = (told.get(key) if isinstance(told, dict) else None for key in ("rows", "units"))
    if not (isinstance(units, dict) and isinstance(rows, list) and rows and isinstance(rows[0], dict)):
        return meant
    absent += [name for name in meant["units"] if name not in units]
    absent += [name for name in meant["rows"][0] if name not in rows[0]] if meant["rows"] else []

    def columns(value: Any) -> Any:
        return {name: part for name, part in value.items() if name not in absent} if isinstance(value, dict) else value

    kept = [{name: columns(part) for name, part in columns(row).items()} for row in meant["rows"]]
    return {**meant, "units": columns(meant["units"]), "rows": kept}


def _json_values(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if parts is None:
        yield place or "the value", value
        return
    yield f"{place} as a {type(value).__name__}", len(value)
    for key, part in parts:
        yield from _json_values(part, f"{place}.{key}" if place else str(key))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        yield f"line {number}", line


def _twice(names: list[str]) -> str:
    return next((name for place, name in enumerate(names) if name in names[:place]), "")


def _differing_rows(path: Path, rows: Board, absent: list[str]) -> str:
    import pyarrow.parquet

    with TemporaryDirectory() as temporary:
        write_rows(rows, Path(temporary, ROWS))
        meant = pyarrow.parquet.read_table(Path(temporary, ROWS)).to_pydict()
    table = pyarrow.parquet.ParquetFile(path).read()
    if twice := _twice(table.column_names):
        return f"has the column {twice!r} twice"
    said = table.to_pydict()
    return _first(_values(said), _values(_kept(meant, said, absent)))
