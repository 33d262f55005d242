"""What is explained: token ids, which of them may be masked, and the tree over those."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from benchmark.attributions.exact import row_count
from benchmark.attributions.trees import text_tree
from polyskew.errors import UserError

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
        pieces: T strings, each feature's part of the text with the white space before it; joined they give the text, as
            far as the model sees it.
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

    @cached_property
    def expansion(self) -> int:
        """Rows that the full expansion of the tree asks for."""
        return row_count(self.children, len(self.features))


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

    Raises:
        UserError: the model does not see the beginning of each segment between special tokens.
    """
    kept = kept_tokens(special, len(segments))
    types = row.get("token_type_ids")
    parts = [text_pieces(tokenizer, text) for text in segments]
    seen = np.asarray(row["input_ids"])[~special].tolist()
    if seen != [token for (tokens, _), count in zip(parts, kept, strict=True) for token in tokens[:count]]:
        raise UserError(
            f"the tokenizer {tokenizer.name_or_path} does not keep the beginning of a text between special tokens; "
            "one that cuts texts on the right and marks them as BERT or XLM-R do is wanted"
        )
    pieces = [piece for (_, found), count in zip(parts, kept, strict=True) for piece in found[:count]]
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


def text_pieces(tokenizer: PreTrainedTokenizerBase, text: str, *, special: bool = False) -> tuple[list[int], list[str]]:
    """Return a text's token ids, and each token's part of the text with the white space before it."""
    encoded = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True, verbose=False)
    spans = encoded["offset_mapping"]
    found, start = [], 0
    for (_, end), following in zip(spans, [*(first for first, _ in spans[1:]), len(text)], strict=False):
        # A word's mark can claim the letter that the next token has; later bytes of one letter have nothing of their
        # own, nor have special tokens, at (0, 0).
        end = max(start, min(end, following) if following >= start else end)
        found.append(text[start:end])
        start = end
    return encoded["input_ids"], found
