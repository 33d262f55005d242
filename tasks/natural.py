"""The skew of data as they are, which no ratio declares: from the counts of the training rows."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.01
"""Of the test of independence: one task in a hundred whose languages share their labels is taken for a skewed one."""
_SMALL = 5.0  # expected rows of a cell, below which the chi-squared distribution is not trusted (Cochran 1954)
_TABLES = 9_999


def skew(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return d[l, c] = P[l, c] - P[c] of the training rows, where they tell it from chance.

    P[l, c] is the share of label c within language l, and P[c] its mean over languages, not its share over all rows:
    each language then counts alike, as it does in the balanced test set, and the uptake of a model that predicts one
    mixture of labels in every language is exactly 0, that of a model that predicts each language's own exactly 1.

    Args:
        counts: int64 [L, C], training rows of each language and label.

    Returns:
        float64 [L, C]; 0 throughout where language and label are not told apart from independent, at 1%: then all that
        differs between languages may be chance, and a label that is frequent in all of them is no skew.
    """
    if independence(counts) >= LEVEL:
        return np.zeros(counts.shape)
    share = [[Fraction(int(count), int(row.sum())) for count in row] for row in counts]
    mean = [sum(column, Fraction()) / len(share) for column in zip(*share, strict=True)]
    return np.array([[float(own - over_all) for own, over_all in zip(row, mean, strict=True)] for row in share])


def independence(counts: NDArray[np.int64]) -> float:
    """Return the p value of Pearson's chi-squared test that language and label are independent.

    Where fewer than 5 rows are expected in some cell, the distribution of the statistic comes from 9,999 random tables
    with the same margins (Patefield 1981, fixed seed) instead.

    Args:
        counts: int64 [L, C], training rows of each language and label; labels without any row have no part in it.
    """
    from scipy import stats  # takes a second to import

    table = counts[:, counts.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 1.0
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = rows[:, None] * columns / table.sum()
    if expected.min() >= _SMALL:
        return float(stats.chi2_contingency(table, correction=False).pvalue)
    statistic = (table**2 / expected).sum()
    random = stats.random_table(rows, columns).rvs(_TABLES, random_state=np.random.default_rng(0))
    # Equal tables give equal sums, whatever the last digit of a float says.
    extreme = (random**2 / expected).sum(axis=(1, 2)) >= statistic * (1 - 1e-12)
    return float((1 + extreme.sum()) / (1 + _TABLES))
