"""Tiny encoders with random weights, made in memory, on which methods and explainers are tried."""

from typing import Any

import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    PreTrainedConfig,
    PreTrainedModel,
    XLMRobertaConfig,
)

LABELS, VOCABULARY, LENGTH = 3, 50, 9
FAMILIES = ("BERT", "XLM-R")
_SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,  # OFT and its like divide the width into blocks of up to 32
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "num_labels": LABELS,
    "initializer_range": 0.3,  # so large that attention is far from uniform, and query weights matter
}


def encoder(family: str, head_seed: int = 0) -> PreTrainedModel:
    """Return a tiny classifier of one family, in evaluation mode.

    Args:
        family: one of `FAMILIES`.
        head_seed: of the head's weights; the body's are always the same.
    """
    config = BertConfig(**_SHAPE) if family == "BERT" else XLMRobertaConfig(**_SHAPE, pad_token_id=1)
    return seeded(config, head_seed)


def seeded(config: PreTrainedConfig, head_seed: int = 0) -> PreTrainedModel:
    """Return a classifier whose body is always the same and whose head depends on the seed, as after a fresh load.

    Args:
        config: of the encoder.
        head_seed: of the head's weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config)
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):  # they start at 1 and 0, which hides one that is not restored
                torch.nn.init.normal_(module.weight, 1.0, 0.1)
                torch.nn.init.normal_(module.bias, 0.0, 0.1)
        torch.manual_seed(100 + head_seed)
        for name, child in model.named_children():
            if name != model.base_model_prefix:
                for parameter in child.parameters():
                    torch.nn.init.normal_(parameter, 0.0, 0.3)
    return model.eval()


def batch(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return six texts, the first of them padded, with a label each."""
    generator = torch.Generator().manual_seed(3)
    ids = torch.randint(5, VOCABULARY, (6, LENGTH), generator=generator)
    mask = torch.ones_like(ids)
    mask[0, 5:] = 0
    config: Any = model.config
    return {
        "input_ids": ids.masked_fill(mask == 0, int(config.pad_token_id)),
        "attention_mask": mask,
        "labels": torch.arange(6) % LABELS,
    }


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    """Return the logits of `batch`, float [6, C], in evaluation mode."""
    found: torch.Tensor = model.eval()(**batch(model)).logits
    return found
