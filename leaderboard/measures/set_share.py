"""How many tokens a threshold calls positive, negative and neutral (the paper's appendix A.4)."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.counts import ratio
from leaderboard.measures.drift import set_index, sum_by_set

MEASURE = Measure("set_share", 1, "share")


def set_counts(
    values: NDArray[np.float64], text: NDArray[np.int64], texts: int, threshold: float
) -> NDArray[np.float64]:
    """Count each text's positive, negative and neutral tokens, for every label.

    Args:
        values: SHAP values ``[T, C]`` of all tokens of all texts in the reference.
        text: number of the text of each token, ``[T]``.
        texts: number of texts N.
        threshold: in units of probability.

    Returns:
        ``[N, C, 3]``, sets in the order of `leaderboard.measures.drift.SETS`.
    """
    return sum_by_set(set_index(values, threshold), np.ones(values.shape), text, texts)


def set_shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each set.

    Args:
        counts: tokens by set, ``[..., 3]``, summed over whatever is pooled.

    Returns:
        Shares ``[..., 3]`` that add up to 1; NaN where there is no token.
    """
    return ratio(counts, counts.sum(axis=-1, keepdims=True))
