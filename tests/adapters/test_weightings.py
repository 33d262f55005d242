"""The weights against their definitions, scikit-learn and hand-worked numbers."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, strategies
from hypothesis.extra.numpy import arrays
from sklearn.utils.class_weight import compute_class_weight

from adapters import WEIGHTINGS, EmptyCellWarning, get_weighting
from polyskew.errors import UserError

shapes = strategies.tuples(strategies.integers(1, 5), strategies.integers(1, 5))
full_tables = arrays(np.int64, shapes, elements=strategies.integers(1, 10**6))
tables = arrays(np.int64, shapes, elements=strategies.integers(0, 50))


def rows(counts: np.ndarray) -> np.ndarray:
    """The labels of as many rows as counted."""
    return np.repeat(np.arange(len(counts)), counts)


@given(full_tables)
def test_per_language_makes_labels_uniform_within_each_language(counts: np.ndarray) -> None:
    mass = get_weighting("per_language")(counts) * counts
    np.testing.assert_allclose(mass, np.broadcast_to(mass.mean(axis=1, keepdims=True), mass.shape), rtol=1e-12)
    np.testing.assert_allclose(mass.sum(axis=1), counts.sum(axis=1), rtol=1e-12)


@given(full_tables)
def test_global_makes_labels_uniform_over_all(counts: np.ndarray) -> None:
    weights = get_weighting("global")(counts)
    mass = (weights * counts).sum(axis=0)
    np.testing.assert_allclose(mass, mass.mean(), rtol=1e-12)
    np.testing.assert_allclose(mass.sum(), counts.sum(), rtol=1e-12)
    assert (weights == weights[0]).all()


@given(full_tables, strategies.integers(2, 1000))
def test_the_scale_of_the_counts_does_not_matter(counts: np.ndarray, factor: int) -> None:
    for name in ("none", "global", "per_language"):
        weighting = get_weighting(name)
        # Both are the float nearest to the same fraction.
        np.testing.assert_array_equal(weighting(counts), weighting(counts * factor))
    for name in ("sqrt", "sqrt_per_language"):
        weighting = get_weighting(name)
        np.testing.assert_allclose(weighting(counts), weighting(counts * factor), rtol=1e-12)


@given(full_tables)
def test_the_rows_mean_weight_is_one(counts: np.ndarray) -> None:
    for name in WEIGHTINGS.names():
        mass = get_weighting(name)(counts) * counts
        np.testing.assert_allclose(mass.sum(), counts.sum(), rtol=1e-12)
        if name.endswith("per_language"):
            np.testing.assert_allclose(mass.sum(axis=1), counts.sum(axis=1), rtol=1e-12)


@given(full_tables)
def test_square_roots_lie_half_way_in_logarithms(counts: np.ndarray) -> None:
    for name in ("global", "per_language"):
        full = get_weighting(name)(counts)
        root = get_weighting("sqrt" if name == "global" else "sqrt_per_language")(counts)
        ratio = root**2 / full
        np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-9)


def cui(counts: list[int], beta: float) -> np.ndarray:
    """The paper's weights, with the effective numbers as the sums that they are: 1 + beta + beta^2 + ... (n terms)."""
    effective = np.array([sum(beta**power for power in range(count)) for count in counts])
    return 1 / effective * len(counts) / (1 / effective).sum()


@pytest.mark.parametrize("beta", [0.5, 0.9, 0.999, 0.99999])
def test_effective_numbers_are_the_papers_up_to_a_factor(beta: float) -> None:
    counts = np.array([[1, 20, 300], [300, 4, 4], [7, 7, 7]])
    within = get_weighting("effective_number_per_language", {"beta": beta})(counts)
    for row, found in zip(counts, within, strict=True):
        expected = cui(row.tolist(), beta)
        np.testing.assert_allclose(found, expected * row.sum() / (expected * row).sum(), rtol=1e-9)
    overall = cui(counts.sum(axis=0).tolist(), beta)
    expected = overall * counts.sum() / (overall * counts).sum()
    found = get_weighting("effective_number", {"beta": beta})(counts)
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)), rtol=1e-9)


@given(full_tables)
def test_effective_numbers_lead_from_none_to_the_inverse(counts: np.ndarray) -> None:
    for name, end in (("effective_number", "global"), ("effective_number_per_language", "per_language")):
        np.testing.assert_allclose(get_weighting(name, {"beta": 1e-9})(counts), 1, rtol=1e-6)
        near = get_weighting(name, {"beta": 1 - 1e-12})(counts)
        np.testing.assert_allclose(near, get_weighting(end)(counts), rtol=1e-4)


