"""Association against peer libraries, by its properties, and its interval and test by simulation."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats
from scipy.stats.contingency import association

from tasks.audit.association import associate, bias_corrected, inverted, noncentrality, pearson

TABLE = np.array([[433, 1845], [2602, 4236], [521, 3040]])

tables = st.integers(2, 6).flatmap(
    lambda rows: st.integers(2, 6).flatmap(
        lambda columns: arrays(np.int64, (rows, columns), elements=st.integers(1, 90))
    )
)


@given(tables)
def test_statistic_p_and_plain_v_are_those_of_scipy(table: NDArray[np.int64]) -> None:
    found = associate(table)
    assert found is not None
    expected = stats.chi2_contingency(table, correction=False)
    assert found.chi_squared == pytest.approx(expected.statistic, abs=1e-9)
    assert found.degrees == expected.dof
    assert found.v_plain == pytest.approx(association(table, method="cramer"), abs=1e-9)
    if found.test == "chi-squared":
        assert found.p == pytest.approx(expected.pvalue, abs=1e-12)


@given(tables)
def test_v_and_its_interval_are_ordered_and_do_not_depend_on_the_order_of_the_table(table: NDArray[np.int64]) -> None:
    found = associate(table)
    assert found is not None
    assert 0 <= found.v <= 1
    assert 0 <= found.v_low <= found.v_high <= 1
    assert found.v <= found.v_plain + 1e-12
    turned = associate(np.pad(table[::-1].T, ((0, 1), (1, 0))))  # an empty label and an empty language do not count
    assert turned is not None
    assert turned.v == pytest.approx(found.v, abs=1e-12)
    assert turned.degrees == found.degrees


def test_the_correction_is_bergsmas() -> None:
    # By hand, from equations (1) to (3) of Bergsma (2013), for n = 100, 3 x 2 and a statistic of 10.
    phi = 10 / 100 - 2 * 1 / 99
    rows, columns = 3 - 4 / 99, 2 - 1 / 99
    assert bias_corrected(10.0, 100, 3, 2) == pytest.approx(np.sqrt(phi / min(rows - 1, columns - 1)), rel=1e-12)
    assert bias_corrected(1.9, 100, 3, 2) == 0.0


def test_the_correction_takes_the_bias_off() -> None:
    rng = np.random.default_rng(0)
    shares = np.outer([0.5, 0.3, 0.2], np.full(8, 1 / 8)) * np.r_[np.full(4, 1.2), np.full(4, 0.8)]
    shares[1:] = shares[1:, ::-1]
    shares /= shares.sum()
    true = pearson(np.asarray(shares * 1e9, np.int64)) / 1e9 / 2
    drawn = [associate(rng.multinomial(400, shares.ravel()).reshape(3, 8)) for _ in range(400)]
    plain = np.mean([one.v_plain**2 for one in drawn if one])
    corrected = np.mean([one.v**2 for one in drawn if one])
    assert abs(corrected - true) < 0.003 < plain - true


def test_perfect_dependence_is_one_and_exact_independence_zero() -> None:
    same = associate(np.diag([50, 60, 70]))
    assert same is not None
    assert (same.v, same.v_plain) == (pytest.approx(1), pytest.approx(1))
    none = associate(np.outer([1, 2, 3], [40, 50]))
    assert none is not None
    assert (none.v, none.v_low, none.v_high, none.p) == (0, 0, 0, 1)


@pytest.mark.parametrize("table", [np.array([[3, 4]]), np.array([[3, 0], [4, 0]]), np.zeros((2, 2), int)])
def test_one_language_or_label_has_no_association(table: NDArray[np.int64]) -> None:
    assert associate(table) is None


@settings(max_examples=50)
@given(st.floats(0.1, 1e6), st.integers(1, 500))
def test_the_interval_inverts_the_noncentral_distribution(statistic: float, degrees: int) -> None:
    low, high = inverted(statistic, degrees)
    for bound, share in ((low, 0.975), (high, 0.025)):
        if stats.chi2.cdf(statistic, degrees) <= share:
            assert bound == pytest.approx(0, abs=1e-9)
        else:
            assert stats.ncx2.cdf(statistic, degrees, bound) == pytest.approx(share, abs=1e-6)


def shares_with(v: float, rows: int, columns: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A random table of shares whose Cramer's V is known."""
    while True:
        base = np.outer(rng.dirichlet(np.full(rows, 5.0)), rng.dirichlet(np.full(columns, 5.0)))
        effect = rng.normal(size=base.shape) * np.sqrt(base)
        for _ in range(200):
            effect -= effect.mean(axis=1, keepdims=True)
            effect -= effect.mean(axis=0, keepdims=True)
        effect *= v * np.sqrt((min(rows, columns) - 1) / (effect**2 / base).sum())
        if (base + effect).min() > 0:
            return np.asarray(base + effect)


