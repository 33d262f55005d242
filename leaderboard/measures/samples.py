"""What the measures that users add are given: the texts of one cell, as arrays."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Sample:
    """N texts of one cell.

    Attributes:
        language: places in ``languages``, int64 ``[N]``.
        group: numbers of what must not be split (a premise with its hypotheses, a sentence with its translations),
            int64 ``[N]``.
        languages: the names of the L languages.
        labels: the names of the C labels.
        shares: P[l, c], the label's share within the language that the cell's regime aims at, float64 ``[L, C]``; None
            where it aims at none.
        skew: d[l, c] = P[l, c] - P[c], float64 ``[L, C]``, of the cell's regime by its name; of a balanced cell that of
            each skewed regime of its grid.
    """

    language: NDArray[np.int64]
    group: NDArray[np.int64]
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    shares: NDArray[np.float64] | None
    skew: dict[str, NDArray[np.float64]]

    _BY_TEXT: ClassVar[tuple[str, ...]] = ("language", "group", "label")

    def take(self, texts: NDArray[np.int64]) -> Self:
        """Return the texts at these places, in their order, ``[M]``; one can be taken several times."""
        found = {name: array[texts] for name in self._BY_TEXT if (array := getattr(self, name)) is not None}
        return replace(self, **found)


@dataclass(frozen=True, kw_only=True)
class PredictedRows(Sample):
    """The test rows.

    Attributes:
        label: the true classes, places in ``labels``, int64 ``[N]``.
        logits: float32 ``[N, C]``.
    """

    label: NDArray[np.int64]
    logits: NDArray[np.float32]

    _BY_TEXT = (*Sample._BY_TEXT, "logits")

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The classes with the largest logit, int64 ``[N]``."""
        return self.logits.argmax(axis=1).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class FeatureVectors(Sample):
    """The vectors that a cell's model makes of the test rows or of the probe corpus: the pooler's where it has one.

    Attributes:
        label: the true classes, int64 ``[N]``; None for the probe corpus, which has no labels.
        vectors: float32 ``[N, H]``.
    """

    label: NDArray[np.int64] | None
    vectors: NDArray[np.float32]

    _BY_TEXT = (*Sample._BY_TEXT, "vectors")


@dataclass(frozen=True, kw_only=True)
class ExplainedTexts(Sample):
    """The explained texts, with T tokens in all.

    Attributes:
        label: the true classes, int64 ``[N]``.
        base: base values, float64 ``[N, C]``.
        text: the number of each token's text, rising, int64 ``[T]``.
        token_ids: int64 ``[T]``.
        values: the tokens' attributions, of probabilities, float64 ``[T, C]``.
        reference: the same tokens' in the reference cell, float64 ``[T, C]``; None in that cell itself, and where there
            is none that explains the same texts in the same way.
    """

    label: NDArray[np.int64]
    base: NDArray[np.float64]
    text: NDArray[np.int64]
    token_ids: NDArray[np.int64]
    values: NDArray[np.float64]
    reference: NDArray[np.float64] | None

    _BY_TEXT = (*Sample._BY_TEXT, "base")
    _BY_TOKEN: ClassVar[tuple[str, ...]] = ("token_ids", "values", "reference")

    def take(self, texts: NDArray[np.int64]) -> Self:
        """Return the texts at these places with their tokens, in their order; one can be taken several times."""
        starts = np.searchsorted(self.text, np.arange(len(self.language) + 1))
        lengths = np.diff(starts)[texts]
        tokens = ranges(starts[:-1][texts], lengths)
        found: dict[str, Any] = {
            name: array[tokens] for name in self._BY_TOKEN if (array := getattr(self, name)) is not None
        }
        return replace(super().take(texts), text=np.repeat(np.arange(len(texts)), lengths), **found)


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the whole numbers from each start on, as many as its length, one range after the other."""
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(starts, lengths) + within
