"""The budgeted heap, against shap's own on the same token ids."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shap import PartitionExplainer

from benchmark.attributions.rows import Ids
from tasks.demo.nli import generate_nli
from tasks.demo.reviews import generate_reviews
from tests.benchmark.attributions import games
from tests.benchmark.attributions.conftest import Encoder


@settings(max_examples=30, deadline=None)
@given(st.lists(games.trees(1, 24), min_size=1, max_size=5), st.integers(10, 400), st.integers(0, 2**31))
def test_made_up_models_at_any_budget(trees: list[np.ndarray], budget: int, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(3, 26, 3))

    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        shown = ids != games.MASK
        parts = [shown @ weight[: ids.shape[1]] for weight in weights]
        return parts[0] + np.sin(parts[1]) * parts[2]

    texts = [games.text_of(tree, len(tree) + 1) for tree in trees]
    for text, found in zip(texts, games.values_of(predict, texts, mode="partition", evaluations=budget), strict=True):
        assert found.mode == f"partition-{budget}"
        assert found.errors is None
        assert found.evaluations == found.rows <= budget + 1
        np.testing.assert_allclose(found.base + found.values.sum(axis=0), found.output, atol=1e-9)
        if len(text.features) > 1:
            explainer = PartitionExplainer(lambda ids: predict(ids, None), games.IdMasker(text, games.MASK))
            wanted = explainer(text.ids[None, text.features], max_evals=budget, silent=True)
            np.testing.assert_allclose(found.values, wanted.values[0], atol=1e-9)


@pytest.mark.parametrize("budget", [60, 300])
def test_encoders_on_singles_and_pairs(encoder: Encoder, budget: int) -> None:
    tokenizer, model = encoder
    predict = games.predictor(model)
    singles = generate_reviews("test", 1, languages=("fr", "ja", "zh"))[::7]
    extra = pd.DataFrame({"text": ["الكتاب جميل جدا", "किताब अच्छी है 😀 👍🏽", "ok"]})
    pairs = generate_nli("test", 1, languages=("fr", "en"))[:3]
    texts = [text for table in (singles, extra, pairs) for text in games.texts_of(tokenizer, table, 64)]
    found = games.values_of(predict, texts, tokenizer.mask_token_id, mode="partition", evaluations=budget)
    cut = 0
    for text, own in zip(texts, found, strict=True):
        types = None if text.types is None else text.types[None].astype(np.int64)

        def scored(ids: np.ndarray, types: np.ndarray | None = types) -> np.ndarray:
            return predict(ids, None if types is None else np.repeat(types, len(ids), axis=0))

        if len(text.features) > 1:
            explainer = PartitionExplainer(scored, games.IdMasker(text, tokenizer.mask_token_id))
            wanted = explainer(text.ids[None, text.features], max_evals=budget, silent=True)
            np.testing.assert_allclose(own.values, wanted.values[0], atol=1e-5)
            np.testing.assert_allclose(own.base, wanted.base_values[0], atol=1e-5)
        cut += own.evaluations == budget
    assert cut > 3, "some texts are over the budget"
