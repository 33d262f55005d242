"""Weights between none and those that balance the labels: rare labels count more, but less than their rarity.

All are scaled as the weights of `inverse` are: the training rows' mean weight is 1, over all rows or, per language, in
each language. The loss then has the scale that it has without weights, a language keeps its part in it, and where rows
are drawn by their weights an epoch keeps its number of rows.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from adapters.component import Component
from adapters.weightings.counts import of_labels, to_balance, with_mean_one


def sqrt(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Weight each label by the inverse square root of its rows over all languages: w[l, c] ~ n_c^(-1/2).

    Source: Mahajan et al. (2018), "Exploring the limits of weakly supervised pretraining", who draw by it.

    Args:
        counts: training rows n[l, c], integers of shape [L, C].

    Returns:
        Weights, float64 of shape [L, C], the same in every language. A label with no rows at all has weight 0.

    Raises:
        UserError: the counts are not a table of non-negative integers.

    Warns:
        EmptyCellWarning: a cell has no rows.
    """
    n = to_balance(counts)
    return with_mean_one(_inverse_root(of_labels(n)), n)


def sqrt_per_language(counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Weight each label by the inverse square root of its rows within the language: w[l, c] ~ n[l, c]^(-1/2).

    `sqrt`, within each language.

    Args:
        counts: training rows n[l, c], integers of shape [L, C].

    Returns:
        Weights, float64 of shape [L, C]; 0 where a cell is empty.

    Raises:
        UserError: the counts are not a table of non-negative integers.

    Warns:
        EmptyCellWarning: a cell has no rows.
    """
    n = to_balance(counts)
    return with_mean_one(_inverse_root(n), n, axis=1)


class EffectiveNumber(Component):
    """Weight each label by the inverse effective number of its rows: w[l, c] ~ (1 - beta) / (1 - beta^n_c).

    Source: Cui et al. (2019), "Class-balanced loss based on effective number of samples", proposition 1 and the loss
    after it. They scale the weights of the C classes to the sum C; here the rows' mean is 1, which differs by one
    factor. For beta towards 1 the weights are those of ``global``, for beta towards 0 they are 1.

    Attributes:
        beta: (N - 1) / N, where N is how many rows of a label there can be that differ; the authors' value for
            ImageNet and iNaturalist is 0.999, so N = 1,000.
    """

    name: ClassVar[str] = "effective_number"

    beta: float = Field(0.999, gt=0, lt=1)

    def __call__(self, counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return the weights, float64 [L, C], of the counts n[l, c], integers [L, C]; 0 for a label with no rows.

        Raises:
            UserError: the counts are not a table of non-negative integers.

        Warns:
            EmptyCellWarning: a cell has no rows.
        """
        n = to_balance(counts)
        return with_mean_one(_inverse_effective_number(of_labels(n), self.beta), n)


class EffectiveNumberPerLanguage(EffectiveNumber):
    """`EffectiveNumber` within each language: w[l, c] ~ (1 - beta) / (1 - beta^n[l, c])."""

    name: ClassVar[str] = "effective_number_per_language"

    def __call__(self, counts: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return the weights; as `EffectiveNumber`."""
        n = to_balance(counts)
        return with_mean_one(_inverse_effective_number(n, self.beta), n, axis=1)


def _inverse_root(n: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.divide(1.0, np.sqrt(n), out=np.zeros(n.shape), where=n > 0)


def _inverse_effective_number(n: NDArray[np.int64], beta: float) -> NDArray[np.float64]:
    effective = np.expm1(n * np.log(beta)) / (beta - 1.0)  # exact where beta^n is close to 1 too
    return np.divide(1.0, effective, out=np.zeros(n.shape), where=n > 0)