@pytest.mark.parametrize("v", [0.0, 0.05, 0.15, 0.3])
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (3, 5), (8, 3)])
def test_the_interval_covers_v_in_95_of_100_samples(v: float, rows: int, columns: int) -> None:
    rng = np.random.default_rng(rows * columns)
    covered = []
    for _ in range(10):
        shares = shares_with(v, rows, columns, rng)
        for sample in rng.multinomial(1500, shares.ravel(), size=40).reshape(-1, rows, columns):
            found = associate(sample)
            assert found is not None
            covered.append(found.v_low - 1e-12 <= v <= found.v_high + 1e-12)
    # 400 samples: two standard errors below 95% are 92.8%. It may be too wide (strong associations), never too narrow.
    assert np.mean(covered) >= 0.925


def concentrated(v: float) -> NDArray[np.float64]:
    """Shares of six languages and four labels, where a rare language's liking for a rare label is all there is."""
    language, label = np.array([0.03, 0.07, 0.2, 0.2, 0.25, 0.25]), np.array([0.05, 0.25, 0.3, 0.4])
    effect = np.outer(np.eye(6)[0] - language, np.eye(4)[0] - label)
    base = np.outer(language, label)
    return np.asarray(base + v * effect * np.sqrt(3 / (effect**2 / base).sum()))


@pytest.mark.parametrize("v", [0.05, 0.15])
def test_the_interval_covers_v_where_a_rare_language_carries_it_all(v: float) -> None:
    samples = np.random.default_rng(0).multinomial(1500, concentrated(v).ravel(), size=400).reshape(-1, 6, 4)
    covered, narrow = [], []
    for sample in samples:
        low, high = noncentrality(sample)
        covered.append(low <= 1500 * 3 * v**2 <= high)
        low, high = inverted(pearson(sample), 15)
        narrow.append(low <= 1500 * 3 * v**2 <= high)
    assert np.mean(covered) >= 0.92
    assert np.mean(narrow) < 0.88, "the noncentral distribution alone is not enough"


def test_small_expected_counts_are_tested_by_random_tables() -> None:
    table = np.array([[3, 1, 0], [0, 2, 3], [1, 0, 4]])
    found = associate(table)
    assert found is not None
    assert found.test == "permutation"
    rows, columns = np.repeat(np.arange(3), table.sum(axis=1)), np.repeat(np.arange(3), table.sum(axis=0))
    rng = np.random.default_rng(1)

    def statistic() -> float:
        drawn = np.zeros((3, 3), np.int64)
        np.add.at(drawn, (rows, rng.permutation(columns)), 1)
        return pearson(drawn)

    brute = np.mean([statistic() >= found.chi_squared * (1 - 1e-9) for _ in range(4000)])
    assert found.p == pytest.approx(brute, abs=0.02)


def test_the_p_of_a_large_sparse_table_is_found_in_little_memory() -> None:
    rng = np.random.default_rng(0)
    table = rng.poisson(0.3, (300, 400))
    tracemalloc.start()
    found = associate(table)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found is not None
    assert found.test == "permutation"
    assert 0.01 < found.p < 0.99
    assert most < 100e6


def test_the_tests_level_is_kept_where_counts_are_small() -> None:
    rng = np.random.default_rng(0)
    rare = np.outer([0.9, 0.06, 0.04], [0.9, 0.05, 0.03, 0.02])
    found = [associate(rng.multinomial(150, rare.ravel()).reshape(3, 4)) for _ in range(200)]
    p = np.array([one.p for one in found if one])
    assert 0.01 < (p <= 0.05).mean() < 0.09


def test_semevals_disgust() -> None:
    found = associate(TABLE)  # from the published counts of the training set
    assert found is not None
    assert found.v == pytest.approx(0.2426, abs=2e-4)
    assert found.v_low < found.v < found.v_high
