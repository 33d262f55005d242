"""Macro F1 on the test set (paper, Table 3 and 6 report accuracy; F1 beside it where labels are uneven)."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure

MEASURE = Measure("macro_f1", 1, "share")


def macro_f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unweighted mean over labels of F1 = 2 tp / (true + predicted).

    A label that neither occurs nor is predicted counts as 0, as in scikit-learn with all labels named.

    Args:
        counts: n[..., true, predicted], ``[..., C, C]``; leading axes are kept.

    Returns:
        A share for each leading index, NaN where there is no row.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    total = counts.sum(axis=-1) + counts.sum(axis=-2)
    f1 = np.divide(2 * hits, total, out=np.zeros(hits.shape), where=total != 0).mean(axis=-1)
    return np.where(counts.sum(axis=(-2, -1)) > 0, f1, np.nan)
