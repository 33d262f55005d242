"""How strongly language and label hang together in a table of counts, and whether that can be chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

LEVEL = 0.95
"""Of the interval."""
_TABLES = 1999  # random tables where expected counts are small
_AT_ONCE = 1 << 21  # cells of random tables that are held in memory
SMALLEST = 1 / (1 + _TABLES)
"""The smallest p that these can show."""
_SEED = 0


@dataclass(frozen=True)
class Association:
    """The association of language and label, for independent texts.

    Attributes:
        chi_squared: Pearson's statistic.
        degrees: its degrees of freedom.
        p: the probability of so large a statistic if language and label were independent.
        test: ``chi-squared``, or ``permutation`` where expected counts are too small for it.
        v: Cramer's V, corrected for its bias (Bergsma 2013): 0 is independent, 1 means one tells the other.
        v_plain: Cramer's V without the correction.
        v_low: lower end of the 95% interval of V.
        v_high: upper end.
    """

    chi_squared: float
    degrees: int
    p: float
    test: str
    v: float
    v_plain: float
    v_low: float
    v_high: float


def associate(counts: NDArray[np.integer]) -> Association | None:
    """Measure the association in a table; empty rows and columns do not count.

    Args:
        counts: n[l, c], ``[L, C]``.

    Returns:
        The association; None where less than two languages or labels have texts.
    """
    table = np.asarray(counts, np.int64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return None
    n = int(table.sum())
    rows, columns = table.shape
    statistic = pearson(table)
    degrees = (rows - 1) * (columns - 1)
    smaller = min(rows, columns) - 1
    test = "permutation" if _expected_too_small(table) else "chi-squared"
    p = _permuted(table, statistic) if test == "permutation" else float(special.chdtrc(degrees, statistic))
    low, high = (min(float(np.sqrt(bound / (n * smaller))), 1.0) for bound in noncentrality(table))
    plain = float(np.sqrt(statistic / (n * smaller)))
    return Association(statistic, degrees, p, test, bias_corrected(statistic, n, rows, columns), plain, low, high)


def pearson(table: NDArray[np.integer]) -> float:
    """Return Pearson's chi-squared statistic of a table without empty rows and columns."""
    expected = _expected(table)
    return float(((table - expected) ** 2 / expected).sum())


def bias_corrected(statistic: float, n: int, rows: int, columns: int) -> float:
    """Return Cramer's V less its bias, which makes V large for many cells and few texts.

    Bergsma (2013), A bias-correction for Cramer's V and Tschuprow's T, Journal of the Korean Statistical Society 42,
    323-328: phi^2 less its expectation under independence, and rows and columns less theirs.
    """
    if n < 2:
        return 0.0
    phi = max(0.0, statistic / n - (rows - 1) * (columns - 1) / (n - 1))
    smaller = min(size - (size - 1) ** 2 / (n - 1) for size in (rows, columns)) - 1
    return min(float(np.sqrt(phi / smaller)), 1.0) if smaller > 0 else 0.0


def noncentrality(table: NDArray[np.integer]) -> tuple[float, float]:
    """Return the 95% interval of the noncentrality n phi^2 of a table without empty rows and columns.

    Its ends invert the noncentral chi-squared distribution: under them so small, or so large, a statistic has a
    probability of 2.5% (Smithson 2003, Confidence Intervals, chapter 4). That distribution has the variance 2 df + 4
    times the noncentrality, too little where rare languages or labels carry the association. So where the variance
    that the table itself shows is larger, the interval is stretched about its centre by the ratio of the standard
    deviations. ``docs/audit.md`` has the simulated coverage with it and without.
    """
    statistic, degrees = pearson(table), (table.shape[0] - 1) * (table.shape[1] - 1)
    low, high = inverted(statistic, degrees)
    centre = max(statistic - degrees, 0.0)
    stretch = np.sqrt(max((2 * degrees + _variance(table)) / (2 * degrees + 4 * centre), 1.0))
    return max(float(centre - stretch * (centre - low)), 0.0), float(centre + stretch * (high - centre))


def inverted(statistic: float, degrees: int) -> tuple[float, float]:
    """Return the noncentralities under which a chi-squared statistic is at its upper and at its lower 2.5%."""
    if statistic == 0:
        return 0.0, 0.0
    tail = (1 - LEVEL) / 2
    low, high = (float(special.chndtrinc(statistic, degrees, share)) for share in (1 - tail, tail))
    return low, high


def _variance(table: NDArray[np.integer]) -> float:
    """Return the variance of the statistic by the delta method (Bishop, Fienberg and Holland 1975, chapter 14)."""
    shares = table / table.sum()
    rows, columns = shares.sum(axis=1, keepdims=True), shares.sum(axis=0, keepdims=True)
    squares = shares**2
    of_rows = (squares / columns).sum(axis=1, keepdims=True) / rows**2
    of_columns = (squares / rows).sum(axis=0, keepdims=True) / columns**2
    slopes = 2 * shares / (rows * columns) - of_rows - of_columns  # of phi^2, in each share
    return float(table.sum() * ((shares * slopes**2).sum() - (shares * slopes).sum() ** 2))


def _expected(table: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()


def _expected_too_small(table: NDArray[np.int64]) -> bool:
    """Cochran's rule (1954, Biometrics 10, 417-451): no expected count below 1, at most a fifth below 5."""
    expected = _expected(table)
    return bool(expected.min() < 1 or (expected < 5).mean() > 0.2)


def _permuted(table: NDArray[np.int64], statistic: float) -> float:
    """Return the share of random tables with the same margins whose statistic is as large; the table counts itself."""
    from scipy import stats  # takes a second to import, and is seldom needed

    tables = stats.random_table(table.sum(axis=1), table.sum(axis=0))
    weight = 1 / _expected(table)
    generator = np.random.default_rng(_SEED)
    least = (statistic + table.sum()) * (1 - 1e-9)  # the sum of n[l, c]^2 / E is the statistic plus n
    each = max(1, min(100, _AT_ONCE // table.size))
    larger = 0
    for start in range(0, _TABLES, each):
        drawn = tables.rvs(min(each, _TABLES - start), random_state=generator).astype(float)
        larger += int((np.einsum("tlc,tlc,lc->t", drawn, drawn, weight) >= least).sum())
    return (1 + larger) / (1 + _TABLES)
