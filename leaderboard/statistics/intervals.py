"""Intervals at 95%, each with the name of its method."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
KEPT = 40
"""Resamples that are kept with a number, so that its error over texts can be told apart from that of its seed."""

BOOTSTRAP = f"one seed: normal, bootstrap error over groups of test rows, {RESAMPLES} resamples"
PROBE_BOOTSTRAP = f"one seed: normal, bootstrap error over groups of probed texts, {RESAMPLES} resamples, probes fixed"
_PLUGIN_BOOTSTRAP = "one seed: normal, bootstrap error over groups of texts, {n} resamples"
OF_RUNS = " (training runs on this test set)"
WITH_TEXTS = " (training runs and texts)"
WITHOUT_TEXTS = " (training runs on these texts: a seed lacks the error over texts)"
OF_ROWS = " (test rows of this run; the variance between runs is unknown)"
"""How a method's name ends: its number estimates the mean over these."""
T_INTERVAL = "t interval of the mean over {n} seeds" + OF_RUNS
PAIRED_T_INTERVAL = "t interval of the mean of {n} differences paired by seed" + OF_RUNS
TEXTS_T_INTERVAL = (
    "t interval of the mean of {n} differences paired by seed, error over texts added in quadrature" + WITH_TEXTS
)
SEEDS_ONLY_T_INTERVAL = "t interval of the mean of {n} differences paired by seed" + WITHOUT_TEXTS
NORMAL = 1.959964
_CHUNK = 4_000_000  # weights held at once


def plugin_bootstrap(resamples: int) -> str:
    """Return how a plug-in's measure gets the interval of one seed: it is computed anew on each resample."""
    return _PLUGIN_BOOTSTRAP.format(n=resamples)


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
