"""Cells against statsmodels' residuals and Fisher's test, and the family-wise error by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import Table

from leaderboard.statistics.multiplicity import holm
from tasks.audit.cells import compare, distance
from tests.tasks.audit.test_association import tables


@given(tables)
def test_residuals_and_expected_counts_are_those_of_statsmodels(table: NDArray[np.int64]) -> None:
    found = compare(table, table.sum(axis=1))
    peer = Table(table, shift_zeros=False)
    np.testing.assert_allclose(found.expected, peer.fittedvalues)
    np.testing.assert_allclose(found.residual, peer.standardized_resids, atol=1e-9)
    np.testing.assert_allclose(found.ratio, table / peer.fittedvalues)


@given(tables)
def test_the_skew_adds_up_to_nothing(table: NDArray[np.int64]) -> None:
    texts = table.sum(axis=1)
    skew = compare(table, texts).skew
    np.testing.assert_allclose(skew.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose((skew * texts[:, None]).sum(axis=0), 0, atol=1e-9)
    shares = table / texts[:, None]
    overall = table.sum(axis=0) / table.sum()
    np.testing.assert_allclose(distance(table, texts), 0.5 * np.abs(shares - overall).sum(axis=1))


def test_a_label_among_several_is_compared_by_itself() -> None:
    counts, texts = np.array([[433, 561], [2602, 1984], [521, 378]]), np.array([2278, 6838, 3561])
    found = compare(counts, texts)
    for label in range(2):
        alone = np.stack([texts - counts[:, label], counts[:, label]], axis=1)
        np.testing.assert_allclose(found.residual[:, label], Table(alone).standardized_resids[:, 1])


def test_large_expected_counts_have_the_normal_p_and_small_ones_fishers() -> None:
    table = np.array([[1, 400], [7, 395]])
    p = compare(table, table.sum(axis=1)).p
    tails = [stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert p[0, 0] == pytest.approx(min(1, 2 * min(tails)))
    table = np.array([[100, 400], [150, 395]])
    found = compare(table, table.sum(axis=1))
    np.testing.assert_allclose(found.p, 2 * stats.norm.sf(np.abs(found.residual)))


@given(st.integers(1, 60), st.integers(1, 10_000), st.integers(0, 10_000), st.integers(0, 60))
def test_small_expected_counts_have_fishers_p_however_far_they_are(
    n_language: int, others: int, without: int, count: int
) -> None:
    count = min(count, n_language)
    # The first language is small; its label may be rare or nearly all there is.
    table = np.array([[count, n_language - count], [others, without]])
    found = compare(table, table.sum(axis=1))
    if not found.expected[0, 0] < 5 or np.isnan(found.residual[0, 0]):
        return
    tails = [stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert found.p[0, 0] == pytest.approx(min(1, 2 * min(tails)), rel=1e-6, abs=1e-300)


def test_empty_languages_and_labels_are_not_compared() -> None:
    found = compare(np.array([[3, 0, 2], [0, 0, 0], [4, 0, 5]]), np.array([5, 0, 9]))
    assert np.isnan(found.residual[1]).all()
    assert np.isnan(found.residual[:, 1]).all()
    assert np.isfinite(found.residual[np.ix_([0, 2], [0, 2])]).all()


@pytest.mark.parametrize("rows", [60, 2000])
def test_independent_tables_seldom_have_a_cell_that_differs(rows: int) -> None:
    rng = np.random.default_rng(0)
    shares = np.outer([0.6, 0.3, 0.1], [0.5, 0.3, 0.15, 0.05])
    wrong = 0
    for sample in rng.multinomial(rows, shares.ravel(), size=400).reshape(-1, 3, 4):
        p = compare(sample, sample.sum(axis=1)).p
        wrong += bool(np.nanmin(holm(p.ravel())) < 0.05)
    assert wrong / 400 < 0.075
