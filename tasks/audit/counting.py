"""Counts of language and label by split, gathered batch by batch."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.audit.labels import MISSING, Coded

_SHIFT = 32  # a language's number stands above a value's in one key


@dataclass(frozen=True)
class Split:
    """What one split holds.

    Attributes:
        name: the split's name.
        rows: all rows.
        missing: rows without ``text``, ``label``, ``language``; one row may lack several.
        texts: int64 [L], complete rows of each language.
        counts: int64 [L, C], complete rows of each language that have each label; where a text has one label, they
            add up to ``texts``.
    """

    name: str
    rows: int
    missing: dict[str, int]
    texts: NDArray[np.int64]
    counts: NDArray[np.int64]


class Numbers(dict[str, int]):
    """Numbers values in the order in which they come, over all batches."""

    def number(self, found: Coded) -> NDArray[np.int64]:
        """Return each row's number, `tasks.audit.labels.MISSING` where there is no value."""
        numbers = [self.setdefault(value, len(self)) for value in found.values]
        return np.array([*numbers, MISSING], np.int64)[found.codes]


class Tally:
    """Counts rows of one split by language and label value."""

    def __init__(self) -> None:
        self.rows = 0
        self.missing = {"text": 0, "label": 0, "language": 0}
        self._cells: Counter[int] = Counter()

    def add(self, has_text: NDArray[np.bool_], labels: NDArray[np.int64], languages: NDArray[np.int64]) -> None:
        """Count some rows; negative numbers are missing values."""
        self.rows += len(has_text)
        for name, there in (("text", has_text), ("label", labels >= 0), ("language", languages >= 0)):
            self.missing[name] += int(len(there) - there.sum())
        complete = has_text & (labels >= 0) & (languages >= 0)
        keys, counts = np.unique((languages[complete] << _SHIFT) | labels[complete], return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            self._cells[key] += count

    def split(self, name: str, order: NDArray[np.int64], members: list[list[int]], labels: int) -> Split:
        """Return the counts.

        Args:
            name: the split's name.
            order: [L], the place of each language's number.
            members: for each label value, the places of its labels.
            labels: C.
        """
        texts = np.zeros(len(order), np.int64)
        counts = np.zeros((len(order), labels), np.int64)
        for key, count in self._cells.items():
            language = order[key >> _SHIFT]
            texts[language] += count
            counts[language, members[key & ((1 << _SHIFT) - 1)]] += count
        return Split(name, self.rows, dict(self.missing), texts, counts)
