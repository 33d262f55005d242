"""Rows that a quote has swallowed: where one opens a value and none closes it, the rows below become part of it."""

import warnings

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_LINES = 5  # within a value, one after the other
_COUNTED = 50  # separators of a line that are counted


def warn_of_swallowed_rows(values: pa.Array, rows: NDArray[np.int64], separator: str, columns: int, place: str) -> bool:
    """Warn of a value whose lines look like rows.

    Args:
        values: of one column.
        rows: their numbers.
        separator: of the file.
        columns: of the file.
        place: how messages call the file.

    Returns:
        Whether there was such a value.
    """
    if columns < 2:
        return False
    between = min(columns - 1, _COUNTED)
    line = f"(?:[^\\n{separator}]*{separator}){{{between}}}[^\\n{separator}]*\\n"
    found = pc.fill_null(pc.match_substring_regex(values, f"\\n(?:{line}){{{_LINES}}}"), False)
    places = np.flatnonzero(found.to_numpy(zero_copy_only=False))
    if not len(places):
        return False
    warnings.warn(
        f"{place}, row {rows[places[0]]}: a value has {_LINES} lines or more that look like rows, so a quote that "
        f"opens it is probably not closed; they are read as one row",
        stacklevel=2,
    )
    return True
