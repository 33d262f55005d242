"""One row's tables: means over its seeds, with intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard.site.readings import PLACEBO, Reading, Table
from leaderboard.statistics.averaging import UNLIKE
from leaderboard.statistics.intervals import NORMAL, SEEDS_ONLY_T_INTERVAL, T_INTERVAL, TEXTS_T_INTERVAL
from leaderboard.statistics.spread import spread

OVER_TEXTS = ("drift", "base_difference")
"""Measures on texts that are the same in every seed, so that the spread between seeds lacks the error over texts."""


class Average(NamedTuple):
    """One table over S seeds.

    Attributes:
        table: the first seed's, for its names.
        mean: over the seeds that have a value, ``[K]``, NaN where none has.
        half: half the width of the 95% interval, ``[K]``, NaN where there is none.
        seeds: the numbers of each seed, ``[S, K]``, NaN where missing.
        method: of the intervals.
        reason: why values are missing, or empty.
    """

    table: Table
    mean: NDArray[np.float64]
    half: NDArray[np.float64]
    seeds: NDArray[np.float64]
    method: str
    reason: str


def averages(readings: Sequence[Reading]) -> list[Average]:
    """Return every table that some seed has, in the order of the first seed's.

    Args:
        readings: one a seed.
    """
    found: dict[tuple[str, str, str], dict[int, Table]] = {}
    for seed, reading in enumerate(readings):
        for table in reading.tables:
            found.setdefault((table.measure, table.params, table.by), {})[seed] = table
    return [_average(tables, len(readings)) for tables in found.values()]


def _average(tables: dict[int, Table], seeds: int) -> Average:
    first = next(iter(tables.values()))
    values = np.full((seeds, len(first.values)), np.nan)
    halves = np.full_like(values, np.nan)
    for seed, table in tables.items():
        values[seed], halves[seed] = table.values, table.halves
    reason = next((table.reason for table in tables.values() if table.reason), "")
    if len({table.made_by for table in tables.values()}) > 1:
        nothing = np.full_like(first.values, np.nan)
        return Average(first, nothing, nothing, values, "", UNLIKE)
    if len(tables) == 1:
        only = next(iter(tables))
        return Average(first, values[only], halves[only], values, first.interval, reason)
    texts, method = _of_texts(first.measure, values, halves)
    over = spread(values, texts)
    half = np.full_like(over.mean, np.nan) if first.measure == PLACEBO else over.half
    alone = over.count == 1  # the other seeds lack this one value
    if alone.any():
        half = np.where(alone, np.where(np.isfinite(values), halves, -np.inf).max(axis=0), half)
    return Average(first, over.mean, half, values, method, reason)


def _of_texts(
    measure: str, values: NDArray[np.float64], halves: NDArray[np.float64]
) -> tuple[NDArray[np.float64] | float, str]:
    """Return the part of the variance that comes from the choice of texts, and the method of the interval."""
    if measure == PLACEBO:  # a size without a sign: an interval would say nothing about zero
        return 0.0, ""
    if measure not in OVER_TEXTS:
        return 0.0, T_INTERVAL.format(n=len(values))
    # A seed's whole variance over texts is taken, which is rather too much: see `leaderboard.statistics.spread`.
    there = np.isfinite(values)
    texts = np.where(there, (halves / NORMAL) ** 2, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    known = np.isfinite(texts)
    method = TEXTS_T_INTERVAL if known.all() else SEEDS_ONLY_T_INTERVAL
    return np.where(known, texts, 0.0), method.format(n=len(values))
