"""Layer integrated gradients: its own quantity, behind the same interface."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.attributions.classifier import Classifier
from benchmark.attributions.gradients import IntegratedGradients
from benchmark.attributions.settings import Settings
from polyskew.errors import UserError
from tests.benchmark.attributions.conftest import Encoder
from tests.benchmark.attributions.games import texts_of

SETTINGS = Settings(mode="layer_integrated_gradients", steps=200)


def test_against_a_loop_over_the_path(encoder: Encoder) -> None:
    tokenizer, model = encoder
    table = pd.DataFrame({"text": ["le colis est en retard", "本"], "text_pair": ["oui", "non"]})
    texts = [*texts_of(tokenizer, table, 64), *texts_of(tokenizer, table[["text"]], 64)]
    told: list[int] = []
    explain = IntegratedGradients(Classifier(model), SETTINGS, tokenizer.mask_token_id)
    for place, found in explain(texts, told.append):
        text = texts[place]
        ids = torch.from_numpy(text.ids.astype(np.int64))[None]
        masked = ids.clone()
        masked[0, text.features.astype(np.int64)] = tokenizer.mask_token_id
        options = {} if text.types is None else {"token_type_ids": torch.from_numpy(text.types.astype(np.int64))[None]}
        if "xlm" in model.config.model_type:  # position ids come from token ids, which embeddings do not tell
            options["position_ids"] = torch.arange(2, 2 + text.length)[None]
        table_ = model.get_input_embeddings()
        here, there = table_(ids).detach(), table_(masked).detach()
        values = np.zeros((text.length, 3))
        for at in (np.arange(400) + 0.5) / 400:  # the midpoint rule, another one than captum's
            point = (there + at * (here - there)).requires_grad_()
            outputs = model(inputs_embeds=point, **options).logits.softmax(-1)[0]
            for label in range(3):
                (gradient,) = torch.autograd.grad(outputs[label], point, retain_graph=label < 2)
                values[:, label] += ((here - there) * gradient).sum(-1)[0].numpy() / 400
        special = np.setdiff1d(np.arange(text.length), text.features)
        np.testing.assert_allclose(values[special], 0, atol=1e-9)
        np.testing.assert_allclose(found.values, values[text.features], atol=2e-3)
        np.testing.assert_allclose(found.base + found.values.sum(axis=0), found.output, atol=5e-3)
        assert found.mode == "layer-integrated-gradients-200"
        assert found.errors is None
    assert len(told) == len(texts)


def test_without_captum_the_extra_is_named(bert_encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum.attr", None)
    with pytest.raises(UserError, match=r"needs captum, .* pip install 'polyskew\[captum\]'"):
        IntegratedGradients(Classifier(bert_encoder[1]), SETTINGS, 4)
