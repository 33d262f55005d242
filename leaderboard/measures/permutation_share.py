"""How much of a drift's error over texts comes from estimating SHAP values with random permutations."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.counts import ratio

MEASURE = Measure("permutation_share", 1, "share")


def permutation_variance(
    variance: NDArray[np.float64], present: NDArray[np.bool_], language: NDArray[np.int64], languages: int
) -> NDArray[np.float64]:
    """Return the part of the variance of D[l, c, set] that the permutations make: an upper estimate.

    Errors are taken as independent between the two models and between the tokens of a text. Neither is so. Both models
    are asked with the same random orders, so their errors go together and partly cancel in the difference. The errors
    of a text's tokens add up to 0, so on the whole they go against each other. Both overstate the variance. Tokens of
    one sign can err together, though: for the positive and negative sets of two models that differ much, this is an
    estimate of the right size and no bound.

    Args:
        variance: ``[N, C, 3]``, summed over the set's tokens: squared standard errors in the cell and in the reference.
        present: ``[N, C, 3]``, whether the text has a token of the set.
        language: ``[N]`` class indices.
        languages: L.

    Returns:
        ``[L, C, 3]``: the sum over the language's texts that have the set, divided by their squared number; NaN where
        no text has.
    """
    member = (language == np.arange(languages)[:, None]).astype(np.float64)
    total = np.einsum("ln,ncs->lcs", member, np.where(present, variance, 0.0))
    return ratio(total, np.einsum("ln,ncs->lcs", member, present.astype(np.float64)) ** 2)


def permutation_share(permutations: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the variance over texts that comes from the permutation estimate, as an upper estimate.

    Args:
        permutations: variance of D[l, c, set] from `permutation_variance`, ``[L, C, 3]``.
        total: variance of D[l, c, set] over texts, which contains the former, ``[L, C, 3]``.

    Returns:
        ``[3]``: each summed over languages and labels, then divided. It is not capped: an upper estimate can be above
        1. NaN where a part is missing or the total is 0.
    """
    return ratio(permutations.sum(axis=(0, 1)), total.sum(axis=(0, 1)))
