"""Leaving out what the head does not read changes nothing, and is left alone where it would."""

import numpy as np
import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

from adapters import METHODS, get_method
from benchmark.attributions.classifier import Classifier
from benchmark.attributions.first_token import FirstToken
from tests.benchmark.attributions.conftest import Encoder
from tests.benchmark.attributions.games import predictor

SIZES = {"vocab_size": 100, "num_labels": 3}


def ids() -> np.ndarray:
    return np.random.default_rng(0).integers(5, 100, (6, 13))


def test_logits_are_the_same_and_the_last_feed_forward_block_sees_one_token(encoder: Encoder) -> None:
    _, model = encoder
    classifier = Classifier(model)
    assert classifier._first_token.applies
    layer = model.base_model.encoder.layer
    seen: list[tuple[int, ...]] = []
    hooks = [
        one.intermediate.register_forward_hook(lambda m, given, out: seen.append(tuple(out.shape[:2]))) for one in layer
    ]
    found = classifier(ids(), None).numpy()
    for hook in hooks:
        hook.remove()
    assert seen == [(6, 13)] * (len(layer) - 1) + [(6, 1)]
    np.testing.assert_allclose(found, predictor(model)(ids(), None), atol=1e-6)
    with torch.inference_mode():
        assert model.base_model(torch.from_numpy(ids())).last_hidden_state.shape[1] == 13, "only within the block"


@pytest.mark.parametrize("name", sorted(METHODS.names()))
def test_with_every_method(name: str) -> None:
    torch.manual_seed(0)
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, **SIZES)
    model = get_method(name).prepare(BertForSequenceClassification(config)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)  # adapters start at nothing
    classifier = Classifier(model)
    assert classifier._first_token.applies
    np.testing.assert_allclose(classifier(ids(), None).numpy(), predictor(model)(ids(), None), atol=1e-6)


class MeanHead(BertForSequenceClassification):
    """A head that reads all tokens."""

    def forward(self, input_ids: torch.Tensor, **_: object) -> object:
        output = self.bert(input_ids)
        output.logits = self.classifier(output.last_hidden_state.mean(dim=1))
        return output


def test_other_networks_are_left_alone() -> None:
    torch.manual_seed(0)
    config = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, **SIZES)
    distil = DistilBertForSequenceClassification(
        DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=48, **SIZES)
    )
    for model in (MeanHead(config).eval(), distil.eval()):
        assert not FirstToken(model).applies
        np.testing.assert_allclose(Classifier(model)(ids(), None).numpy(), plain(model), atol=1e-6)


@pytest.mark.parametrize("kind", ["convbert", "canine", "electra", "camembert"])
def test_whatever_a_network_is_built_like_it_still_classifies(kind: str) -> None:
    torch.manual_seed(0)
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    config = AutoConfig.for_model(kind, **small, embedding_size=32, **SIZES)
    model = AutoModelForSequenceClassification.from_config(config).eval()
    assert FirstToken(model).applies == (kind != "canine")
    longer = np.random.default_rng(1).integers(5, 100, (3, 40))
    with torch.inference_mode():
        wanted = model(input_ids=torch.from_numpy(longer)).logits.double().softmax(-1).numpy()
    np.testing.assert_allclose(Classifier(model)(longer, None).numpy(), wanted, atol=1e-6)


@torch.inference_mode()
def plain(model: torch.nn.Module) -> np.ndarray:
    return model(input_ids=torch.from_numpy(ids())).logits.double().softmax(-1).numpy()
