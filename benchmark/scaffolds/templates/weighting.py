"""The weighting my_thing: what each training row counts, by its language and label."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import polyskew


@polyskew.register("weighting")
def my_thing(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """The square root of n_l / (C * n[l, c]): half way, in logarithms, to labels balanced within each language."""
    # counts: training rows n[l, c], of L languages and C labels. The loss of a row is multiplied by its weight, so 1
    # leaves it as it is; an empty cell has no rows to weigh, and gets 0 rather than a division by it.
    rows = counts.sum(axis=1, keepdims=True)
    weights = np.divide(rows, counts.shape[1] * counts, out=np.zeros(counts.shape), where=counts > 0)
    return np.sqrt(weights)
