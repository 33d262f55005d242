"""Of one batch: its texts, and its labels and languages as small numbers."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from polyskew.errors import DataError
from tasks.audit.labels import JOINT, MISSING, Coded, coded, is_list, several
from tasks.audit.naming import pieces
from tasks.audit.rows import Batch, Rows


def of_languages(batch: Batch, column: str | None, languages: dict[str, str]) -> Batch:
    """Leave aside the rows of languages that are not asked for."""
    if column is None or not languages:
        return batch
    there = batch.columns[column].cast(pa.string())
    keep = pc.or_(pc.is_in(there, value_set=pa.array(list(languages))), pc.is_null(there))
    columns = {name: array.filter(keep) for name, array in batch.columns.items()}
    return Batch(columns, batch.numbers[keep.to_numpy(zero_copy_only=False)])


def texts(batch: Batch, columns: tuple[str, ...], part: Rows) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return the texts without blanks at their ends, and which rows have one in each column."""
    trimmed = []
    for name in columns:
        array = batch.columns[name]
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_null(array.type)):
            raise DataError(
                f"{part.place}, column {name!r}: this holds {array.type}, no texts; name another with --text"
            )
        trimmed.append(pc.utf8_trim_whitespace(array.cast(pa.large_string())))
    has_text = np.ones(len(batch.numbers), bool)
    for array in trimmed:
        has_text &= pc.fill_null(pc.not_equal(array, ""), False).to_numpy(zero_copy_only=False)
    return (
        trimmed[0] if len(trimmed) == 1 else pc.binary_join_element_wise(*trimmed, pa.scalar(JOINT, pa.large_string()))
    ), has_text


def labels(batch: Batch, columns: tuple[str, ...], names: list[str], part: Rows) -> Coded:
    """Return the labels by their class names, if the source has any."""
    if len(columns) > 1:
        return several(batch, columns, part.place, part.unit)
    found = _coded(batch, columns[0], part)
    if not names:
        return found
    # -1 is what `datasets` writes where a label is not known.
    known = [value for value in found.values if value != "-1"]
    places = np.array([*(known.index(value) if value != "-1" else MISSING for value in found.values), MISSING])
    return Coded(places[found.codes], [JOINT.join(_class(piece, names) for piece in pieces(v, JOINT)) for v in known])


def _class(number: str, names: list[str]) -> str:
    return names[int(number)] if number.isdecimal() and int(number) < len(names) else number


def languages_of(batch: Batch, column: str | None, known: dict[str, str], part: Rows) -> Coded:
    """Return the languages, by our names where these are known."""
    if column is None:
        return Coded(np.zeros(len(batch.numbers), np.int64), [part.language or ""])
    if is_list(batch.columns[column]):
        raise DataError(f"{part.place}, column {column!r}: this holds lists; a text has one language")
    found = _coded(batch, column, part)
    return Coded(found.codes, [known.get(value, value) for value in found.values])


def _coded(batch: Batch, column: str, part: Rows) -> Coded:
    array = batch.columns[column]
    try:
        return coded(array)
    except pa.ArrowException:
        raise DataError(f"{part.place}, column {column!r}: this holds {array.type}, no label or language") from None