@pytest.mark.parametrize("beta", [0.0, 1.0, -0.5])
def test_a_beta_that_is_none_is_refused(beta: float) -> None:
    with pytest.raises(UserError, match="beta"):
        get_weighting("effective_number", {"beta": beta})


@given(strategies.integers(1, 10**9), shapes)
def test_balanced_counts_weigh_exactly_one(count: int, shape: tuple[int, int]) -> None:
    for name in WEIGHTINGS.names():
        assert (get_weighting(name)(np.full(shape, count)) == 1.0).all()


@given(strategies.integers(1, 10**6), strategies.integers(1, 7), strategies.integers(2, 7))
def test_global_weighs_exactly_one_where_the_label_marginal_is_uniform(unit: int, pairs: int, labels: int) -> None:
    # Every language has its mirror image: skewed in each, uniform over all.
    skewed = np.arange(1, labels + 1) * unit
    counts = np.stack([skewed, skewed[::-1]] * pairs)
    assert (get_weighting("global")(counts) == 1.0).all()
    assert not (get_weighting("per_language")(counts) == 1.0).all()


@given(arrays(np.int64, shapes, elements=strategies.integers(1, 30)))
def test_scikit_learn_agrees(counts: np.ndarray) -> None:
    labels = np.arange(counts.shape[1])
    per_language = [compute_class_weight("balanced", classes=labels, y=rows(row)) for row in counts]
    np.testing.assert_allclose(get_weighting("per_language")(counts), per_language, rtol=1e-12)
    overall = compute_class_weight("balanced", classes=labels, y=rows(counts.sum(axis=0)))
    np.testing.assert_allclose(get_weighting("global")(counts), np.tile(overall, (len(counts), 1)), rtol=1e-12)


def test_the_papers_amazon_ratio_by_hand() -> None:
    # Ratios 5:4:3:2:1 and 1:2:3:4:5 of 15 rows: w = 15 / (5 * n).
    counts = np.array([[5, 4, 3, 2, 1], [1, 2, 3, 4, 5]])
    expected = [[0.6, 0.75, 1.0, 1.5, 3.0], [3.0, 1.5, 1.0, 0.75, 0.6]]
    np.testing.assert_array_equal(get_weighting("per_language")(counts), expected)
    np.testing.assert_array_equal(get_weighting("global")(counts), np.ones((2, 5)))
    np.testing.assert_array_equal(get_weighting("none")(counts), np.ones((2, 5)))


@given(tables)
def test_an_empty_cell_warns_and_its_weight_is_finite(counts: np.ndarray) -> None:
    for name in WEIGHTINGS.names():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            weights = get_weighting(name)(counts)
        assert weights.dtype == np.float64
        assert weights.shape == counts.shape
        assert np.isfinite(weights).all()
        assert (weights >= 0).all()
        warned = [warning.category for warning in caught]
        assert warned == ([EmptyCellWarning] if name != "none" and (counts == 0).any() else [])
        # Rows that exist count for something.
        assert (weights[counts > 0] > 0).all()


def test_the_warning_names_the_cells_and_the_caller() -> None:
    with pytest.warns(EmptyCellWarning, match=r"\[\(1, 0\)\]") as caught:
        weights = get_weighting("per_language")(np.array([[2, 2], [0, 4]]))
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(weights, [[1.0, 1.0], [0.0, 0.5]])
    with pytest.warns(EmptyCellWarning):
        # The label's weight over all languages is still defined.
        np.testing.assert_array_equal(get_weighting("global")(np.array([[2, 2], [0, 4]])), [[2, 2 / 3], [2, 2 / 3]])


@pytest.mark.parametrize("name", WEIGHTINGS.names())
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.array([1, 2]), "shape"),
        (np.ones((2, 2, 2), dtype=int), "shape"),
        (np.ones((0, 3), dtype=int), "shape"),
        (np.array([[1.0, 2.0]]), "float64"),
        (np.array([[True, False]]), "bool"),
        (np.array([[3, 2], [1, -4]]), "language 1, label 1 is -4"),
    ],
)
def test_bad_counts_are_user_errors(name: str, counts: np.ndarray, message: str) -> None:
    weighting: Callable[[np.ndarray], np.ndarray] = get_weighting(name)
    with pytest.raises(UserError, match=message):
        weighting(counts)


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.uint16])
def test_narrow_integers_do_not_overflow(dtype: type) -> None:
    counts = np.full((3, 5), 200, dtype=dtype)
    for name in WEIGHTINGS.names():
        assert (get_weighting(name)(counts) == 1.0).all()


def test_an_unknown_weighting_is_a_user_error() -> None:
    with pytest.raises(UserError, match="did you mean 'per_language'"):
        get_weighting("per_langauge")
