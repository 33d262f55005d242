"""Skew uptake: Table 2 of the paper as one number that can be compared across tasks."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure

MEASURE = Measure("skew_uptake", 1, "ratio")


def uptake(skew: NDArray[np.float64], effect: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the regression slope (through 0) of an effect on the skew: sum of d * effect / sum of d^2.

    Args:
        skew: d[l, c] = P[l, c] - P[c], ``[L, C]``, from the regime's ratios.
        effect: ``[..., L, C]``, the same kind of quantity measured on a model.

    Returns:
        A slope for each leading index; NaN where a part of the effect is missing or the skew is 0 throughout.
    """
    total = float((skew**2).sum())
    if total == 0:
        return np.full(np.shape(effect)[:-2], np.nan)
    return (skew * effect).sum(axis=(-2, -1)) / total


def skew_uptake(
    skew: NDArray[np.float64], predicted: NDArray[np.float64], true: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much of the training skew the predictions copy: 0 is blind to language, 1 copies it in full.

    Args:
        skew: d[l, c], ``[L, C]``.
        predicted: q[..., l, c], share of language l's test rows predicted as c.
        true: t[..., l, c], share of language l's test rows whose label is c.

    Returns:
        The uptake, a plain number without bounds, for each leading index.
    """
    return uptake(skew, predicted - true)
