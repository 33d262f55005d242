"""What every kind of data set is read as: parts that yield batches of columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.tables import not_utf8

BATCH = 32_768
"""Rows that are held in memory at once."""
CUT_SHORT = "the gzipped file is damaged or cut short"


@dataclass(frozen=True)
class Batch:
    """Some consecutive rows.

    Attributes:
        columns: arrays of one length, by the source's names.
        numbers: int64 [N], each row's number from 1 in its part, for messages.
    """

    columns: dict[str, pa.Array]
    numbers: NDArray[np.int64]


class Rows(Protocol):
    """One part of a data set: a file, or a split of a hub's config."""

    @property
    def split(self) -> str:
        """The split's name."""
        ...

    @property
    def language(self) -> str | None:
        """The language of all rows, where the source names it."""
        ...

    @property
    def place(self) -> str:
        """How messages call it."""
        ...

    @property
    def unit(self) -> str:
        """What is numbered: ``"row"`` or ``"line"``."""
        ...

    def names(self) -> list[str]:
        """Return the columns' names."""
        ...

    def class_names(self, column: str) -> list[str]:
        """Return the names of a column's class numbers, if the source knows them."""
        ...

    def batches(self, columns: list[str]) -> Iterator[Batch]:
        """Yield all rows in order, with some columns.

        Raises:
            DataError: the source is damaged, or lacks a column; the message names the place.
        """
        ...


def as_array(values: list[object]) -> pa.Array:
    """Return a column of Python values; where they are of several kinds, as text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([as_text(value) for value in values], pa.string())


def as_text(value: object) -> str | None:
    """Return a value as text, None for none: a whole number without a point, so that 1.0 and 1 are one label."""
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def checked(array: pa.Array, numbers: NDArray[np.int64], place: str, unit: str) -> pa.Array:
    """Refuse text that is not UTF-8, which Parquet files can hold.

    Raises:
        DataError: it is not; the message names the row.
    """
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        for number, value in zip(numbers.tolist(), array.cast(pa.binary()), strict=True):
            try:
                (value.as_py() or b"").decode()
            except UnicodeDecodeError as error:
                raise not_utf8(f"{place}, {unit} {number}", error) from None
        raise
    return array
