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
    skew = _skew(counts, n_language[:, 0])
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
    return 0.5 * np.abs(_skew(counts, np.asarray(texts, float))).sum(axis=1)


def _skew(counts: NDArray[np.integer], n_language: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, n_language[:, None], out=shares, where=n_language[:, None] > 0)
    return shares - counts.sum(axis=0) / n_language.sum()


def _exact(
    counts: NDArray[np.integer], n: float, n_language: NDArray[np.float64], n_label: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return twice the smaller tail of the counts' hypergeometric distributions given the margins (Fisher).

    Tails are summed from the count on, each term from the one before: few texts are expected, so the terms are few,
    and this is much faster than `scipy.stats.hypergeom`.
    """
    from scipy import stats  # takes a second to import, and is seldom needed

    count, neither = np.asarray(counts, float), n - n_language - n_label
    here = np.exp(stats.hypergeom.logpmf(count, n, n_label, n_language))
    upper = _tail(here, count, 1, n_language, n_label, neither)
    lower = 1 - upper + here
    far = lower < 1e-3  # which the difference would get wrong
    lower[far] = _tail(here[far], count[far], -1, n_language[far], n_label[far], neither[far])
    return np.minimum(2 * np.minimum(upper, lower), 1)


def _tail(
    first: NDArray[np.float64],
    count: NDArray[np.float64],
    step: int,
    n_language: NDArray[np.float64],
    n_label: NDArray[np.float64],
    neither: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the probability of a count and of all beyond it, upwards or downwards, from that of the count."""
    term, tail, at = first.copy(), first.copy(), count.copy()
    while (term > tail * 1e-16).any():
        k = at + 1 if step > 0 else at  # p(k) / p(k - 1) = rise / fall
        rise, fall = (n_label - k + 1) * (n_language - k + 1), k * (neither + k)
        term *= rise / fall if step > 0 else fall / rise
        at += step
        tail += term
    return tail
