"""Intervals at 95%, each with the name of its method."""

import math
from functools import cache
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
BOOTSTRAP = f"one seed: normal, bootstrap error over groups of test rows, {RESAMPLES} resamples"
PROBE_BOOTSTRAP = f"one seed: normal, bootstrap error over groups of probed texts, {RESAMPLES} resamples, probes fixed"
T_INTERVAL = "t interval of the mean over {n} seeds"
PAIRED_T_INTERVAL = "t interval of the mean of {n} differences paired by seed"
WITH_TEXTS = ", error over texts added in quadrature"
WITHOUT_TEXTS = ", without the error over texts, which a seed lacks"
TEXTS_T_INTERVAL = PAIRED_T_INTERVAL + WITH_TEXTS
SEEDS_ONLY_T_INTERVAL = PAIRED_T_INTERVAL + WITHOUT_TEXTS
NORMAL = 1.959964
_CHUNK = 4_000_000  # weights held at once


def bootstrap_sums(x: NDArray[np.float64], groups: NDArray[Any], seed: int = 0) -> NDArray[np.float64]:
    """Sum columns over resampled rows; groups are drawn with replacement, whole.

    Args:
        x: ``[N, K]``.
        groups: ``[N]``.
        seed: of the draws.

    Returns:
        Sums ``[RESAMPLES, K]``.
    """
    from leaderboard.measures.probing import group_index

    index, number = group_index(groups)
    if number < len(x):
        order = np.argsort(index, kind="stable")
        starts = np.searchsorted(index[order], np.arange(number))
        x = np.add.reduceat(x[order], starts, axis=0)
    generator = np.random.default_rng(seed)
    result = np.empty((RESAMPLES, x.shape[1]))
    step = max(1, min(RESAMPLES, _CHUNK // max(number, 1)))
    for start in range(0, RESAMPLES, step):
        rows = min(step, RESAMPLES - start)
        drawn = generator.integers(number, size=(rows, number)) + np.arange(rows)[:, None] * number
        weights = np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number)
        result[start : start + rows] = weights.astype(np.float64) @ x
    return result


def normal(value: float, replicates: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return value -/+ 1.96 standard deviations of its bootstrap replicates.

    Replicates of the mutual information and of absolute values are biased upwards, so that their percentiles are in
    the wrong place; their spread is right.

    Returns:
        The interval, or None where replicates are missing (a resample without any row of a language).
    """
    spread = float(np.std(replicates, ddof=1))
    return (value - NORMAL * spread, value + NORMAL * spread) if np.isfinite(spread) else None


def t_interval(values: list[float]) -> tuple[float, float]:
    """Return the t interval of the mean of at least two values."""
    mean, half = fmean(values), _t_half(values)
    return mean - half, mean + half


def t_interval_with_texts(values: list[float], over_texts: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the t interval of the mean over seeds, with the error over texts added in quadrature.

    The explained texts are the same in every seed, so the spread between seeds does not contain the error that comes
    from their choice, and it does not shrink with the number of seeds. What a text does in one seed only is counted
    twice: the interval is rather too wide than too narrow.

    Args:
        values: one a seed, at least two.
        over_texts: each seed's own normal interval over texts.

    Returns:
        Mean -/+ sqrt(t^2 s^2 / n + 1.96^2 v), where v is the mean over seeds of the variance over texts.
    """
    variance = fmean(((high - low) / 2 / NORMAL) ** 2 for low, high in over_texts)
    mean, half = fmean(values), math.hypot(_t_half(values), NORMAL * math.sqrt(variance))
    return mean - half, mean + half


def _t_half(values: list[float]) -> float:
    # A board has a hundred thousand of these over a handful of values each, where numpy takes ten times as long.
    count, mean = len(values), fmean(values)
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    return _t_quantile(count - 1) * math.sqrt(variance / count)


@cache
def _t_quantile(degrees: int) -> float:
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    return float(stdtrit(degrees, 0.975))
