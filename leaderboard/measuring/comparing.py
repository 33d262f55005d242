"""Two models' SHAP values of the same texts: matched by token, summed by set, averaged over texts, resampled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import drift
from leaderboard.measures.counts import ratio
from leaderboard.measures.permutation_share import permutation_variance
from leaderboard.reading.artifacts import Attributions
from leaderboard.statistics.intervals import bootstrap_sums


@dataclass(frozen=True)
class Texts:
    """The reference's explained texts, over which everything is averaged.

    Attributes:
        language: class indices, ``[N]``.
        languages: number of languages L.
        group: what must not be split, ``[N]``.
    """

    language: NDArray[np.int64]
    languages: int
    group: NDArray[np.object_]

    def resampled(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over each language's texts in each resample.

        The draws depend on the groups alone: all that is resampled here is paired.

        Args:
            x: ``[N, ...]``.

        Returns:
            ``[RESAMPLES, L, ...]``.
        """
        member = (self.language[:, None] == np.arange(self.languages)).astype(np.float64)
        flat = x.reshape(len(x), 1, -1) * member[:, :, None]
        sums = bootstrap_sums(flat.reshape(len(x), -1), self.group)
        return sums.reshape(len(sums), self.languages, *x.shape[1:])

    def resampled_mean(self, x: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Average ``x`` over each language's texts that have it, in each resample.

        Args:
            x: ``[N, ...]``.
            present: of the same shape.

        Returns:
            ``[RESAMPLES, L, ...]``; NaN where a resample has no such text.
        """
        parts = self.resampled(np.stack([np.where(present, x, 0.0), present.astype(np.float64)], axis=1))
        return ratio(parts[:, :, 0], parts[:, :, 1])


@dataclass(frozen=True)
class Drifts:
    """D[l, c, set] at one threshold, with its error.

    Attributes:
        table: D[l, c, set], ``[L, C, 3]``; NaN where no text of the language has a token of the set.
        replicates: the same in each resample of the texts, ``[RESAMPLES, L, C, 3]``.
        permutations: the part of its variance that the permutation estimate makes, ``[L, C, 3]``.
    """

    table: NDArray[np.float64]
    replicates: NDArray[np.float64]
    permutations: NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """One model against the reference: T tokens of the texts that both explain, numbered as in the reference.

    Attributes:
        text: number of the text of each token, ``[T]``.
        reference: SHAP values in the reference, ``[T, C]``.
        cell: SHAP values in the other model, ``[T, C]``.
        variance: squared standard errors of both, added up, ``[T, C]``; NaN where none is stated.
        unstated: the mode of a text whose values have no stated error; empty where all have one.
        base: difference of base values, ``[N, C]``; 0 for a text that is not shared.
        shared: whether the other model explains the text, ``[N]``.
    """

    text: NDArray[np.int64]
    reference: NDArray[np.float64]
    cell: NDArray[np.float64]
    variance: NDArray[np.float64]
    unstated: str
    base: NDArray[np.float64]
    shared: NDArray[np.bool_]

    def at(self, threshold: float, texts: Texts) -> Drifts:
        """Measure D[l, c, set] with the sets of one threshold."""
        number, among = len(self.shared), (texts.language, texts.languages)
        sums, present = drift.set_sums(self.reference, self.cell, self.text, number, threshold)
        index = drift.set_index(self.reference, threshold)
        variance = drift.sum_by_set(index, self.variance, self.text, number)
        return Drifts(
            table=drift.drift(sums, present, *among),
            replicates=texts.resampled_mean(sums, present),
            permutations=permutation_variance(variance, present, *among),
        )


def compare(reference: Attributions, other: Attributions) -> Compared | str:
    """Match texts by (language, id), and their tokens.

    Returns:
        The comparison, or the reason why the two cannot be compared.
    """
    place = {key: row for row, key in enumerate(other.keys())}
    pairs = [(row, place[key]) for row, key in enumerate(reference.keys()) if key in place]
    if not pairs:
        return "no explained text is shared with the reference cell"
    for row, match in pairs:
        if reference.mode[row] != other.mode[match]:
            modes = f"{other.mode[match]!r} and {reference.mode[row]!r}"
            return f"SHAP values were computed in different modes ({modes})"
    changed = sum(not np.array_equal(reference.tokens(row), other.tokens(match)) for row, match in pairs)
    if changed:  # counted and not named: ids may be texts, and reasons are published
        return f"{changed} of {len(pairs)} explained texts have other tokens in the reference cell"
    rows, matches = (np.array(side) for side in zip(*pairs, strict=True))
    lengths = np.diff(reference.start)[rows]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    old = np.repeat(reference.start[rows], lengths) + within
    new = np.repeat(other.start[matches], lengths) + within
    text = np.repeat(rows, lengths)
    variance = reference.errors[old] ** 2 + other.errors[new] ** 2
    unstated = text[np.isnan(variance).any(axis=1)]
    base, shared = np.zeros(reference.base.shape), np.zeros(len(reference.base), dtype=bool)
    base[rows] = other.base[matches] - reference.base[rows]
    shared[rows] = True
    return Compared(
        text=text,
        reference=reference.values[old],
        cell=other.values[new],
        variance=variance,
        unstated=str(reference.mode[unstated[0]]) if len(unstated) else "",
        base=base,
        shared=shared,
    )
