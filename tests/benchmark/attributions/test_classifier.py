"""Probabilities without padding or mask, and what another precision does to them."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.attributions.chunks import Explainer
from benchmark.attributions.classifier import Classifier
from benchmark.attributions.deviation import deviation
from benchmark.attributions.engine import explain
from benchmark.attributions.rows import IdRows
from benchmark.attributions.settings import Precision, Settings
from tests.benchmark.attributions import games
from tests.benchmark.attributions.conftest import Encoder


def test_rows_of_one_length_without_a_mask_are_rows_with_one(encoder: Encoder) -> None:
    tokenizer, model = encoder
    table = pd.DataFrame({"text": ["le colis est en retard"], "text_pair": ["oui, trop tard"]})
    (text,) = games.texts_of(tokenizer, table, 64)
    ids = np.stack([text.ids] * 5).astype(np.int64)
    ids[np.arange(5), text.features[:5]] = tokenizer.mask_token_id
    types = None if text.types is None else np.stack([text.types] * 5).astype(np.int64)
    found = Classifier(model)(ids, types)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), games.predictor(model)(ids, types), atol=1e-6)


def test_a_precision_is_in_force_only_while_it_computes(bert_encoder: Encoder) -> None:
    _, model = bert_encoder
    before = torch.get_float32_matmul_precision()
    ids = np.full((2, 6), 20)
    kinds: tuple[Precision, ...] = ("fp32", "tf32", "bf16")
    classifiers = [Classifier(model, precision) for precision in kinds]
    seen: list[tuple[str, bool]] = []
    handle = model.register_forward_pre_hook(
        lambda module, given: seen.append((torch.get_float32_matmul_precision(), torch.is_autocast_enabled("cpu")))
    )
    for classifier in classifiers:
        classifier(ids, None)
        assert torch.get_float32_matmul_precision() == before
        assert not torch.is_autocast_enabled("cpu")
    handle.remove()
    assert seen == [("highest", False), ("high", False), (before, True)]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_deviation_is_measured_on_a_sample(bert_encoder: Encoder, precision: Precision) -> None:
    tokenizer, model = bert_encoder
    strings = ["le colis est en retard", "great book", "本は良い", "ok", "sehr gut"]
    texts = games.texts_of(tokenizer, pd.DataFrame({"text": strings}), 64)

    def explainer(kind: Precision) -> Explainer:
        render = partial(IdRows, mask_id=tokenizer.mask_token_id)
        return lambda some, report: explain(Classifier(model, kind), some, Settings(), render, report=report)

    found = deviation(texts, precision, explainer)
    assert found["precision"] == precision
    assert found["sample"] == len(strings)
    if precision == "fp32":
        assert found["max_absolute"] == found["median_relative_l1"] == 0
        return
    one, other = (dict(explainer(kind)(texts, lambda tokens: None)) for kind in ("fp32", precision))
    differences = [np.abs(other[place].values - one[place].values) for place in range(len(texts))]
    assert found["max_absolute"] == pytest.approx(max(block.max() for block in differences))
    relative = [block.sum() / np.abs(one[place].values).sum() for place, block in enumerate(differences)]
    assert found["median_relative_l1"] == pytest.approx(np.median(relative))
    assert 1e-4 < found["max_absolute"] < 0.1
