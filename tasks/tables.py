"""One table from one file: parquet, jsonl or csv, plain or gzipped, with complaints that name file, row and column."""

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from polyskew.errors import DataError, suggest
from tasks.quotes import warn_of_swallowed_rows

_MAGIC = {b"PAR1": "a Parquet file", b"\x1f\x8b": "a gzipped file", b"PK\x03\x04": "a zip archive"}


@dataclass(frozen=True)
class Part:
    """Rows of one file or one hub split.

    Attributes:
        frame: the wanted columns under the source's names.
        place: the file or hub split, for messages.
        rows: int64 [N], each row's number from 1 in the source, for messages.
        unit: what is numbered: ``"row"`` (data rows, without a header) or ``"line"``.
        language: the language of all rows, where the source names it.
    """

    frame: pd.DataFrame
    place: str
    rows: np.ndarray
    unit: str = "row"
    language: str | None = None

    def at(self, index: int, column: str | None = None) -> str:
        """Return where row ``index`` (from 0) stands, to begin a message with."""
        return f"{self.place}, {self.unit} {self.rows[index]}" + (f", column {column!r}" if column else "")


def read_table(path: Path, columns: Iterable[str], place: str | None = None, language: str | None = None) -> Part:
    """Read some columns of a file, whose kind its name tells.

    Args:
        path: a ``.parquet``, ``.jsonl``, ``.json`` (one object a line), ``.csv`` or ``.tsv`` file; all but parquet
            may end in ``.gz`` too.
        columns: the wanted columns.
        place: how messages call the file; its path by default.
        language: the language of all its rows, if known.

    Raises:
        DataError: the file is missing, empty, not what its name says, or lacks a column.
    """
    place = place or str(path)
    wanted = list(dict.fromkeys(columns))
    kind, zipped = file_kind(path, place)
    if kind == ".parquet":
        return _read_parquet(path, wanted, place, language)
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            separator = "\t" if kind == ".tsv" else ","
            return _READERS[kind](cast(BinaryIO, file), wanted, place, language, separator)
    except UnicodeDecodeError as error:
        raise first_not_utf8(path, zipped, place) or not_utf8(place, error) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{place}: the gzipped file is damaged or cut short ({error})") from None


def file_kind(path: Path, place: str) -> tuple[str, bool]:
    """Return what a file is: the suffix that says so, such as ``.csv``, and whether it is gzipped.

    Raises:
        DataError: the name does not say what it is, or says something else than the first bytes; or the file cannot
            be read, or is empty.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    zipped = suffixes[-1:] == [".gz"]
    kind = ["", *(suffixes[:-1] if zipped else suffixes)][-1]
    if kind not in _READERS and (kind != ".parquet" or zipped):
        raise DataError(f"{place}: the name does not say what it is; known: {', '.join(SUFFIXES)}")
    _check_magic(path, place, kind, zipped)
    return kind, zipped


def check_columns(wanted: Iterable[str], found: Iterable[str], place: str) -> None:
    """Refuse a source that lacks a wanted column."""
    names = [str(name) for name in found]
    for name in wanted:
        if name not in names:
            near = suggest(name, names)
            have = "" if near.startswith("; known") else f" (it has: {', '.join(names)})"
            raise DataError(f"{place}: there is no column {name!r}{have}{near.replace('; known', '; it has')}")
        if names.count(name) > 1:
            raise DataError(f"{place}: {names.count(name)} columns are called {name!r}; give each a name of its own")


def not_utf8(where: str, error: UnicodeDecodeError) -> DataError:
    """Return the complaint about bytes in another encoding."""
    byte = error.object[error.start]
    return DataError(
        f"{where}: this is not UTF-8 text (byte 0x{byte:02x} at place {error.start + 1}), so it is in another "
        f"encoding; convert the file to UTF-8"
    )


def first_not_utf8(path: Path, zipped: bool, place: str) -> DataError | None:
    """Return the complaint about a file's first line in another encoding; readers know the place in a buffer alone."""
    with gzip.open(path) if zipped else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return not_utf8(f"{place}, line {number}", error)
    return None


