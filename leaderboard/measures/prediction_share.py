"""What is predicted in each language (paper, Table 2)."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.counts import ratio

MEASURE = Measure("prediction_share", 1, "share")


def prediction_shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return q[..., l, c], the share of language l's rows predicted as c.

    Args:
        counts: n[..., l, true, predicted], ``[..., L, C, C]``.

    Returns:
        Shares ``[..., L, C]``; rows sum to 1, NaN where a language has no row.
    """
    predicted = counts.sum(axis=-2)
    return ratio(predicted, predicted.sum(axis=-1, keepdims=True))


def true_shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return t[..., l, c], the share of language l's rows whose true label is c, ``[..., L, C]``."""
    true = counts.sum(axis=-1)
    return ratio(true, true.sum(axis=-1, keepdims=True))
