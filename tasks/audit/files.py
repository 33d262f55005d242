"""Local files as batches of rows: parquet by row groups, csv by blocks, jsonl by lines; never a whole file."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from polyskew.errors import DataError
from tasks.audit.rows import BATCH, Batch, as_array, checked, not_utf8
from tasks.tables import check_columns, file_kind

_BLOCK = 1 << 22  # bytes of a csv file that are parsed at once
_CUT_SHORT = "the gzipped file is damaged or cut short"


@dataclass(frozen=True)
class File:
    """A parquet, jsonl, csv or tsv file; all but parquet may be gzipped. See `tasks.audit.rows.Rows`."""

    path: Path
    split: str
    language: str | None = None
    place: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", self.place or str(self.path))

    @property
    def unit(self) -> str:
        """What is numbered."""
        return "line" if self._kind()[0] in (".jsonl", ".json") else "row"

    def names(self) -> list[str]:
        """Return the columns' names; of a jsonl file, those of its first line."""
        kind, zipped = self._kind()
        if kind == ".parquet":
            return list(self._parquet().schema_arrow.names)
        if kind in (".csv", ".tsv"):
            with _opened(self, zipped) as file:
                return list(self._csv(file, kind, None).schema.names)
        return list(next(self._objects(zipped), (0, {}))[1])

    def class_names(self, column: str) -> list[str]:
        """Return the class names that `datasets` writes into its parquet files."""
        if self._kind()[0] != ".parquet":
            return []
        try:
            stored = json.loads((self._parquet().schema_arrow.metadata or {}).get(b"huggingface", b"{}"))
            feature = stored["info"]["features"][column]
            return [str(name) for name in feature.get("feature", feature).get("names", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []

    def batches(self, columns: list[str]) -> Iterator[Batch]:
        """Yield all rows in order."""
        kind, zipped = self._kind()
        if kind == ".parquet":
            yield from self._parquet_batches(columns)
        elif kind in (".csv", ".tsv"):
            yield from self._csv_batches(columns, kind, zipped)
        else:
            yield from self._json_batches(columns, zipped)

    def _kind(self) -> tuple[str, bool]:
        return file_kind(self.path, self.place)

    def _parquet(self) -> pq.ParquetFile:
        try:
            # Pages are read one by one, so that a row group of any size fits.
            return pq.ParquetFile(self.path, buffer_size=1 << 20, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _parquet_batches(self, columns: list[str]) -> Iterator[Batch]:
        file = self._parquet()
        check_columns(columns, file.schema_arrow.names, self.place)
        try:
            yield from self._numbered(file.iter_batches(batch_size=BATCH, columns=columns), columns)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _csv(self, file: IO[bytes], kind: str, columns: list[str] | None) -> csv.CSVStreamingReader:
        # Everything is text: a label 007 keeps its zeros, and the text "NA" is a text.
        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(columns or (), pa.string()), include_columns=columns, strings_can_be_null=False
        )
        parse = csv.ParseOptions(delimiter="\t" if kind == ".tsv" else ",", newlines_in_values=True)
        read = csv.ReadOptions(block_size=_BLOCK, use_threads=False)  # with threads, complaints name no row
        return csv.open_csv(file, read_options=read, parse_options=parse, convert_options=convert)

    def _csv_batches(self, columns: list[str], kind: str, zipped: bool) -> Iterator[Batch]:
        check_columns(columns, self.names(), self.place)
        with _opened(self, zipped) as file:
            yield from self._numbered(self._csv(file, kind, columns), columns)

    def _numbered(self, batches: Iterator[pa.RecordBatch], columns: list[str]) -> Iterator[Batch]:
        start = 0
        for batch in batches:
            numbers = np.arange(start + 1, start + 1 + len(batch))
            start += len(batch)
            found = {name: checked(batch.column(name), numbers, self.place, "row") for name in columns}
            yield Batch(found, numbers)

    def _json_batches(self, columns: list[str], zipped: bool) -> Iterator[Batch]:
        objects = self._objects(zipped)
        while rows := list(islice(objects, BATCH)):
            for number, row in rows:
                if not all(name in row for name in columns):
                    check_columns(columns, row, f"{self.place}, line {number}")
            found = {name: as_array([row[name] for _, row in rows]) for name in columns}
            yield Batch(found, np.array([number for number, _ in rows]))

    def _objects(self, zipped: bool) -> Iterator[tuple[int, dict[str, object]]]:
        """Yield each line's number and object."""
        try:
            with gzip.open(self.path) if zipped else self.path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield number, self._object(line, number)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{self.place}: {_CUT_SHORT} ({error})") from None

    def _object(self, line: bytes, number: int) -> dict[str, object]:
        where = f"{self.place}, line {number}"
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise not_utf8(where, error) from None
        except ValueError as error:
            raise DataError(f"{where}: this is not a JSON object ({error})") from None
        if not isinstance(row, dict):
            raise DataError(f"{where}: a JSON object is wanted, this is a {type(row).__name__}")
        return row

    def _damaged(self, error: Exception) -> DataError:
        return DataError(f"{self.place}: the Parquet file is damaged ({str(error).splitlines()[0]})")


@contextmanager
def _opened(file: File, zipped: bool) -> Iterator[IO[bytes]]:
    """Open a csv file; what goes wrong while it is read becomes one sentence."""
    with pa.input_stream(file.path, compression="gzip" if zipped else None) as stream:
        try:
            yield stream
        except pa.ArrowInvalid as error:
            raise _complaint(file, zipped, str(error)) from None
        except OSError as error:
            raise DataError(f"{file.place}: {_CUT_SHORT} ({error})") from None


def _complaint(file: File, zipped: bool, message: str) -> DataError:
    if "UTF8" in message:
        with gzip.open(file.path) if zipped else file.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    line.decode()
                except UnicodeDecodeError as error:
                    return not_utf8(f"{file.place}, line {number}", error)
    if "Empty CSV" in message:
        return DataError(f"{file.place}: the file is empty")
    # What follows the second number is the row itself.
    reason = re.match(r"(?:CSV parse error: )?(.*?, got \d+|.{1,120})", message)
    return DataError(f"{file.place}: this is not a table of separated values ({reason[1] if reason else message})")
