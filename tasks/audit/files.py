"""Local files as batches of rows: parquet by row groups, csv by blocks, jsonl by lines; never a whole file."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polyskew.errors import DataError
from tasks.audit import separated
from tasks.audit.rows import BATCH, CUT_SHORT, Batch, as_array, checked
from tasks.quotes import warn_of_swallowed_rows
from tasks.tables import check_characters, check_columns, check_lines, file_kind, not_utf8

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


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
        if kind in _SEPARATORS:
            with separated.opened(self.path, self.place, zipped) as file:
                return list(separated.reader(file, _SEPARATORS[kind], None).schema.names)
        for _, row in self._objects(zipped):
            return list(row)
        raise DataError(f"{self.place}: there is no row")

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
        elif kind in _SEPARATORS:
            yield from self._separated_batches(columns, _SEPARATORS[kind], zipped)
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

    def _separated_batches(self, columns: list[str], separator: str, zipped: bool) -> Iterator[Batch]:
        names = self.names()
        check_columns(columns, names, self.place)
        warned = False
        with separated.opened(self.path, self.place, zipped) as file:
            for batch in self._numbered(separated.reader(file, separator, columns), columns):
                warned = warned or any(
                    warn_of_swallowed_rows(array, batch.numbers, separator, len(names), self.place)
                    for array in batch.columns.values()
                )
                yield batch

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
                    if number == 1:
                        check_lines(line, self.place)
                    if line.strip():
                        yield number, self._object(line, number)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{self.place}: {CUT_SHORT} ({error})") from None

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
        check_characters(line, row, where)
        return row

    def _damaged(self, error: Exception) -> DataError:
        return DataError(f"{self.place}: the Parquet file is damaged ({str(error).splitlines()[0]})")
