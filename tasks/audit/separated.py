"""Tables of separated values (csv, tsv), parsed in blocks; what is wrong with one in a sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
from pyarrow import csv

from polyskew.errors import DataError
from tasks.audit.rows import CUT_SHORT
from tasks.tables import first_not_utf8

BLOCK = 1 << 22
"""Bytes that are parsed at once."""


def reader(file: IO[bytes], separator: str, columns: list[str] | None) -> csv.CSVStreamingReader:
    """Return a reader of some columns, or of all.

    Everything is text: a label 007 keeps its zeros, and the text "NA" is a text.
    """
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(columns or (), pa.string()), include_columns=columns, strings_can_be_null=False
    )
    parse = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    read = csv.ReadOptions(block_size=BLOCK, use_threads=False)  # with threads, complaints name no row
    return csv.open_csv(file, read_options=read, parse_options=parse, convert_options=convert)


@contextmanager
def opened(path: Path, place: str, zipped: bool) -> Iterator[IO[bytes]]:
    """Open a file; what goes wrong while it is read becomes one sentence.

    Raises:
        DataError: the file is no such table, or cut short.
    """
    with pa.input_stream(path, compression="gzip" if zipped else None) as stream:
        try:
            yield stream
        except pa.ArrowInvalid as error:
            raise _complaint(path, place, zipped, str(error)) from None
        except OSError as error:
            raise DataError(f"{place}: {CUT_SHORT} ({error})") from None


def _complaint(path: Path, place: str, zipped: bool, message: str) -> DataError:
    if "UTF8" in message and (found := first_not_utf8(path, zipped, place)):
        return found
    if "Empty CSV" in message:
        return DataError(f"{place}: there is no row")
    if "straddling" in message:
        return DataError(
            f"{place}: a row is longer than {BLOCK >> 20} MB, so a quote that opens a value is probably not closed"
        )
    if row_of := re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message):
        row, wanted, got = map(int, row_of.groups())
        return DataError(
            f"{place}, row {row - 1}: {wanted} values are wanted, as in the header, and this row has {got}; a value "
            f"that holds the separator or a line break stands in quotes, and each quote is closed"
        )
    # What follows may be the row itself.
    return DataError(f"{place}: this is not a table of separated values ({message[:120].splitlines()[0]})")
