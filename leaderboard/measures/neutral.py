"""The paper's claim as one number: do neutral tokens argue for the label that their language over-represents?"""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.skew_uptake import uptake

DRIFT = Measure("neutral_drift", 2, "probability")
UPTAKE = Measure("neutral_uptake", 2, "ratio")


def neutral_drift(neutral: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over languages and labels of abs(D[l, c, neutral]), before the placebo's is taken off.

    Args:
        neutral: D[..., l, c, neutral], ``[..., L, C]``.

    Returns:
        In units of probability for each leading index; NaN where a language or label is missing.
    """
    return np.abs(neutral).mean(axis=(-2, -1))


def neutral_uptake(skew: NDArray[np.float64], neutral: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sum of d * D[l, c, neutral] / sum of d^2.

    Args:
        skew: d[l, c], ``[L, C]``.
        neutral: D[..., l, c, neutral], ``[..., L, C]``.

    Returns:
        Above 0: the mere presence of a language's neutral tokens argues for the label it over-represents.
    """
    return uptake(skew, neutral)
