"""Text to token ids, once for each table; and batches that waste little on padding."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Encoded:
    """The token ids of a table's texts.

    Attributes:
        rows: per text what the model takes: ``input_ids``, and ``token_type_ids`` where the tokenizer has them.
        special: per text which of its tokens are special (CLS, SEP), as a bool array.
        lengths: tokens a text, int array [N].
        full_lengths: tokens a text before it was cut, int array [N].
    """

    rows: list[dict[str, list[int]]]
    special: list[np.ndarray]
    lengths: np.ndarray
    full_lengths: np.ndarray


def encode(tokenizer: PreTrainedTokenizerBase, table: pd.DataFrame, max_length: int) -> Encoded:
    """Tokenize a table's ``text`` (and ``text_pair``, where there is one) to at most ``max_length`` tokens.

    A pair that is too long loses tokens from its longer side first.
    """
    texts = table["text"].tolist()
    pairs = table["text_pair"].tolist() if "text_pair" in table else None
    if not texts:
        return Encoded([], [], np.zeros(0, int), np.zeros(0, int))
    whole = tokenizer(texts, pairs, return_attention_mask=False, return_token_type_ids=False, verbose=False)
    cut = tokenizer(texts, pairs, truncation=True, max_length=max_length, return_special_tokens_mask=True)
    names = [name for name in ("input_ids", "token_type_ids") if name in cut]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*(cut[name] for name in names), strict=True)]
    return Encoded(
        rows=rows,
        special=[np.asarray(mask, dtype=bool) for mask in cut["special_tokens_mask"]],
        lengths=np.array([len(row["input_ids"]) for row in rows]),
        full_lengths=np.array([len(ids) for ids in whole["input_ids"]]),
    )


def token_statistics(
    encoded: Encoded, languages: pd.Series, tokenizer: PreTrainedTokenizerBase
) -> dict[str, dict[str, float]]:
    """Return per language: tokens a text before cutting, share of unknown tokens, share of texts that were cut."""
    unknown = np.array([row["input_ids"].count(tokenizer.unk_token_id) for row in encoded.rows])
    content = np.array([(~special).sum() for special in encoded.special])
    frame = pd.DataFrame(
        {
            "language": languages.to_numpy(),
            "tokens": encoded.full_lengths,
            "unknown": unknown,
            "content": content,
            "cut": encoded.full_lengths > encoded.lengths,
        }
    )
    return {
        str(language): {
            "tokens_per_text": round(float(part["tokens"].mean()), 4),
            "unknown_share": round(float(part["unknown"].sum() / max(1, part["content"].sum())), 6),
            "truncated_share": round(float(part["cut"].mean()), 6),
        }
        for language, part in frame.groupby("language", sort=True)
    }


def batches(lengths: np.ndarray, tokens: int = 8192) -> Iterator[np.ndarray]:
    """Yield index arrays of texts of similar length, each batch of at most ``tokens`` tokens with its padding."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and lengths[order[stop]] * (stop + 1 - start) <= tokens:
            stop += 1
        yield order[start:stop]
        start = stop


def collate(
    tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, Any]], device: torch.device | str = "cpu"
) -> dict[str, torch.Tensor]:
    """Pad rows to the longest of them and return tensors on ``device``, with their attention mask."""
    # Padding with a fast tokenizer is right here: the ids exist already, nothing is tokenized twice.
    tokenizer.deprecation_warnings["Asking-to-pad-a-fast-tokenizer"] = True
    padded = tokenizer.pad(rows, return_attention_mask=True, return_tensors="pt")
    return {name: tensor.to(device) for name, tensor in padded.items()}
