"""A fixed random sample of each language's distinct texts, drawn while they stream past."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LARGEST = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Sampled:
    """One text, and where it stands: the part's place in the list of parts, and the row's number."""

    text: str
    part: int
    row: int


@dataclass
class _Kept:
    limit: np.uint64
    texts: dict[int, Sampled] = field(default_factory=dict)


class Sampler:
    """Keeps the texts of each language whose hashes are the smallest: the same ones in whatever order they come.

    Args:
        size: how many to keep of each language.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: dict[int, _Kept] = {}

    def add(
        self,
        texts: pa.Array,
        hashes: NDArray[np.uint64],
        rows: NDArray[np.int64],
        part: int,
        languages: NDArray[np.int64],
    ) -> None:
        """Take some rows; the arguments are those of `tasks.audit.duplicates.Finder.add`."""
        for language in np.unique(languages[languages >= 0]).tolist():
            kept = self._kept.setdefault(language, _Kept(_LARGEST))
            places = np.flatnonzero((languages == language) & (hashes <= kept.limit))
            places = places[np.argsort(hashes[places], kind="stable")][: 2 * self._size]
            for place in places.tolist():
                if int(hashes[place]) not in kept.texts:
                    kept.texts[int(hashes[place])] = Sampled(texts[place].as_py(), part, int(rows[place]))
            if len(kept.texts) > self._size:
                kept.texts = dict(sorted(kept.texts.items())[: self._size])
                kept.limit = np.uint64(max(kept.texts))

    def samples(self) -> dict[int, list[Sampled]]:
        """Return the texts by language."""
        return {language: list(kept.texts.values()) for language, kept in sorted(self._kept.items())}
