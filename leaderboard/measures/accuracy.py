"""Accuracy on the test set (the paper's Tables 3 and 6)."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.counts import ratio

MEASURE = Measure("accuracy", 1, "share")
DIFFERENCE = Measure("accuracy_difference", 1, "share")


def accuracy(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of rows whose prediction is the true label.

    Args:
        counts: n[..., true, predicted], ``[..., C, C]``; leading axes (resamples, languages) are kept.

    Returns:
        A share for each leading index, NaN where there is no row.
    """
    return ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))
