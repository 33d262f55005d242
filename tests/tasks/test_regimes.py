import math
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyskew.errors import DataError, UserError
from tasks import Drawn, Splits, Task, draw, explained, get_task
from tasks.regimes import ratios, shares, skew
from tasks.sizes import unit
from tests.tasks import made_up

LANGUAGES = ("fr", "en", "ja")


@st.composite
def problems(draw_from: Any) -> tuple[Task, Splits]:
    """A task with two declared regimes, and enough made-up rows."""
    classes = draw_from(st.integers(2, 4))
    languages = LANGUAGES[: draw_from(st.integers(1, 3))]
    ratio = st.permutations(range(1, classes + 1)) | st.lists(st.integers(1, 2), min_size=classes, max_size=classes)
    regimes = {
        name: {language: tuple(draw_from(ratio)) for language in languages} for name in ("imbalanced", "switched")
    }
    # A flat list such as 1, 2 has the share 2 / 3, which two classes allow; more classes never get above that.
    largest = max(Fraction(max(values), sum(values)) for regime in regimes.values() for values in regime.values())
    task = Task(
        name="made_up",
        languages=languages,
        labels=tuple(f"label {number}" for number in range(classes)),
        source={"files": dict.fromkeys(("train", "validation", "test"), "none.csv")},
        columns={"language": "language"},
        regimes=regimes,
        max_share=math.ceil(largest * 1000) / 1000 if largest > Fraction(2, classes + 1) else None,
    )
    needed = math.ceil(unit(task) * task.share_limit)
    cells = st.lists(
        st.lists(st.integers(needed, needed + 40), min_size=classes, max_size=classes),
        min_size=len(languages),
        max_size=len(languages),
    )
    test = np.array(draw_from(cells)) // 4 + 1
    return task, made_up.splits(task, np.array(draw_from(cells)), np.array(draw_from(cells)), test)


def cell_sets(task: Task, frame: pd.DataFrame) -> dict[tuple[str, int], set[str]]:
    return {
        (language, label): set(frame["id"][(frame["language"] == language) & (frame["label"] == label)])
        for language in task.languages
        for label in range(len(task.labels))
    }


def count(task: Task, frame: pd.DataFrame) -> np.ndarray:
    sets = cell_sets(task, frame)
    return np.array([[len(sets[language, label]) for label in range(len(task.labels))] for language in task.languages])


def same(first: Drawn, second: Drawn) -> bool:
    return all(
        getattr(first, split).equals(getattr(second, split)) for split in ("train", "validation", "test")
    ) and np.array_equal(first.counts, second.counts)


