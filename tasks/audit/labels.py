"""A batch's labels as small numbers: one label a text, or several as a list, as 0/1 columns or joined in one string."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from polyskew.errors import DataError
from tasks.audit.rows import Batch, as_text

JOINT = "\x1f"
"""Joins the labels of one text within a value; no label holds it."""
MISSING = -1
_TRUE = {"1", "1.0", "true", "True"}
_FALSE = {"0", "0.0", "false", "False"}


@dataclass(frozen=True)
class Coded:
    """One value a row.

    Attributes:
        codes: int64 [N], places in ``values``; `MISSING` where there is none.
        values: the distinct values as text; where a text can have several labels, these joined by `JOINT`.
    """

    codes: NDArray[np.int64]
    values: list[str]


def coded(array: pa.Array) -> Coded:
    """Number the distinct values of a column; what is null, empty or not a number is missing."""
    empty = is_list(array)  # an empty list is a value, an empty string is none
    if empty:
        array = pc.binary_join(array.cast(pa.list_(pa.string())), JOINT)
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    values = [as_text(value) for value in array.dictionary.to_pylist()]
    kept = [value for value in dict.fromkeys(values) if value is not None and (value or empty)]
    places: dict[str | None, int] = {value: place for place, value in enumerate(kept)}
    renamed = np.array([*(places.get(value, MISSING) for value in values), MISSING], np.int64)
    codes = array.indices.fill_null(len(values)).to_numpy(zero_copy_only=False).astype(np.int64)
    return Coded(renamed[codes], kept)


def is_list(array: pa.Array) -> bool:
    """Return whether each row of a column has a list."""
    return bool(pa.types.is_list(array.type) or pa.types.is_large_list(array.type))


def several(batch: Batch, columns: Iterable[str], place: str, unit: str) -> Coded:
    """Number the distinct rows of 0/1 columns: a value joins the names of those that are 1.

    Raises:
        DataError: another value than 0 and 1 stands in one; the message names row and column.
    """
    names = list(columns)
    found = [_binary(batch, name, place, unit) for name in names]
    on = np.stack([column == 1 for column in found], axis=1)
    missing = np.stack([column == MISSING for column in found], axis=1).any(axis=1)
    packed = np.ascontiguousarray(np.packbits(on, axis=1))
    rows = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, codes = np.unique(rows, return_index=True, return_inverse=True)
    values = [JOINT.join(name for name, is_on in zip(names, on[row], strict=True) if is_on) for row in first]
    return Coded(np.where(missing, MISSING, codes), values)


def _binary(batch: Batch, column: str, place: str, unit: str) -> NDArray[np.int64]:
    """Return 1, 0 or `MISSING` for each row."""
    values = coded(batch.columns[column])
    numbers = [1 if value in _TRUE else 0 if value in _FALSE else 2 for value in values.values]
    found = np.array([*numbers, MISSING], np.int64)[values.codes]
    wrong = np.flatnonzero(found == 2)
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"{place}, {unit} {batch.numbers[row]}, column {column!r}: 0 or 1 is wanted where --label names several "
            f"columns, this is {values.values[values.codes[row]]!r}"
        )
    return found
