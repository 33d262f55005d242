"""The paper's way, against shap on a transformers pipeline."""

from functools import partial

import numpy as np
import pytest
import shap
from transformers import pipeline

from benchmark.attributions.engine import explain
from benchmark.attributions.reference import StringRows, string_text
from benchmark.attributions.settings import Settings
from tests.benchmark.attributions import games
from tests.benchmark.attributions.conftest import SCRIPTS, Encoder

BUDGET = 120
TEXTS = {
    "short": "le colis est en retard",
    "long": "the parcel came late, the book is torn and nobody at the shop would answer the telephone, what a pity",
    "empty": "",
    "one word": "livre",
    "emoji": "😀 👍🏽 great ❤️",
    "Japanese": "とても良い本でした。",
    "Chinese": "这本书很好，但是送得太晚了。",
    "Arabic": SCRIPTS[0],
    "Hindi": SCRIPTS[1],
    "Cyrillic": SCRIPTS[2],
}


@pytest.mark.parametrize("name", TEXTS)
def test_against_shap_on_a_pipeline(encoder: Encoder, name: str) -> None:
    tokenizer, model = encoder
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device=-1)
    wanted = shap.Explainer(classify)([TEXTS[name]], max_evals=BUDGET, silent=True)
    text = string_text(tokenizer, [TEXTS[name]])
    render = partial(StringRows, tokenizer=tokenizer, max_length=512)
    settings = Settings(mode="reference", evaluations=BUDGET)
    ((_, found),) = explain(games.predictor(model), [text], settings, render)
    np.testing.assert_allclose(found.values, wanted.values[0], atol=1e-5)
    np.testing.assert_allclose(found.base, wanted.base_values[0], atol=1e-5)
    np.testing.assert_allclose(found.base + found.values.sum(axis=0), found.output, atol=1e-9)
    assert found.mode == f"reference-{BUDGET}"
    assert found.rows <= found.evaluations <= BUDGET
    assert found.evaluations == BUDGET or name != "long"
    assert found.evaluations < BUDGET or name not in ("empty", "one word")
    if name != "empty":
        assert (np.abs(found.values).max(axis=0) > 1e-4).all(), "every class has values"


def test_a_pair_is_one_string_and_a_long_text_is_cut_only_for_the_model(encoder: Encoder) -> None:
    tokenizer, _ = encoder
    pair = string_text(tokenizer, ["le colis", "est en retard"])
    assert pair.string == f"le colis{tokenizer.sep_token}est en retard"
    assert pair.ids.tolist() == tokenizer(pair.string)["input_ids"]
    assert pair.ids[pair.second] == tokenizer.sep_token_id
    long = string_text(tokenizer, ["le colis est en retard " * 12])
    lengths: list[int] = []

    def predict(ids: np.ndarray, types: np.ndarray | None) -> np.ndarray:
        lengths.append(ids.shape[1])
        return ids[:, 1:3] / 1000

    render = partial(StringRows, tokenizer=tokenizer, max_length=24)
    found = dict(explain(predict, [pair, long], Settings(mode="reference", evaluations=40), render))
    assert max(lengths) == 24
    assert len(found[1].values) == long.length > 24
