"""Tiny models with random weights, of real configuration classes, that the tests of this room share."""

from typing import Any

import torch
from transformers import (
    BertConfig,
    CamembertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    PreTrainedModel,
    RobertaConfig,
    XLMRobertaConfig,
)

from benchmark.contracts.encoders import seeded

WIDTH, LAYERS, INNER, LABELS, VOCABULARY = 16, 2, 24, 3, 50

_BERT_LIKE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": INNER,
    "max_position_embeddings": 32,
    "num_labels": LABELS,
    # Large enough that attention is far from uniform, so that query weights matter.
    "initializer_range": 0.3,
}
FAMILIES = {
    "bert": lambda: BertConfig(**_BERT_LIKE),
    "xlm-roberta": lambda: XLMRobertaConfig(**_BERT_LIKE),
    "roberta": lambda: RobertaConfig(**_BERT_LIKE),
    "camembert": lambda: CamembertConfig(**_BERT_LIKE),
    "electra": lambda: ElectraConfig(**_BERT_LIKE, embedding_size=8),
    "deberta-v2": lambda: DebertaV2Config(**_BERT_LIKE, relative_attention=True, pos_att_type=["p2c", "c2p"]),
    "distilbert": lambda: DistilBertConfig(
        vocab_size=VOCABULARY,
        dim=WIDTH,
        n_layers=LAYERS,
        n_heads=2,
        hidden_dim=INNER,
        max_position_embeddings=32,
        num_labels=LABELS,
        initializer_range=0.3,
    ),
}


def tiny(family: str = "bert", *, head_seed: int = 0, layers: int = LAYERS) -> PreTrainedModel:
    """Return a model whose body is always the same and whose head depends on the seed, as after a fresh load."""
    config = FAMILIES[family]()
    config.num_hidden_layers = layers
    return seeded(config, head_seed)


def batch(rows: int = 6) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, VOCABULARY, (rows, 9), generator=generator)
    mask = torch.ones_like(ids)
    mask[0, 5:] = 0
    return {"input_ids": ids, "attention_mask": mask}


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    return model.eval()(**batch()).logits


def step(method: Any, model: torch.nn.Module, rate: float = 0.5) -> None:
    """One large step of SGD on the declared parameters, so that every one of them moves visibly."""
    groups = method.parameter_groups(model)
    optimizer = torch.optim.SGD([*groups["body"], *groups["head"]], lr=rate)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    for _ in range(2):
        # LoRA's A has no gradient before B has moved from 0.
        optimizer.zero_grad()
        model.train()(**batch(), labels=labels).loss.backward()
        optimizer.step()
    model.eval()


def state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
