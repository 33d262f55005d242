"""Which cells of language and label have more or fewer texts than if the two were independent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

_SMALL = 5.0  # expected counts below it are compared with the exact distribution


@dataclass(frozen=True)
class Cells:
    """Observed against expected counts, each ``[L, C]``; NaN where a language or label has no texts, or all.

    Attributes:
        expected: the label's share of all texts times the language's texts.
        ratio: observed over expected.
        residual: adjusted standardized residual, standard normal if language and label are independent.
        p: its two-sided probability, not corrected for the number of cells.
        skew: d[l, c] = P[l, c] - P[c], the label's share of the language's texts less its share of all.
    """

    expected: NDArray[np.float64]
    ratio: NDArray[np.float64]
    residual: NDArray[np.float64]
    p: NDArray[np.float64]
    skew: NDArray[np.float64]


def compare(counts: NDArray[np.integer], texts: NDArray[np.integer]) -> Cells:
    """Compare counts with independence.

    The residuals are Haberman's (1973, Biometrics 29, 205-220): with E expected and n all texts,
    (n[l, c] - E) / sqrt(E (1 - n_l / n) (1 - n_c / n)). Where a text has several labels, each label is compared by
    itself, present against absent, and the formula is the same.

    Args:
        counts: n[l, c], texts of each language that have each label, ``[L, C]``.
        texts: n_l, texts of each language, ``[L]``.
    """
    n_language = np.asarray(texts, float)[:, None]
    n_label = np.asarray(counts, float).sum(axis=0)
    n = n_language.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = n_language * n_label / n
        spread = np.sqrt(expected * (1 - n_language / n) * (1 - n_label / n))
        residual = np.where(spread > 0, (counts - expected) / spread, np.nan)
        ratio = np.where(expected > 0, counts / expected, np.nan)
        skew = np.where(n_language > 0, counts / n_language, np.nan) - n_label / n
    p = 2 * special.ndtr(-np.abs(residual))
    small = (expected < _SMALL) & (spread > 0)
    if not small.any():
        return Cells(expected, ratio, residual, p, skew)
    observed, of_language, of_label = (array[small] for array in np.broadcast_arrays(counts, n_language, n_label))
    p[small] = _exact(observed, n, of_language, of_label)
    return Cells(expected, ratio, residual, p, skew)


def distance(counts: NDArray[np.integer], texts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the total variation distance of each language's labels from those of all texts.

    It is half the sum of abs(d[l, c]): the share of the language's texts that would need another label. It has a
    meaning only where each text has one label.
    """
    return 0.5 * np.abs(compare(counts, texts).skew).sum(axis=1)


def _exact(
    counts: NDArray[np.integer], n: float, n_language: NDArray[np.float64], n_label: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return twice the smaller tail of the counts' hypergeometric distributions given the margins (Fisher)."""
    from scipy import stats  # takes a second to import, and is seldom needed

    distribution = stats.hypergeom(n, n_label, n_language)
    return np.minimum(2 * np.minimum(distribution.cdf(counts), distribution.sf(counts - 1)), 1)
