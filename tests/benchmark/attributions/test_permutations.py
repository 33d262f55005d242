"""The estimate by permutations, against the exact values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.attributions.permutations import places
from benchmark.attributions.rows import Ids
from tests.benchmark.attributions import games

SEEDS = 200


def rough_model(seed: int, length: int) -> "games.Callable[[Ids, Ids | None], np.ndarray]":
    """Strong interactions of neighbours and of far tokens, so that the estimate has something to estimate."""
    weights = np.random.default_rng(seed).normal(size=(3, length, 2))

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        shown = (ids != games.MASK).astype(float)
        one, two, three = (shown @ weight[: ids.shape[1]] for weight in weights)
        return np.tanh(one) * np.sin(two) + np.cos(three)

    return predict


@settings(max_examples=60, deadline=None)
@given(games.trees(2, 12), st.integers(0, 2**31))
def test_orders_respect_the_tree(tree: np.ndarray, seed: int) -> None:
    count = len(tree) + 1
    swapped = np.random.default_rng(seed).random((4, count - 1)) < 0.5
    found = places(tree, swapped)
    for order in found:
        assert sorted(order) == list(range(count))
        for group in games.members(tree):
            inside = order[list(group)]
            assert inside.max() - inside.min() == len(group) - 1, "a group stands together"
    for row, (left, right) in enumerate(tree):
        first = found[:, list(games.members(tree)[left])].min(axis=1) < found[:, list(games.members(tree)[right])].min(
            axis=1
        )
        np.testing.assert_array_equal(first, ~swapped[:, row])


def test_unbiased_within_the_stated_errors() -> None:
    tree = games.random_tree(14, 1)
    text, predict = games.text_of(tree, 14), rough_model(5, 16)
    (exact,) = games.values_of(predict, [text], mode="exact", max_rows=10**6)
    found = [
        games.values_of(predict, [text], mode="permutations", seed=seed, max_rows=150, standard_error=1e-9)[0]
        for seed in range(SEEDS)
    ]
    values = np.stack([item.values for item in found])
    errors = np.stack([item.errors for item in found])  # type: ignore[list-item]
    spread = values.std(axis=0, ddof=1)
    assert spread.min() > 1e-3, "there is something to estimate"
    bias = (values.mean(axis=0) - exact.values) / (spread / np.sqrt(SEEDS))
    assert np.abs(bias).max() < 4, "28 standard normal numbers"
    assert np.abs(np.mean(bias**2) - 1) < 1
    ratio = np.sqrt((errors**2).mean(axis=0)) / spread
    assert (ratio > 0.8).all()
    assert (ratio < 1.25).all()
    assert all(item.rows <= 150 for item in found)
    assert all(item.rows < item.evaluations for item in found), "rows that came up before are not asked again"
    np.testing.assert_allclose(values.sum(axis=1) + exact.base, np.tile(exact.output, (SEEDS, 1)), atol=1e-9)


def test_a_rare_interaction_is_met_before_drawing_stops() -> None:
    """At the default settings: an effect that shows in one of eight orders, in a text over the cap."""
    text = games.text_of(games.random_tree(60, 0), 60)
    assert text.expansion > 4096
    groups = games.members(text.children)
    path = [group for group in groups if 10 in group and len(group) > 1]  # from small to large
    beside = [min(set(group) - set(inner)) for inner, group in zip([(10,), *path], path, strict=False)]
    one, two, three, four = (text.features[place] for place in (10, *beside[1:4]))

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        shown = ids != games.MASK
        effect = 0.1 + 0.8 * (shown[:, one] & ~shown[:, two] & shown[:, three] & ~shown[:, four]) + 0.05 * shown[:, two]
        return np.stack([effect, 1 - effect], axis=1)

    (exact,) = games.values_of(predict, [text], mode="exact", max_rows=10**6)
    found = [games.values_of(predict, [text], seed=seed)[0] for seed in range(60)]
    assert {item.mode for item in found} == {"permutations"}
    values, errors = (np.stack([getattr(item, name)[:, 0] for item in found]) for name in ("values", "errors"))
    there = np.flatnonzero(np.abs(exact.values[:, 0]) > 0.04)
    assert len(there) >= 2
    bias = values.mean(axis=0)[there] - exact.values[there, 0]
    spread = values.std(axis=0, ddof=1)[there]
    assert (np.abs(bias) < 4 * spread / np.sqrt(60)).all()
    stated = np.sqrt((errors**2).mean(axis=0))[there]
    assert (stated > 0.7 * spread).all(), (stated, spread)
    assert (errors[:, there].max(axis=1) > 0).mean() > 0.9


def test_rows_grow_until_the_error_is_small_enough() -> None:
    text, predict = games.text_of(games.random_tree(20, 2), 20), rough_model(6, 22)
    rows = []
    for wanted in (0.5, 0.2, 1e-9):
        (found,) = games.values_of(predict, [text], mode="permutations", max_rows=400, standard_error=wanted)
        assert found.errors is not None
        if wanted > 1e-9:
            assert np.sqrt(np.mean(found.errors**2)) <= wanted
        rows.append(found.rows)
    assert rows[0] < rows[1] < rows[2]
    assert 400 - 2 * 19 < rows[2] <= 400, "until not even a pair fits"


def test_two_models_are_asked_about_the_same_rows_and_a_seed_changes_them() -> None:
    text = games.text_of(games.random_tree(15, 3), 15)
    seen: list[list[bytes]] = []
    for seed, model in ((0, 1), (0, 2), (1, 1)):
        rows: list[bytes] = []
        inner = rough_model(model, 17)

        def predict(ids: Ids, types: Ids | None, rows: list[bytes] = rows, inner: object = inner) -> np.ndarray:
            rows += [row.tobytes() for row in ids]
            return inner(ids, types)  # type: ignore[operator, no-any-return]

        games.values_of(predict, [text], mode="permutations", seed=seed, max_rows=200, standard_error=1e-9)
        seen.append(sorted(rows))
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_the_mode_is_decided_by_the_text_alone() -> None:
    texts = [games.text_of(games.random_tree(count, 4), count) for count in (0, 1, 2, 8, 40)] + [
        games.text_of(games.random_tree(30, 5), 30, second=12, types=True)
    ]
    singles, pairs = texts[:-1], texts[-1:]
    for model in (1, 2):
        predict = rough_model(model, 50)
        found = games.values_of(predict, singles, max_rows=300) + games.values_of(predict, pairs, max_rows=300)
        assert [item.mode for item in found] == ["exact"] * 4 + ["permutations"] * 2


@pytest.mark.parametrize("count", [0, 1])
def test_a_text_of_no_or_one_token(count: int) -> None:
    tree = np.zeros((0, 2), dtype=np.int32)

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        return np.stack([(ids == 10).sum(axis=1) * 0.25, (ids == games.MASK).sum(axis=1) * 0.5], axis=1)

    for mode in ("exact", "permutations", "partition"):
        (found,) = games.values_of(predict, [games.text_of(tree, count)], mode=mode)
        assert found.values.tolist() == [[0.25, -0.5]] * count
        np.testing.assert_allclose(found.base + found.values.sum(axis=0), found.output)