@settings(max_examples=30, deadline=None)
@given(problems(), st.integers(0, 3))
def test_counts_follow_the_ratios_exactly_in_one_size(problem: tuple[Task, Splits], seed: int) -> None:
    task, splits = problem
    for split in ("train", "validation"):
        available = count(task, getattr(splits, split))
        # The rule of the design, computed a second way: try sizes downward.
        largest = math.floor(available.min() / task.share_limit)
        size = next(
            rows
            for rows in range(largest, 0, -1)
            if all(rows % total == 0 for total in (len(task.labels), len(task.labels) * (len(task.labels) + 1) // 2))
            and all(
                rows % (sum(ratio) // math.gcd(*ratio)) == 0
                for regime in task.regimes.values()
                for ratio in regime.values()
            )
        )
        for regime in ("balanced", "imbalanced", "switched"):
            drawn = draw(task, splits, regime, seed)
            counts = count(task, getattr(drawn, split))
            assert (counts.sum(axis=1) == size).all()
            ratio = ratios(task, regime)
            assert ratio is not None
            assert (counts * ratio.sum(axis=1, keepdims=True) == size * ratio).all()
            assert (counts <= available).all()
            if split == "train":
                assert (drawn.counts == counts).all()


@settings(max_examples=20, deadline=None)
@given(problems(), st.integers(0, 3))
def test_regimes_share_as_many_rows_as_they_can(problem: tuple[Task, Splits], seed: int) -> None:
    task, splits = problem
    drawn = {regime: draw(task, splits, regime, seed) for regime in ("balanced", "imbalanced", "switched")}
    for first in drawn:
        for second in drawn:
            ours, theirs = cell_sets(task, drawn[first].train), cell_sets(task, drawn[second].train)
            # A smaller cell is contained in the larger one: no draw can share more.
            assert all(ours[cell] <= theirs[cell] or theirs[cell] <= ours[cell] for cell in ours)
            shared = sum(len(ours[cell] & theirs[cell]) for cell in ours)
            assert shared == np.minimum(drawn[first].counts, drawn[second].counts).sum()


@settings(max_examples=20, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_rows_do_not_depend_on_the_file_order(problem: tuple[Task, Splits], random: Any) -> None:
    task, splits = problem
    shuffle = {
        split: getattr(splits, split).sample(frac=1, random_state=random.randrange(1000)).reset_index(drop=True)
        for split in ("train", "validation", "test")
    }
    for regime in task.regime_names:
        assert same(draw(task, splits, regime, 1), draw(task, Splits(**shuffle, report={}), regime, 1))


def problem(**overrides: Any) -> tuple[Task, Splits]:
    task = made_up.task(
        dict.fromkeys(("train", "validation", "test"), "none.csv"),
        regimes={"imbalanced": {"fr": (1, 2), "en": (2, 1)}},
        **overrides,
    )
    return task, made_up.splits(task, np.full((2, 2), 100), np.full((2, 2), 40), np.full((2, 2), 30))


def test_a_seed_gives_the_same_rows_and_another_seed_others() -> None:
    task, splits = problem()
    assert same(draw(task, splits, "balanced", 3), draw(task, splits, "balanced", 3))
    first, second = draw(task, splits, "balanced", 0), draw(task, splits, "balanced", 1)
    assert set(first.train["id"] + first.train["language"]) != set(second.train["id"] + second.train["language"])
    assert not first.validation.equals(second.validation)
    assert first.test.equals(second.test)
    # Golden rows: a change here changes the rows of every result published before.
    assert first.train["id"].head(3).tolist() == ["train-0-0059", "train-0-0038", "train-0-0029"]


def test_the_test_set_is_balanced_and_capped() -> None:
    task, splits = problem(test_cell=7)
    larger, _ = problem(test_cell=20)
    drawn, wider = draw(task, splits, "imbalanced", 0), draw(larger, splits, "balanced", 5)
    assert count(task, drawn.test).tolist() == [[7, 7], [7, 7]]
    inner, outer = cell_sets(task, drawn.test), cell_sets(task, wider.test)
    assert all(inner[cell] < outer[cell] for cell in inner)


def test_caps_act_before_the_size_is_computed() -> None:
    task, splits = problem(train_cell=20, validation_cell=10)
    drawn = draw(task, splits, "imbalanced", 0)
    # 20 / (2 / 3) = 30 rows a language, a multiple of 6; 10 / (2 / 3) = 15, lowered to 12.
    assert drawn.counts.tolist() == [[10, 20], [20, 10]]
    assert count(task, drawn.validation).tolist() == [[4, 8], [8, 4]]


def test_natural_is_the_data_as_it_is() -> None:
    task, _ = problem(train_cell=5)
    splits = made_up.splits(task, np.array([[10, 1], [3, 30]]), np.array([[6, 1], [1, 6]]), np.full((2, 2), 3))
    drawn = draw(task, splits, "natural", 0)
    assert drawn.counts.tolist() == [[10, 1], [3, 30]]
    assert len(drawn.validation) == 14
    assert shares(task, "natural") is None
    assert skew(task, "natural") is None


def test_shares_and_skew_of_the_papers_reviews() -> None:
    task = get_task("amazon_reviews")
    share, difference = shares(task, "imbalanced"), skew(task, "imbalanced")
    assert share is not None
    assert difference is not None
    french, german = task.languages.index("fr"), task.languages.index("de")
    np.testing.assert_allclose(share[french], np.arange(1, 6) / 15)
    # Paper, section 3.2: the label marginal stays uniform, so d is the share less 1 / 5.
    np.testing.assert_allclose(difference[german], np.arange(5, 0, -1) / 15 - 0.2, atol=1e-15)
    balanced = skew(task, "balanced")
    assert balanced is not None
    assert not balanced.any()
    np.testing.assert_array_equal(skew(task, "switched"), -difference)


def test_ratios_are_reduced() -> None:
    declared = {"imbalanced": {"fr": (2, 4), "en": (4, 2)}}
    task = made_up.task(dict.fromkeys(("train", "validation", "test"), "none.csv"), regimes=declared)
    found = ratios(task, "imbalanced")
    assert found is not None
    assert found.tolist() == [[1, 2], [2, 1]]
    assert unit(task) == 6


def test_one_more_regime_of_a_known_sum_moves_no_row() -> None:
    task, splits = problem()
    more = task.model_copy(update={"regimes": {**task.regimes, "switched": {"fr": (2, 1), "en": (1, 2)}}})
    assert same(draw(task, splits, "imbalanced", 0), draw(more, splits, "imbalanced", 0))


def test_too_few_rows_say_how_many_are_needed() -> None:
    task, _ = problem()
    cells = np.array([[100, 100], [100, 3]])
    splits = made_up.splits(task, cells, np.full((2, 2), 40), np.full((2, 2), 30))
    with pytest.raises(DataError, match=r"language 'en' has 3 of label 'yes', and at least 4 of every label"):
        draw(task, splits, "balanced", 0)
    enough = made_up.splits(task, np.where(cells == 3, 4, cells), np.full((2, 2), 40), np.full((2, 2), 30))
    assert draw(task, enough, "balanced", 0).counts.sum() == 12


def test_an_empty_test_cell_is_named() -> None:
    task, _ = problem()
    splits = made_up.splits(task, np.full((2, 2), 9), np.full((2, 2), 9), np.array([[3, 0], [3, 3]]))
    with pytest.raises(DataError, match="no test rows of label 'yes' in language 'fr'"):
        draw(task, splits, "balanced", 0)


def test_an_unknown_regime_is_suggested() -> None:
    task, splits = problem()
    with pytest.raises(UserError, match="no regime 'imbalance'; did you mean 'imbalanced'"):
        draw(task, splits, "imbalance", 0)


def test_explained_rows_are_balanced_and_nested() -> None:
    task, splits = problem()
    test = draw(task, splits, "balanced", 0).test
    few, many = explained(task, test, 5), explained(task, test, 12)
    assert sorted(count(task, few)[0]) == [2, 3]
    assert count(task, many).tolist() == [[6, 6], [6, 6]]
    assert set(few["id"] + few["language"]) <= set(many["id"] + many["language"])
    again = explained(task, test.sample(frac=1, random_state=0).reset_index(drop=True), 12)
    assert set(again["id"] + again["language"]) == set(many["id"] + many["language"])
    with pytest.raises(UserError, match="has 60 rows in language 'fr'"):
        explained(task, test, 61)
