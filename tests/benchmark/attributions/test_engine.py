"""What every mode has in common: additivity, what is never masked, batches, windows."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.attributions import engine
from benchmark.attributions.rows import Batches, Ids
from benchmark.attributions.settings import Settings
from polyskew.errors import UserError
from tests.benchmark.attributions import games

MODES = ["exact", "permutations", "partition"]


@settings(max_examples=40, deadline=None)
@given(games.trees(1, 12), st.sampled_from(MODES))
def test_a_linear_models_values_are_its_weights(tree: np.ndarray, mode: str) -> None:
    count = len(tree) + 1
    weights = np.random.default_rng(count).normal(size=(count, 2))

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        return 0.5 + (ids[:, 1:-1] != games.MASK) @ weights

    (found,) = games.values_of(predict, [games.text_of(tree, count)], mode=mode, evaluations=10**5, max_rows=10**5)
    np.testing.assert_allclose(found.values, weights, atol=1e-9)
    np.testing.assert_allclose(found.base, [0.5, 0.5])
    if found.errors is not None:
        np.testing.assert_allclose(found.errors, 0, atol=1e-9)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", [3, 4, 12])
def test_base_and_values_add_up_and_special_tokens_stay(mode: str, count: int) -> None:
    text = games.text_of(games.random_tree(count, count), count, second=3, types=True)
    seen: list[np.ndarray] = []

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        assert types is not None
        assert (types == text.types).all()
        seen.append(ids)
        return np.stack([np.sin(ids.sum(axis=1)), np.cos(ids[:, 1] * ids[:, -2])], axis=1)

    (found,) = games.values_of(predict, [text], mode=mode, evaluations=40, max_rows=10**4)
    every = np.concatenate(seen)
    special = np.setdiff1d(np.arange(text.length), text.features)
    assert (every[:, special] == text.ids[special]).all(), "special tokens and inner separators are never masked"
    changed = every != text.ids
    assert (every[changed] == games.MASK).all()
    assert found.rows == len(every) == len(np.unique(every, axis=0)), "no row twice"
    whole = predict(text.ids[None].astype(np.int64), text.types[None])[0]  # type: ignore[index]
    np.testing.assert_allclose(found.output, whole, atol=1e-12)
    np.testing.assert_allclose(found.base + found.values.sum(axis=0), whole, atol=1e-9)
    assert found.values.shape == (count, 2)


@pytest.mark.parametrize("mode", MODES)
def test_results_do_not_depend_on_their_neighbours(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.random.default_rng(0).normal(size=(2, 40, 3))

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        shown = ids != games.MASK
        return np.stack(
            [np.tanh((row[:, None] * weights[0, : len(row)]).sum(0)) * weights[1, row.sum()] for row in shown]
        )

    texts = [games.text_of(games.random_tree(count, count), count) for count in (5, 30, 1, 12, 12, 7, 22)]
    options: dict[str, Any] = {"mode": mode, "evaluations": 90, "max_rows": 10**6 if mode == "exact" else 300}
    if mode == "exact":
        texts = texts[2:6]
    together = games.values_of(predict, texts, **options)
    monkeypatch.setattr(engine, "_WINDOW_BYTES", 1)
    for text, found, alone in zip(texts, together, games.values_of(predict, texts, **options), strict=True):
        np.testing.assert_array_equal(alone.values, found.values)
        np.testing.assert_array_equal(games.values_of(predict, [text], **options)[0].values, found.values)


def test_texts_of_one_length_share_what_shows_nothing() -> None:
    texts = [games.text_of(games.random_tree(6, seed), 6) for seed in range(5)]
    for place, text in enumerate(texts):
        text.ids[1:-1] += 10 * place
    base = np.array([games.CLS, *[games.MASK] * 6, games.SEP])
    asked = 0

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        nonlocal asked
        asked += int((ids == base).all(axis=1).sum())
        return ids[:, :2].astype(float)

    games.values_of(predict, texts, mode="exact")
    assert asked == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(4, 64))
def test_batches_hold_rows_of_one_length_and_are_even(lengths: list[int], tokens: int) -> None:
    sizes: list[tuple[int, int]] = []
    told = []

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        sizes.append(ids.shape)
        return ids[:, :1].astype(float)

    batches = Batches(predict, tokens, told.append)
    array = np.array(lengths)
    found = batches(array, lambda chosen: (np.repeat(chosen[:, None], array[chosen[0]], axis=1), None))
    assert found[:, 0].tolist() == list(range(len(lengths))), "in the rows' order"
    assert sum(rows * length for rows, length in sizes) == sum(lengths) == sum(told)
    for length in set(lengths):
        rows = [count for count, width in sizes if width == length]
        assert max(rows) - min(rows) <= 1
        assert max(rows) * length <= max(tokens, length)
        assert len(rows) == -(-lengths.count(length) // max(1, tokens // length)), "no more batches than it takes"


def test_labels_tell_what_may_not_be_mixed() -> None:
    labels = {
        Settings(mode=mode, evaluations=budget, words=words).label(mode)
        for mode in ("exact", "permutations", "partition", "reference", "layer_integrated_gradients")
        for budget in (100, 500)
        for words in (False, True)
    }
    assert labels == {
        "exact", "exact-words", "permutations", "permutations-words", "partition-100", "partition-500",
        "partition-100-words", "partition-500-words", "reference-100", "reference-500",
        "layer-integrated-gradients-50",
    }  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_an_output_that_is_no_number_is_an_error(mode: str) -> None:
    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        return np.where(ids[:, 2:4] == games.MASK, np.nan, 0.5)

    with pytest.raises(FloatingPointError, match="not all numbers"):
        games.values_of(predict, [games.text_of(games.random_tree(6, 0), 6)], mode=mode)


def test_a_budget_beyond_the_expansion_costs_no_memory() -> None:
    text = games.text_of(games.random_tree(8, 0), 8)
    (found,) = games.values_of(lambda ids, types: ids[:, 1:3] / 100, [text], mode="partition", evaluations=10**9)
    assert found.evaluations == text.expansion


def test_tensors_of_any_kind_are_taken() -> None:
    weight = torch.ones(2, requires_grad=True)

    def predict(ids: Ids, types: Ids | None) -> torch.Tensor:
        return torch.from_numpy(ids[:, 1:3] / 100).to(torch.bfloat16) * weight.to(torch.bfloat16)

    (found,) = games.values_of(predict, [games.text_of(games.random_tree(4, 0), 4)])
    assert found.values.dtype == np.float64


@pytest.mark.parametrize(
    ("mode", "told"), [("layer_integrated_gradients", "IntegratedGradients"), ("reference", "string_text")]
)
def test_a_mode_that_needs_more_than_token_ids_says_so(mode: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        games.values_of(lambda ids, types: ids[:, 1:3] / 100, [games.text_of(games.random_tree(4, 0), 4)], mode=mode)
