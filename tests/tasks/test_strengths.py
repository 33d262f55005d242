"""Regimes with a strength, on the line from balanced to a declared one."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyskew.errors import UserError
from tasks import Splits, Task, draw, get_task
from tasks.regimes import ratios, shares, skew
from tasks.sizes import apportion, unit
from tasks.strengths import mixed, parse
from tests.tasks import made_up
from tests.tasks.test_regimes import cell_sets, count, problems, same

strengths = st.integers(1, 999).map(lambda thousandths: f"{thousandths / 1000:g}")
ratio_tables = st.integers(2, 5).flatmap(
    lambda classes: st.lists(
        st.lists(st.integers(0, 12), min_size=classes, max_size=classes).filter(any), min_size=1, max_size=4
    )
)


def exact_shares(ratio: list[list[int]], strength: Fraction) -> list[list[Fraction]]:
    """P_s = (1 - s) / C + s P."""
    return [
        [(1 - strength) / len(row) + strength * Fraction(value, sum(row)) for value in row]
        for row in np.array(ratio).tolist()
    ]


@given(ratio_tables, strengths)
def test_shares_lie_exactly_on_the_line(table: list[list[int]], text: str) -> None:
    strength = Fraction(text)
    found = mixed(np.array(table), strength)
    for row, wanted in zip(found.tolist(), exact_shares(table, strength), strict=True):
        assert [Fraction(value, sum(row)) for value in row] == wanted
        assert np.gcd.reduce(row) == 1


@given(ratio_tables)
def test_the_ends_are_balanced_and_the_declared_regime(table: list[list[int]]) -> None:
    declared = np.array(table)
    assert (mixed(declared, Fraction(0)) == 1).all()
    assert (mixed(declared, Fraction(1)) == declared // np.gcd.reduce(declared, axis=1, keepdims=True)).all()


@given(ratio_tables, strengths, st.integers(0, 5000))
def test_counts_are_the_largest_remainders(table: list[list[int]], text: str, rows: int) -> None:
    wanted = exact_shares(table, Fraction(text))
    found = apportion(mixed(np.array(table), Fraction(text)), rows)
    for counts, share in zip(found.tolist(), wanted, strict=True):
        target = [rows * part for part in share]
        assert sum(counts) == rows
        assert all(abs(number - exact) < 1 for number, exact in zip(counts, target, strict=True))
        # Whoever was rounded up had at least the remainder of whoever was not.
        up = [exact % 1 for number, exact in zip(counts, target, strict=True) if number > exact]
        down = [exact % 1 for number, exact in zip(counts, target, strict=True) if number < exact]
        assert not up or not down or min(up) >= max(down)


@settings(max_examples=25, deadline=None)
@given(problems(), strengths, strengths, st.integers(0, 3))
def test_the_size_does_not_move_and_rows_are_shared(
    problem: tuple[Task, Splits], first: str, second: str, seed: int
) -> None:
    task, splits = problem
    weak, strong = (f"imbalanced@{text}" for text in sorted((first, second), key=Fraction))
    drawn = {regime: draw(task, splits, regime, seed) for regime in ("balanced", weak, strong, "imbalanced")}
    for split in ("train", "validation"):
        counts = {regime: count(task, getattr(rows, split)) for regime, rows in drawn.items()}
        rows = counts["balanced"].sum(axis=1)
        for regime, number in counts.items():
            share = shares(task, regime)
            assert share is not None
            assert (number.sum(axis=1) == rows).all()
            assert np.abs(number - share * rows[:, None]).max() < 1
        # A label that the regime favours is never rarer in a stronger one, but for the rounding.
        over = counts["imbalanced"] - counts["balanced"]
        assert ((counts[strong] - counts[weak]) * np.sign(over) >= -1).all()
    inner, outer = cell_sets(task, drawn[weak].train), cell_sets(task, drawn[strong].train)
    assert all(inner[cell] <= outer[cell] or outer[cell] <= inner[cell] for cell in inner)
    assert drawn[weak].test.equals(drawn["balanced"].test)
    if weak == strong:
        assert same(drawn[weak], drawn[strong])


@given(st.integers(2, 7), strengths, strengths, st.integers(1, 40))
def test_linear_ratios_grow_without_a_step_back_and_keep_labels_balanced(
    classes: int, first: str, second: str, times: int
) -> None:
    rising = list(range(1, classes + 1))
    rows = classes * sum(rising) * times
    weak, strong = (
        apportion(mixed(np.array([rising, rising[::-1]]), strength), rows)
        for strength in sorted((Fraction(first), Fraction(second)))
    )
    half = rows / classes
    assert (np.abs(strong - half) >= np.abs(weak - half)).all()
    assert ((strong - half) * (weak - half) >= 0).all()
    # Two languages that mirror each other have as many rows of every label together, whatever was rounded.
    for counts in (weak, strong):
        assert (counts[0] == counts[1][::-1]).all()
        assert len(set(counts.sum(axis=0).tolist())) == 1


@settings(max_examples=25, deadline=None)
@given(problems(), strengths)
def test_the_skew_grows_with_the_strength(problem: tuple[Task, Splits], text: str) -> None:
    task, _ = problem
    part, whole = skew(task, f"imbalanced@{text}"), skew(task, "imbalanced")
    assert part is not None
    assert whole is not None
    np.testing.assert_allclose(part, float(text) * whole, atol=1e-15)


def task_of(**settings: Any) -> Task:
    return made_up.task(
        dict.fromkeys(("train", "validation", "test"), "none.csv"),
        regimes={"imbalanced": {"fr": (1, 2), "en": (2, 1)}},
        **settings,
    )


def test_half_a_ratio() -> None:
    task = task_of()
    found = ratios(task, "imbalanced@0.5")
    assert found is not None
    # 1 / 4 + 1 / 6 = 5 / 12
    assert found.tolist() == [[5, 7], [7, 5]]
    assert unit(task) == 6
    splits = made_up.splits(task, np.full((2, 2), 100), np.full((2, 2), 40), np.full((2, 2), 30))
    # 150 rows a language: 62.5 and 87.5, the half to the label that the language favours.
    assert draw(task, splits, "imbalanced@0.5", 0).counts.tolist() == [[62, 88], [88, 62]]


@pytest.mark.parametrize(
    ("regime", "words"),
    [
        ("imbalanced@1", "the regime 'imbalanced@1' is written 'imbalanced'"),
        ("imbalanced@0", "the regime 'imbalanced@0' is written 'balanced'"),
        ("imbalanced@0.50", "the regime 'imbalanced@0.50' is written 'imbalanced@0.5'"),
        ("imbalanced@.125", "is written 'imbalanced@0.125'"),
        ("imbalanced@1.0", "is written 'imbalanced'"),
        (
            "imbalanced@1.5",
            "'imbalanced@1.5' has no strength; wanted is a decimal between 0 and 1 with at most three",
        ),
        ("imbalanced@-0.5", "has no strength; wanted is a decimal between 0 and 1"),
        ("imbalanced@0.1234", "has no strength; wanted is a decimal between 0 and 1 with at most three digits"),
        (
            "imbalanced@half",
            "wanted is a decimal between 0 and 1 with at most three digits, as in 'imbalanced@0.5'",
        ),
        ("imbalanced@", "has no strength"),
        ("imbalanced@0.5@0.5", "has no strength"),
        ("imbalanced@1e-1", "has no strength"),
        ("natural@0.5", "declares no regime 'natural' to which a strength could lead; known: imbalanced"),
        ("balanced@0.5", "declares no regime 'balanced' to which a strength could lead; did you mean 'imbalanced'?"),
        ("imbalance@0.5", "declares no regime 'imbalance' to which a strength could lead; did you mean 'imbalanced'?"),
    ],
)
def test_a_strength_is_written_one_way(regime: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        ratios(task_of(), regime)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(strengths)
def test_every_strength_that_is_read_is_written_the_same(text: str) -> None:
    base, strength = parse(f"imbalanced@{text}")
    assert (base, f"{float(strength):g}") == ("imbalanced", text)


def test_the_papers_sizes_have_no_strengths() -> None:
    with pytest.raises(UserError, match="'sizes: paper', whose rule is that of the paper's own regimes"):
        ratios(task_of(sizes="paper"), "imbalanced@0.5")


def test_identity_has_the_ratios_that_a_strength_leads_to() -> None:
    task = get_task("demo_reviews")
    whole = task.identity("imbalanced")
    assert task.identity("imbalanced@0.5") == whole
    assert list(whole["regimes"]) == ["imbalanced"]
    assert "regimes" not in task.identity("balanced")
