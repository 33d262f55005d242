"""One number of the board: the mean over seeds, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.columns import Column
from leaderboard.sources import Found
from leaderboard.statistics.intervals import (
    PAIRED_T_INTERVAL,
    SEEDS_ONLY_T_INTERVAL,
    T_INTERVAL,
    TEXTS_T_INTERVAL,
    t_interval,
    t_interval_with_texts,
)


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
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""
    seeds: int = 0
    reason: str = ""


def average(column: Column, found: Sequence[Found]) -> Number:
    """Average over seeds, with an interval over seeds; a single seed keeps the interval over its test rows."""
    there = [one for one in found if one.value is not None]
    reasons = sorted({one.reason for one in found if one.value is None})
    if not there:
        return Number(None, reason="; ".join(reasons))
    if len({one.made_by for one in there}) > 1:
        return Number(None, reason="seeds were measured with different versions or parameters: measure them again")
    reason = f"{len(found) - len(there)} of {len(found)} seeds missing: {'; '.join(reasons)}" if reasons else ""
    values = [one.value for one in there if one.value is not None]
    if len(values) == 1:
        one = there[0]
        return Number(one.value, one.low, one.high, one.method, 1, reason)
    (low, high), method = _over_seeds(column, values, there)
    return Number(sum(values) / len(values), low, high, method.format(n=len(values)), len(values), reason)


def _over_seeds(column: Column, values: list[float], found: list[Found]) -> tuple[tuple[float, float], str]:
    """Return the interval of a mean over several seeds, and its method."""
    if not column.over_texts:
        return t_interval(values), PAIRED_T_INTERVAL if column.paired else T_INTERVAL
    over_texts = [(one.low, one.high) for one in found if one.low is not None and one.high is not None]
    if len(over_texts) < len(values):
        return t_interval(values), SEEDS_ONLY_T_INTERVAL
    return t_interval_with_texts(values, over_texts), TEXTS_T_INTERVAL
