"""The full expansion, against brute force and against shap's without a budget."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shap import PartitionExplainer

from benchmark.attributions.exact import expand, row_count
from benchmark.attributions.rows import Ids
from polyskew.errors import UserError
from tasks.demo.nli import generate_nli
from tasks.demo.reviews import generate_reviews
from tests.benchmark.attributions import games
from tests.benchmark.attributions.conftest import Encoder

NO_TREE = np.zeros((0, 2), dtype=np.int32)


@settings(max_examples=25, deadline=None)
@given(games.trees(1, 8), st.integers(0, 2**31))
def test_values_are_the_owen_values(tree: np.ndarray, seed: int) -> None:
    count = len(tree) + 1
    table = np.random.default_rng(seed).normal(size=(2**count, 3))  # any function of the set of shown tokens
    bits = 2 ** np.arange(count)

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        return table[((ids[:, 1:-1] != games.MASK) * bits).sum(axis=1)]

    (found,) = games.values_of(predict, [games.text_of(tree, count)], mode="exact")
    wanted = games.brute_force(lambda shown: table[sum(int(bits[leaf]) for leaf in shown)], tree)
    np.testing.assert_allclose(found.values, wanted, atol=1e-12)
    np.testing.assert_array_equal(found.base, table[0])
    np.testing.assert_array_equal(found.output, table[-1])
    assert found.errors is not None
    assert not found.errors.any()
    assert found.evaluations == found.rows == row_count(tree, count)
    assert found.mode == "exact"


@settings(max_examples=60, deadline=None)
@given(games.trees(1, 12))
def test_the_rows_are_counted_before_and_no_two_are_alike(tree: np.ndarray) -> None:
    count = len(tree) + 1
    masks = expand(tree, count).masks
    assert len(masks) == row_count(tree, count)
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert not masks[0].any()
    assert masks[-1].all()


def test_how_many_rows_known_trees_ask() -> None:
    chain = np.array([[0, 1], [4, 2], [5, 3]], dtype=np.int32)
    balanced = np.array([[0, 1], [2, 3], [4, 5]], dtype=np.int32)
    assert row_count(chain, 4) == 2 + 2 * (1 + 2 + 4)
    assert row_count(balanced, 4) == 2 + 2 * (1 + 2 + 2)
    assert (row_count(NO_TREE, 1), row_count(NO_TREE, 0)) == (2, 1)
    long_chain = np.array([[0, 1], *([298 + place, place] for place in range(2, 300))], dtype=np.int32)
    assert row_count(long_chain, 300) == 2 + 2 * (2**299 - 1), "no overflow"


def test_a_text_over_the_cap_is_refused_with_what_would_be_right() -> None:
    tree = games.random_tree(20, 0)
    with pytest.raises(UserError, match=r"22 tokens asks [\d,]+ rows, more than max_rows, 20; raise max_rows, or take"):
        games.values_of(
            lambda ids, types: np.zeros((len(ids), 2)), [games.text_of(tree, 20)], mode="exact", max_rows=20
        )


def test_against_shap_without_a_budget(encoder: Encoder) -> None:
    tokenizer, model = encoder
    predict = games.predictor(model)
    table = generate_reviews("test", 1, languages=("fr", "ja"))[:3].copy()
    table["text"] = [text[:32] for text in table["text"]]
    pairs = generate_nli("test", 1, languages=("fr",))[:2].copy()
    pairs["text"] = [" ".join(text.split()[:4]) for text in pairs["text"]]
    pairs["text_pair"] = [" ".join(text.split()[:4]) for text in pairs["text_pair"]]
    texts = [*games.texts_of(tokenizer, table, 64), *games.texts_of(tokenizer, pairs, 64)]
    for text, found in zip(
        texts, games.values_of(predict, texts, tokenizer.mask_token_id, mode="exact", max_rows=10**5), strict=True
    ):
        types = None if text.types is None else text.types[None].astype(np.int64)

        def scored(ids: np.ndarray, types: np.ndarray | None = types) -> np.ndarray:
            return predict(ids, None if types is None else np.repeat(types, len(ids), axis=0))

        explainer = PartitionExplainer(scored, games.IdMasker(text, tokenizer.mask_token_id))
        wanted = explainer(text.ids[None, text.features], max_evals=10**9, silent=True)
        np.testing.assert_allclose(found.values, wanted.values[0], atol=1e-6)
        np.testing.assert_allclose(found.base, wanted.base_values[0], atol=1e-6)
        assert (np.abs(found.values).max(axis=0) > 1e-3).all(), "every class has values"
        np.testing.assert_allclose(found.values.sum(axis=1), 0, atol=1e-9, err_msg="probabilities sum to 1")
        np.testing.assert_allclose(found.base + found.values.sum(axis=0), found.output, atol=1e-9)


class WholeMasker:
    """All tokens are features, on shap's full tree with its special tokens, which are never masked."""

    immutable_outputs = True

    def __init__(self, ids: np.ndarray, special: np.ndarray, mask_id: int, tree: np.ndarray) -> None:
        self.ids, self.special, self.mask_id, self.clustering = ids, special, mask_id, tree
        self.shape = (1, len(ids))

    def __call__(self, mask: np.ndarray, _: object) -> tuple[np.ndarray]:
        return (np.where(mask | self.special, self.ids, self.mask_id)[None],)


def test_special_tokens_get_nothing_and_change_nothing(encoder: Encoder) -> None:
    """Without them the tree is smaller; the values of the others are those over shap's whole tree all the same."""
    import shap

    tokenizer, model = encoder
    predict = games.predictor(model)
    table = pd.DataFrame({"text": ["le colis est en retard", "とても 良い 本", "great book 😀"]})
    texts = games.texts_of(tokenizer, table, 64)
    for text, source, found in zip(
        texts, table["text"], games.values_of(predict, texts, tokenizer.mask_token_id, mode="exact"), strict=True
    ):
        special = np.ones(text.length, dtype=bool)
        special[text.features] = False
        tree = shap.maskers.Text(tokenizer).clustering(source)
        masker = WholeMasker(text.ids.astype(np.int64), special, tokenizer.mask_token_id, tree)
        types = None if text.types is None else text.types[None].astype(np.int64)

        def scored(ids: np.ndarray, types: np.ndarray | None = types) -> np.ndarray:
            return predict(ids, None if types is None else np.repeat(types, len(ids), axis=0))

        wanted = PartitionExplainer(scored, masker)(text.ids[None], max_evals=10**9, silent=True).values[0]
        np.testing.assert_allclose(wanted[special], 0, atol=1e-9)
        np.testing.assert_allclose(found.values, wanted[text.features], atol=1e-6)
