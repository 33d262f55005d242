"""Sequences, and how they become masked batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

Batch = dict[str, torch.Tensor]


@dataclass
class Example:
    """One sequence with special tokens.

    Attributes:
        ids: word-piece ids
        types: token types, 0 for the first segment and 1 for the second
        together: 1 if the halves are of one sentence, 0 if not, -100 if there is one segment
        shift: added to every position but the first
    """

    ids: np.ndarray
    types: np.ndarray
    together: int = -100
    shift: int = 0


def collate(examples: list[Example], tokenizer: PreTrainedTokenizerFast, rng: np.random.Generator) -> Batch:
    """Pads and masks: 15% of the pieces; of these 80% ``[MASK]``, 10% random, 10% kept.

    Args:
        examples: the rows of the batch
        tokenizer: gives the ids of the special tokens
        rng: draws the pieces to predict

    Returns:
        ``input_ids``, ``token_type_ids``, ``attention_mask``, ``position_ids`` of shape
        ``(batch, length)``; ``pieces``, the same before masking with -100 for special tokens;
        ``together`` of shape ``(batch,)``; ``where``, the flat places of the ``n`` pieces to
        predict, and ``targets``, both of shape ``(n,)``
    """
    length = max(len(example.ids) for example in examples)
    shape = (len(examples), length)
    ids = np.full(shape, tokenizer.pad_token_id)
    types, attention = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    places = np.tile(np.arange(length), (len(examples), 1))
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = example.ids
        types[row, : len(example.ids)] = example.types
        attention[row, : len(example.ids)] = 1
        places[row, 1:] += example.shift
    special = np.isin(ids, tokenizer.all_special_ids)
    pieces = np.where(special, -100, ids)
    chosen = (rng.random(shape) < 0.15) & ~special
    if not chosen.any():
        chosen[0, 1] = True
    where = np.flatnonzero(chosen)
    targets = ids.ravel()[where].copy()
    action = rng.random(len(where))
    replaced = np.where(action < 0.8, tokenizer.mask_token_id, targets)
    noise = rng.integers(5, len(tokenizer), len(where))
    ids.ravel()[where] = np.where(action >= 0.9, noise, replaced)
    arrays = {
        "input_ids": ids,
        "token_type_ids": types,
        "attention_mask": attention,
        "position_ids": places,
        "pieces": pieces,
        "together": np.array([example.together for example in examples]),
        "where": where,
        "targets": targets,
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def group(examples: list[Example], tokens: int) -> list[list[Example]]:
    """Cuts the examples, sorted by length, into lists whose padded size is at most ``tokens``."""
    groups: list[list[Example]] = [[]]
    for example in sorted(examples, key=lambda item: len(item.ids)):
        if (len(groups[-1]) + 1) * len(example.ids) > tokens and groups[-1]:
            groups.append([])
        groups[-1].append(example)
    return groups
