"""Holm's correction against statsmodels, and letters by what they must say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from leaderboard.statistics.multiplicity import holm, letters


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_that_of_statsmodels(p: list[float]) -> None:
    assert holm(np.array(p)) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


def test_what_was_not_tested_does_not_count() -> None:
    found = holm(np.array([0.01, np.nan, 0.04]))
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(found[1])
    assert np.isnan(holm(np.array([np.nan]))).all()


@given(st.integers(1, 9), st.randoms(use_true_random=False), st.floats(0, 1))
def test_two_share_a_letter_exactly_if_they_are_not_told_apart(number: int, random: object, share: float) -> None:
    apart = np.zeros((number, number), dtype=bool)
    for one in range(number):
        for other in range(one):
            apart[one, other] = apart[other, one] = random.random() < share  # type: ignore[attr-defined]
    found = letters(apart)
    for one in range(number):
        assert len(set(found[one])) == len(found[one]) > 0
        for other in range(number):
            assert bool(set(found[one]) & set(found[other])) == (not apart[one, other])
    used = sorted(set("".join(found)))
    assert used == list("abcdefghijklmnopqrstuvwxyz"[: len(used)])


def test_a_ranking_told_apart_at_its_ends_only_overlaps_in_the_middle() -> None:
    apart = np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)
    assert letters(apart) == ["a", "ab", "b"]
    assert letters(np.zeros((3, 3), dtype=bool)) == ["a", "a", "a"]
    assert letters(~np.eye(3, dtype=bool)) == ["a", "b", "c"]
