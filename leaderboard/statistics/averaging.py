"""One number of the board: the mean over seeds, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading.column import Column
from leaderboard.reading.founds import Founds, gather
from leaderboard.reading.sources import Found
from leaderboard.statistics.intervals import (
    NORMAL,
    OF_ROWS,
    PAIRED_T_INTERVAL,
    SEEDS_ONLY_T_INTERVAL,
    T_INTERVAL,
    TEXTS_T_INTERVAL,
)
from leaderboard.statistics.spread import shared_by_texts, spread

Floats = NDArray[np.float64]
UNLIKE = "seeds were measured with different versions or parameters: measure them again"


@dataclass(frozen=True)
class Number:
    """One number of the board.

    Attributes:
        value: mean over seeds, or None with a reason.
        low: lower end of the 95% interval, or None where there is none.
        high: upper end.
        method: of the interval.
        seeds: number of seeds that went into the value.
        reason: why the value, or a seed of it, is missing.
        made_by: measure, version and parameters; empty where nothing was measured.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""
    seeds: int = 0
    reason: str = ""
    made_by: str = ""


def average(column: Column, found: Sequence[Found]) -> Number:
    """Average what was found in the cells of one row, as `averages` does."""
    founds = gather([[one] for one in found], (0,) if column.over_texts else (), 1)
    return averages((column,), founds, [range(len(found))])[0][0]


def averages(columns: Sequence[Column], founds: Founds, rows: Sequence[Sequence[int]]) -> list[list[Number]]:
    """Average over seeds, with an interval over seeds; a single seed keeps the interval over its test rows.

    Args:
        columns: P columns.
        founds: what was found in the cells.
        rows: for each row the places of its cells, one a seed.

    Returns:
        For each row its P numbers.
    """
    places = padded(rows)
    outside = (places < 0)[..., None]
    values = np.where(outside, np.nan, founds.value[places])
    texts, method = _texts(columns, founds, places, values)
    found = spread(values, texts)
    there = np.isfinite(values)
    made_by = np.where(there, founds.made_by[places], -1)
    latest = made_by.max(axis=0, initial=-1)
    mixed = (np.where(there, made_by, latest) != latest).any(axis=0)
    plain = (found.count > 1) & ~mixed & (found.count == (~outside).sum(axis=0))
    arrays = (found.mean, found.mean - found.half, found.mean + found.half, method, found.count, latest, plain, mixed)
    return [
        [
            Number(mean, low, high, _method(kind, count), count, "", founds.texts[code])
            if simple
            else _special(founds, own, column, Number(mean, low, high, _method(kind, count), count), unlike)
            for column, (mean, low, high, kind, count, code, simple, unlike) in enumerate(zip(*row, strict=True))
        ]
        for own, row in zip(rows, zip(*(array.tolist() for array in arrays), strict=True), strict=True)
    ]


def padded(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Return rows of different lengths as ``[longest, R]``, filled up with -1."""
    places = np.full((max(map(len, rows), default=0), len(rows)), -1, dtype=np.int64)
    for number, row in enumerate(rows):
        places[: len(row), number] = row
    return places


@cache
def _method(kind: int, seeds: int) -> str:
    return (T_INTERVAL, PAIRED_T_INTERVAL, TEXTS_T_INTERVAL, SEEDS_ONLY_T_INTERVAL)[kind].format(n=seeds)


def _texts(
    columns: Sequence[Column], founds: Founds, places: NDArray[np.int64], values: Floats
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the variance of the means that comes from the choice of texts, and the interval's method, ``[R, P]``."""
    variance = np.zeros(values.shape[1:])
    method = np.broadcast_to(np.array([int(column.paired) for column in columns]), variance.shape).copy()
    for row, place in enumerate(founds.of_texts):
        there = np.isfinite(values[..., place])
        own = ((founds.high - founds.low)[places, place] / 2 / NORMAL) ** 2
        own = np.where(there, own, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        resampled = np.where(there[..., None], founds.resampled[places, row], np.nan)
        kept = (np.isfinite(resampled[..., 0]) | ~there).all(axis=0)
        # Without resamples a seed's own variance is all there is: what a text does in one seed only counts twice.
        found = np.where(kept, shared_by_texts(resampled), own)
        known = np.isfinite(found)
        variance[:, place] = np.where(known, found, 0.0)
        method[:, place] = np.where(known, 2, 3)
    return variance, method


def _special(founds: Founds, row: Sequence[int], column: int, number: Number, mixed: bool) -> Number:
    """Return a number that some seed lacks, or that one seed has alone, or whose seeds cannot be averaged."""
    cells = np.array(row, dtype=np.int64)
    there = np.isfinite(founds.value[cells, column])
    reasons = "; ".join(sorted({founds.texts[code] for code in founds.reason[cells[~there], column]}))
    if not number.seeds:
        return Number(None, reason=reasons)
    if mixed:
        return Number(None, reason=UNLIKE)
    missing = f"{len(cells) - number.seeds} of {len(cells)} seeds missing: {reasons}" if reasons else ""
    first = cells[there.argmax()]
    made_by = founds.texts[founds.made_by[first, column]]
    if number.seeds > 1:
        return replace(number, reason=missing, made_by=made_by)
    low, high = float(founds.low[first, column]), float(founds.high[first, column])
    if not (np.isfinite(low) and np.isfinite(high)):
        return Number(number.value, seeds=1, reason=missing, made_by=made_by)
    return Number(number.value, low, high, founds.texts[founds.method[first, column]] + OF_ROWS, 1, missing, made_by)
