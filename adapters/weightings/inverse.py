"""Weights that are inverse to how often a label occurs.

Each quotient is one division of two integers, so it is the nearest float64 to the exact value, and a weight that is 1
on paper is exactly 1.0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.weightings.counts import checked, to_balance


def none(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Return weights that are all 1.

    Args:
        counts: training rows n[l, c], integers of shape [L, C].

    Returns:
        Ones, float64 of shape [L, C], for empty cells too.

    Raises:
        UserError: the counts are not a table of non-negative integers.
    """
    return np.ones(checked(counts).shape)


def global_(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Weight each label by the inverse of its share over all languages: w[l, c] = n / (C * n_c).

    This is scikit-learn's ``class_weight="balanced"`` over all rows. Where all labels are equally frequent overall,
    as in the paper's regimes, every weight is exactly 1.0.

    Args:
        counts: training rows n[l, c], integers of shape [L, C].

    Returns:
        Weights, float64 of shape [L, C], the same in every row. A label with no rows at all has weight 0.

    Raises:
        UserError: the counts are not a table of non-negative integers.

    Warns:
        EmptyCellWarning: a cell has no rows.
    """
    n = to_balance(counts)
    weights = _quotient(np.broadcast_to(n.sum(), n.shape[1:]), n.shape[1] * n.sum(axis=0))
    return np.tile(weights, (n.shape[0], 1))


def per_language(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Weight each label by the inverse of its share within the language: w[l, c] = n_l / (C * n[l, c]).

    Source: Jung and van der Plas (2024), equation 2. Within each language with rows of every label, all labels weigh
    the same in sum, and the weights of its rows add up to their number n_l. C counts all labels of the table, also
    those that a language lacks: such a language's rows add up to less than n_l.

    Args:
        counts: training rows n[l, c], integers of shape [L, C].

    Returns:
        Weights, float64 of shape [L, C]. An empty cell has weight 0, which no training row uses.

    Raises:
        UserError: the counts are not a table of non-negative integers.

    Warns:
        EmptyCellWarning: a cell has no rows.
    """
    n = to_balance(counts)
    return _quotient(np.broadcast_to(n.sum(axis=1, keepdims=True), n.shape), n.shape[1] * n)


def _quotient(top: NDArray[np.int64], bottom: NDArray[np.int64]) -> NDArray[np.float64]:
    """Divide, with 0 where the divisor is 0."""
    return np.divide(top, bottom, out=np.zeros(bottom.shape), where=bottom > 0)
