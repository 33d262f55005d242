"""Drawing examples: single sentences, halves that may belong together, sentences in a row."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from transformers import PreTrainedTokenizerFast

from .examples import Batch, Example, collate, group


@dataclass
class Sampler:
    """Draws examples, every language with the same probability.

    Attributes:
        encoded: word-piece ids of the sentences by language
        tokenizer: gives the ids of the special tokens and of the continuation pieces
        seed: of all draws
        pairs: share of examples that are two halves
        packed: share of examples that are several sentences in a row
        swapped: share of the halves that do not follow each other which are in the wrong order
        longest: most word pieces of a sequence, special tokens included
    """

    encoded: dict[str, list[np.ndarray]]
    tokenizer: PreTrainedTokenizerFast
    seed: int
    pairs: float = 0.5
    packed: float = 0.12
    swapped: float = 0.5
    longest: int = 128
    _ranked: dict[str, list[np.ndarray]] = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        pieces = self.tokenizer.convert_ids_to_tokens(list(range(len(self.tokenizer))))
        self.inner = np.array([piece.startswith("##") for piece in pieces])
        self.marks = np.array([unicodedata.category(piece[-1])[0] == "P" for piece in pieces])
        self.marks[self.tokenizer.all_special_ids] = False
        self._ranked = {key: sorted(rows, key=len) for key, rows in self.encoded.items()}
        self.languages = list(self.encoded)

    def one(self, language: str | None = None) -> Example:
        """One example, of ``language`` or of a random one."""
        language = language or self.languages[self.rng.integers(len(self.languages))]
        kind = self.rng.random()
        if kind < self.pairs:
            return self.pair(language)
        rows = self.encoded[language]
        start = int(self.rng.integers(len(rows)))
        if kind >= self.pairs + self.packed:
            return self.single(rows[start])
        room = int(self.rng.integers(40, self.longest - 1))
        text = rows[start]
        while len(text) < room:
            start = (start + 1) % len(rows)
            text = np.concatenate([text, rows[start]])
        example = self.single(text[:room])
        if self.rng.random() < 0.5:
            # No example is long enough for the last positions; a shift trains them all the same.
            example.shift = int(self.rng.integers(0, 512 - self.longest))
        return example

    def single(self, text: np.ndarray) -> Example:
        """One segment, cut to the longest length."""
        cls, sep = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        ids = np.concatenate([[cls], text[: self.longest - 2], [sep]])
        return Example(ids, np.zeros_like(ids))

    def pair(self, language: str) -> Example:
        """Two halves, cut between words; every other time the second does not follow the first.

        Then either the halves are in the wrong order, or the second is of another sentence: of
        the same language, about as long, and with exactly as many pieces from a word's start on.
        Punctuation at the end of a sentence goes. So neither language, length nor a full stop
        tells the cases apart.
        """
        ranked = self._ranked[language]
        for _ in range(20):
            rank = int(self.rng.integers(len(ranked) // 20, len(ranked)))
            text = self._bare(ranked[rank])
            cut = self._cut(text)
            if cut:
                break
        else:
            return self.single(ranked[rank])
        first, second, together = text[:cut], text[cut:], 1
        if self.rng.random() < 0.5:
            if self.rng.random() < self.swapped:
                first, second, together = second, first, 0
            else:
                other = self._other(ranked, rank, len(second))
                second, together = (second, 1) if other is None else (other, 0)
        cls, sep = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        ids = np.concatenate([[cls], first, [sep], second, [sep]])
        types = np.repeat([0, 1], [len(first) + 2, len(second) + 1])
        return Example(ids, types, together)

    def _bare(self, text: np.ndarray) -> np.ndarray:
        """``text`` cut to the longest length, without the punctuation at its end."""
        end = min(len(text), self.longest - 3)
        while end and self.marks[text[end - 1]]:
            end -= 1
        return text[:end]

    def _other(self, ranked: list[np.ndarray], rank: int, pieces: int) -> np.ndarray | None:
        """The last ``pieces`` of a sentence about as long as the one at ``rank``."""
        reach = max(5, len(ranked) // 50)
        for _ in range(30):
            near = int(np.clip(rank + self.rng.integers(-reach, reach + 1), 0, len(ranked) - 1))
            other = self._bare(ranked[near])
            if near != rank and len(other) > pieces and not self.inner[other[-pieces]]:
                return other[-pieces:]
        return None

    def _cut(self, text: np.ndarray) -> int:
        """A word start near the middle (30-70%) of ``text``, or 0 if there is none."""
        places = np.arange(max(1, int(0.3 * len(text))), int(0.7 * len(text)) + 1)
        places = places[places < len(text)]
        places = places[~self.inner[text[places]]]
        return int(self.rng.choice(places)) if len(places) else 0

    def batches(self, tokens: int, ahead: int = 40) -> Iterator[Batch]:
        """Endless masked batches of about ``tokens`` word pieces and of similar lengths.

        Args:
            tokens: padded size of a batch
            ahead: batches drawn at a time and sorted by length before they are cut
        """
        while True:
            drawn: list[Example] = []
            size = 0
            while size < ahead * tokens:
                drawn.append(self.one())
                size += len(drawn[-1].ids)
            groups = group(drawn, tokens)
            for place in self.rng.permutation(len(groups)):
                yield collate(groups[place], self.tokenizer, self.rng)
