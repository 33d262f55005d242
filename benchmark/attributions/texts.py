"""What is explained: token ids, which of them may be masked, and the tree over those."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from benchmark.attributions.trees import text_tree

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Text:
    """One encoded text or pair.

    Attributes:
        ids: int32 [L], the tokens that the model takes.
        types: int32 [L], their token types, or None for a tokenizer without.
        features: int32 [T], positions that may be masked: all but the special tokens.
        children: int32 [T - 1, 2], the tree over the features: inner node T + i joins two earlier nodes (the leaves
            are 0 to T - 1), the last one is the root.
        pieces: T strings, each feature's part of the text with what stands before it; joined they give the text.
        second: the first feature of a pair's second side; T for a single text.
        string: the text that is masked and tokenized again, in the mode ``reference`` only.
    """

    ids: Ints
    types: Ints | None
    features: Ints
    children: Ints
    pieces: tuple[str, ...]
    second: int
    string: str | None = None

    @property
    def length(self) -> int:
        """Tokens of the text, L."""
        return len(self.ids)


def token_text(
    tokenizer: PreTrainedTokenizerBase,
    segments: Sequence[str],
    row: dict[str, list[int]],
    special: NDArray[np.bool_],
    *,
    words: bool = False,
) -> Text:
    """Return a text as the model sees it: truncated, with its special tokens, which are never masked.

    Args:
        tokenizer: a fast tokenizer.
        segments: the text, or premise and hypothesis.
        row: its ``input_ids`` and, where the tokenizer has them, ``token_type_ids``.
        special: bool [L], which of the tokens are special.
        words: whether pieces of one word are one group of the tree.
    """
    kept = kept_tokens(special, len(segments))
    types = row.get("token_type_ids")
    pieces = [
        piece for text, count in zip(segments, kept, strict=True) for piece in text_pieces(tokenizer, text)[:count]
    ]
    return Text(
        ids=np.asarray(row["input_ids"], dtype=np.int32),
        types=None if types is None else np.asarray(types, dtype=np.int32),
        features=np.flatnonzero(~special).astype(np.int32),
        children=text_tree(tokenizer, segments, kept, words=words),
        pieces=tuple(pieces),
        second=kept[0],
    )


def kept_tokens(special: NDArray[np.bool_], segments: int) -> list[int]:
    """Return how many features each segment has: segments are runs of tokens between special ones.

    BERT has [CLS] a [SEP] b [SEP]; XLM-R <s> a </s></s> b </s>, with an empty run between the two separators. An
    empty segment leaves an empty run of its own.
    """
    borders = np.flatnonzero(special)
    runs = [int(size) for size in np.diff(borders) - 1]
    if segments == 2 and len(runs) == 3:
        runs = [runs[0], runs[2]]
    return runs[:segments]


def text_pieces(tokenizer: PreTrainedTokenizerBase, text: str, *, special: bool = False) -> list[str]:
    """Each token's part of the text, with the white space before it."""
    ends = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    found, start = [], 0
    for _, end in ends:
        end = max(start, end)  # pieces of one character, and special tokens at (0, 0), add nothing
        found.append(text[start:end])
        start = end
    return found
