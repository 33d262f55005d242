"""Intervals and tests of means over seeds, against scipy and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leaderboard.statistics.intervals import KEPT
from leaderboard.statistics.spread import shared_by_texts, spread

TIMES = 4000


@given(st.integers(0, 10_000), st.integers(2, 8))
def test_without_texts_it_is_scipys_t_test(seed: int, seeds: int) -> None:
    values = np.random.default_rng(seed).normal(0.3, 1.0, size=(seeds, 4))
    found = spread(values)
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, rel=1e-9)
    for column in range(4):
        low, high = stats.t.interval(0.95, seeds - 1, np.mean(values[:, column]), stats.sem(values[:, column]))
        assert (found.mean - found.half)[column] == pytest.approx(low, abs=1e-12)
        assert (found.mean + found.half)[column] == pytest.approx(high, abs=1e-12)


def test_seeds_without_a_number_do_not_count() -> None:
    values = np.array([[1.0, 1.0, np.nan], [2.0, np.nan, np.nan], [4.0, 3.0, np.nan], [np.nan, np.nan, 5.0]])
    found = spread(values)
    assert found.count.tolist() == [3, 2, 1]
    assert found.mean == pytest.approx([7 / 3, 2.0, 5.0])
    assert found.half[0] == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem([1.0, 2.0, 4.0]))
    assert np.isnan(found.half[2])
    assert np.isnan(found.p[2])


def test_seeds_that_do_not_differ_at_all_are_not_tested_unless_they_are_0() -> None:
    found = spread(np.array([[0.0, 0.25], [0.0, 0.25]]))
    assert found.p[0] == 1.0
    assert np.isnan(found.p[1])


@given(st.integers(0, 10_000), st.floats(0.01, 4.0))
def test_the_p_value_is_the_level_at_which_the_interval_ends_at_0(seed: int, texts: float) -> None:
    rng = np.random.default_rng(seed)
    found = spread(rng.normal(0.5, 1.0, size=(3, 50)), texts)
    covers = np.abs(found.mean) <= found.half
    assert (covers == (found.p >= 0.05)).all()
    level = found.p[0]
    quantiles = stats.t.ppf(1 - level / 2, 2) * found.seeds[0] + stats.t.ppf(1 - level / 2, KEPT - 1) * texts
    half = quantiles / np.sqrt(found.seeds[0] + texts)
    assert half == pytest.approx(abs(found.mean[0]), rel=1e-6)


def simulated(seeds: int, parts: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of ``seeds`` seeds on KEPT independent batches of texts, TIMES times, of true mean 0.

    ``parts`` are the variances of the mean that come from seeds, from texts and from what a text does in one seed.
    The batches stand for resamples: their spread, divided by their number, is the error over texts.
    """
    rng = np.random.default_rng(3)
    of_seeds, of_texts, of_both = (np.sqrt(part) for part in parts)
    x = of_seeds * np.sqrt(seeds) * rng.normal(size=(seeds, TIMES, 1))
    x = x + of_texts * np.sqrt(KEPT) * rng.normal(size=(1, TIMES, KEPT))
    x = x + of_both * np.sqrt(seeds * KEPT) * rng.normal(size=(seeds, TIMES, KEPT))
    means = x.mean(axis=-1)
    return means, means[..., None] + (x - means[..., None]) / np.sqrt(KEPT)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
def test_the_t_interval_covers_95_percent_of_means_over_training_runs(seeds: int) -> None:
    means, _ = simulated(seeds, (1.0, 0.0, 0.0))
    found = spread(means)
    assert 0.93 <= np.mean(np.abs(found.mean) <= found.half) <= 0.97


@pytest.mark.parametrize("parts", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.1, 0.8, 0.1), (0.5, 0.5, 0.0)])
@pytest.mark.parametrize(("seeds", "most"), [(2, 0.987), (3, 0.975), (5, 0.97), (10, 0.97)])
def test_with_texts_the_interval_covers_95_percent_and_little_more(
    seeds: int, most: float, parts: tuple[float, float, float]
) -> None:
    means, resampled = simulated(seeds, parts)
    found = spread(means, shared_by_texts(resampled))
    assert 0.93 <= np.mean(np.abs(found.mean) <= found.half) <= most
    if parts[1] == 1.0:  # the spread between seeds alone would know nothing of the texts
        assert np.mean(np.abs(found.mean) <= spread(means).half) < 0.1


def test_what_a_text_does_in_one_seed_only_is_not_shared() -> None:
    _, resampled = simulated(5, (0.0, 0.0, 1.0))
    _, shared = simulated(5, (0.0, 1.0, 0.0))
    assert np.median(shared_by_texts(resampled)) < 0.2
    assert np.mean(shared_by_texts(shared)) == pytest.approx(1.0, rel=0.05)


def test_resamples_of_a_seed_without_a_number_do_not_count() -> None:
    _, resampled = simulated(4, (0.2, 1.0, 0.5))
    lacking = resampled.copy()
    lacking[3] = np.nan
    assert shared_by_texts(lacking) == pytest.approx(shared_by_texts(resampled[:3]))
    lacking[1:] = np.nan
    assert np.isnan(shared_by_texts(lacking)).all()
