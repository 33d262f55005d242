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


def check_published(folder: Path, rows: Board, findings: Findings) -> None:
    """Compare ``board.*``, ``rows.parquet`` and the index with the board of the cells' own files.

    Args:
        folder: the results folder.
        rows: what the cells' own files say.
        findings: are added to.
    """
    for form in FORMATS.values():
        path = folder / f"board.{form.suffix}"
        if path.is_file():
            wrong = _differing(form.suffix, path.read_bytes(), form.write(rows).encode())
            if wrong:
                findings.fault(path.name, wrong)
    if (folder / ROWS).is_file():
        wrong = wrong_format(folder / ROWS) or _differing_rows(folder / ROWS, rows)
        if wrong:
            findings.fault(ROWS, wrong)
    if (folder / INDEX).is_file():
        try:
            kept = board(folder)
        except Exception as error:  # whatever somebody made of the file
            findings.fault(INDEX, f"cannot be read ({type(error).__name__}); remove it, and it is made anew")
            return
        if kept != rows:
            findings.fault(INDEX, "gives another board than the cells' own files; remove it, and it is made anew")


def _differing(suffix: str, said: bytes, meant: bytes) -> str:
    """Say how a written board differs from the cells' own; numbers may by what they differ between machines."""
    if said == meant:
        return ""
    if suffix == "json" and (wrong := wrong_json(said)):
        return wrong
    try:
        if suffix == "csv":
            one, other = (dict(_csv_values(text.decode())) for text in (said, meant))
        elif suffix == "json":
            one, other = (dict(_json_values(json.loads(text), "")) for text in (said, meant))
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


def _csv_values(text: str) -> Iterator[tuple[str, str]]:
    lines = list(csv.reader(io.StringIO(text), strict=True))
    if twice := _twice(lines[0] if lines else []):
        raise ValueError(f"the column {twice!r} stands twice")
    for row, line in enumerate(lines[1:], 1):
        for name, value in itertools.zip_longest(lines[0], line, fillvalue=""):
            yield f"row {row}, column {name!r}", value


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


def _differing_rows(path: Path, rows: Board) -> str:
    import pyarrow.parquet

    with TemporaryDirectory() as temporary:
        write_rows(rows, Path(temporary, ROWS))
        meant = pyarrow.parquet.read_table(Path(temporary, ROWS)).to_pydict()
    table = pyarrow.parquet.ParquetFile(path).read()
    if twice := _twice(table.column_names):
        return f"has the column {twice!r} twice"
    said = table.to_pydict()
    one, other = (
        {f"row {row}, column {name!r}": value for name, column in table.items() for row, value in enumerate(column, 1)}
        for table in (said, meant)
    )
    return _first(one, other)
