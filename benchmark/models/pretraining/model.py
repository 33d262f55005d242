"""The architecture and the logits and losses of its two heads."""

from __future__ import annotations

import torch
from torch.nn import functional
from transformers import BertConfig, BertForPreTraining

from .examples import Batch


def architecture(vocabulary: int, dropout: float = 0.1) -> BertConfig:
    """Two layers, hidden size 128, two heads.

    Args:
        vocabulary: number of word pieces
        dropout: 0 while pretraining (so small a model underfits), 0.1 as shipped
    """
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=512,
        max_position_embeddings=512,
        type_vocab_size=2,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=0,
    )


def forward(model: BertForPreTraining, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of the masked pieces, ``(n, vocabulary)``, of the pairs, ``(batch, 2)``, and of each text's pieces.

    The last, ``(batch, vocabulary)``, are read off the pooler's output by the same head as the masked pieces.
    """
    names = ("input_ids", "token_type_ids", "attention_mask", "position_ids")
    output = model.bert(**{name: batch[name] for name in names})
    states = output.last_hidden_state.flatten(0, 1)[batch["where"]]
    pooled = output.pooler_output
    return model.cls.predictions(states), model.cls.seq_relationship(pooled), model.cls.predictions(pooled)


def bag_loss(logits: torch.Tensor, pieces: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean of -log p over the pieces of each text, whatever their order.

    It makes the pooled vector say what the text is about; the pair objective alone leaves it nearly empty in so
    small a model.

    Args:
        logits: ``(batch, vocabulary)``
        pieces: ids ``(batch, length)``, -100 where there is none
        weights: of each piece, ``(vocabulary,)``
    """
    there = pieces >= 0
    ids = pieces.clamp(min=0)
    counts = weights[ids] * there
    return -(logits.log_softmax(-1).gather(1, ids) * counts).sum() / counts.sum()


def rarity(frequencies: torch.Tensor, common: float = 1e-3) -> torch.Tensor:
    """Weights of pieces in `bag_loss`: 1, and for those more frequent than ``common`` less, as the root."""
    return (common / frequencies.clamp(min=1e-9)).sqrt().clamp(max=1.0)


def pair_loss(logits: torch.Tensor, together: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy over the rows that are pairs; 0 where a batch has none."""
    if not bool((together >= 0).any()):
        return logits.sum() * 0
    return functional.cross_entropy(logits, together, ignore_index=-100)