def check_lines(first: bytes, place: str) -> None:
    """Refuse one JSON array where one object a line is wanted, by the file's first line."""
    if first.lstrip(b"\xef\xbb\xbf \t").startswith(b"["):
        raise DataError(f"{place}: this is one JSON array; wanted is one object a line, without brackets around all")


def check_characters(line: bytes, row: object, where: str) -> None:
    r"""Refuse half of a surrogate pair, which JSON can write (``\ud83d``) and no encoding can."""
    if b"\\ud" not in line.lower():
        return
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):x}"
        raise DataError(f"{where}: {half} is half of a surrogate pair and no character; take it out") from None


def _check_magic(path: Path, place: str, kind: str, zipped: bool) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise DataError(f"{place}: the file cannot be read ({(error.strerror or str(error)).lower()})") from None
    if not start:
        raise DataError(f"{place}: the file is empty")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{place}: this is UTF-16 text; convert the file to UTF-8")
    expected = b"\x1f\x8b" if zipped else b"PAR1" if kind == ".parquet" else b""
    is_now = next((what for magic, what in _MAGIC.items() if start.startswith(magic)), "")
    if expected and not start.startswith(expected):
        raise DataError(f"{place}: this is {is_now or f'not {_MAGIC[expected]}'}, although its name says otherwise")
    if not expected and is_now:
        raise DataError(f"{place}: this is {is_now}, although its name says otherwise")


def _read_parquet(path: Path, wanted: list[str], place: str, language: str | None) -> Part:
    try:
        check_columns(wanted, pq.read_schema(path).names, place)
        frame = pq.read_table(path, columns=wanted, partitioning=None).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{place}: the Parquet file is damaged ({str(error).splitlines()[0]})") from None
    return Part(frame, place, np.arange(1, len(frame) + 1), language=language)


def _read_jsonl(file: BinaryIO, wanted: list[str], place: str, language: str | None, _: str) -> Part:
    values: list[list[object]] = [[] for _ in wanted]
    rows: list[int] = []
    for number, line in enumerate(file, start=1):
        if number == 1:
            check_lines(line, place)
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except UnicodeDecodeError as error:
            raise not_utf8(f"{place}, line {number}", error) from None
        except ValueError as error:
            raise DataError(f"{place}, line {number}: this is not a JSON object ({error})") from None
        if not isinstance(row, dict):
            raise DataError(f"{place}, line {number}: a JSON object is wanted, this is a {type(row).__name__}")
        check_characters(line, row, f"{place}, line {number}")
        try:
            for column, name in zip(values, wanted, strict=True):
                column.append(row[name])
        except KeyError:
            check_columns(wanted, row, f"{place}, line {number}")
        rows.append(number)
    columns = {name: pd.Series(column, dtype=object) for name, column in zip(wanted, values, strict=True)}
    return Part(pd.DataFrame(columns), place, np.array(rows, dtype=np.int64), "line", language)


def _read_csv(file: BinaryIO, wanted: list[str], place: str, language: str | None, separator: str) -> Part:
    try:
        # Everything is text: an id 007 keeps its zeros, and the text "NA" is a text.
        frame = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise DataError(f"{place}: the file is empty") from None
    except pd.errors.ParserError as error:
        reason = str(error).strip().removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{place}: this is not a table of comma-separated values ({reason})") from None
    if not isinstance(frame.index, pd.RangeIndex):
        raise DataError(f"{place}, row 1: this row has more fields than the header has columns")
    if str(frame.columns[0]).lstrip().startswith("{"):
        raise DataError(f"{place}, line 1: this looks like JSON lines, although the name says csv")
    check_columns(wanted, frame.columns, place)
    rows = np.arange(1, len(frame) + 1)
    for name in wanted:
        if warn_of_swallowed_rows(pa.array(frame[name], pa.large_string()), rows, separator, len(frame.columns), place):
            break
    return Part(frame[wanted], place, rows, language=language)


_READERS = {".jsonl": _read_jsonl, ".json": _read_jsonl, ".csv": _read_csv, ".tsv": _read_csv}
SUFFIXES = (".parquet", *_READERS, *(f"{kind}.gz" for kind in _READERS))
"""How names of data files end."""
