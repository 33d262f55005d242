"""What was found in many cells, as arrays: a board of thousands of cells averages hundreds of thousands of numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading.sources import Found
from leaderboard.statistics.intervals import KEPT


@dataclass(frozen=True)
class Founds:
    """The numbers of N cells in P columns.

    Attributes:
        value: ``[N, P]``, NaN where missing.
        low: lower end of the cell's own interval, ``[N, P]``, NaN where there is none.
        high: its upper end.
        method: how that interval was made; a place in ``texts``, ``[N, P]``.
        reason: why the value is missing, likewise.
        made_by: measure, version and parameters, likewise.
        resampled: the numbers in the first resamples of their texts, ``[N, P', KEPT]``, NaN where there are none.
        of_texts: the P' columns that have such, as places in P.
        texts: the first is empty.
    """

    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    method: NDArray[np.int32]
    reason: NDArray[np.int32]
    made_by: NDArray[np.int32]
    resampled: NDArray[np.float32]
    of_texts: tuple[int, ...]
    texts: tuple[str, ...]


_NUMBERS, _TEXTS = ("value", "low", "high"), ("method", "reason", "made_by")
ARRAYS = (*_NUMBERS, *_TEXTS, "resampled")


def gather(cells: Sequence[Sequence[Found]], of_texts: tuple[int, ...], columns: int) -> Founds:
    """Return the numbers of cells as arrays.

    Args:
        cells: for each cell what was found in each column.
        of_texts: columns whose numbers have been resampled over texts.
        columns: their number P.
    """
    texts: dict[str, int] = {"": 0}
    numbers = np.full((3, len(cells), columns), np.nan)
    codes = np.zeros((3, len(cells), columns), np.int32)
    resampled = np.full((len(cells), len(of_texts), KEPT), np.nan, np.float32)
    for place, found in enumerate(cells):
        for row, name in enumerate(_NUMBERS):
            numbers[row, place] = [getattr(one, name) for one in found]  # None becomes NaN
        for row, name in enumerate(_TEXTS):
            codes[row, place] = [texts.setdefault(getattr(one, name), len(texts)) for one in found]
        for row, column in enumerate(of_texts):
            if found[column].resampled:
                resampled[place, row] = found[column].resampled
    value, low, high = numbers
    method, reason, made_by = codes
    return Founds(value, low, high, method, reason, made_by, resampled, of_texts, tuple(texts))


def widened(
    founds: Founds, places: Sequence[int], of_texts: tuple[int, ...], reasons: Mapping[int, Sequence[str]]
) -> Founds:
    """Return the numbers in more columns, or in another order of them.

    Args:
        founds: the numbers in P columns.
        places: for each new column its place among the P, or -1.
        of_texts: the new columns whose numbers have been resampled over texts.
        reasons: for each new column that is none of the P, why each cell has no number in it.
    """
    texts = {text: place for place, text in enumerate(founds.texts)}
    columns, new = np.array(places, dtype=np.int64), np.array(places) < 0
    arrays: dict[str, NDArray[Any]] = {}
    for name in (*_NUMBERS, *_TEXTS):
        arrays[name] = getattr(founds, name)[:, columns]
        arrays[name][:, new] = np.nan if name in _NUMBERS else 0
    for place, told in reasons.items():
        arrays["reason"][:, place] = [texts.setdefault(text, len(texts)) for text in told]
    resampled = np.full((len(founds.value), len(of_texts), KEPT), np.nan, np.float32)
    for row, place in enumerate(of_texts):
        if places[place] in founds.of_texts:
            resampled[:, row] = founds.resampled[:, founds.of_texts.index(places[place])]
    return Founds(**arrays, resampled=resampled, of_texts=of_texts, texts=tuple(texts))


def joined(parts: Sequence[tuple[Founds, Sequence[int]]]) -> Founds:
    """Return chosen cells of several, in order.

    Args:
        parts: arrays of the same columns, and the places of the cells that are taken from each.
    """
    texts: dict[str, int] = {"": 0}
    arrays: dict[str, list[NDArray[Any]]] = {name: [] for name in ARRAYS}
    for founds, places in parts:
        rows = np.asarray(places, dtype=np.int64)
        code = np.array([texts.setdefault(text, len(texts)) for text in founds.texts], dtype=np.int32)
        for name in (*_NUMBERS, "resampled"):
            arrays[name].append(getattr(founds, name)[rows])
        for name in _TEXTS:
            arrays[name].append(code[getattr(founds, name)[rows]])
    whole = {name: np.concatenate(found) for name, found in arrays.items()}
    return Founds(**whole, of_texts=parts[0][0].of_texts, texts=tuple(texts))
