"""SHAP drift: how a treatment changes what a language's tokens say (the paper's Figures 1 to 3)."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.counts import ratio

MEASURE = Measure("drift", 1, "probability")
BASE = Measure("base_difference", 1, "probability")
SETS = ("positive", "negative", "neutral")
THRESHOLDS = (0.001, 0.01, 0.05)
"""The three thresholds of the paper's appendix A.4, in units of probability."""
THRESHOLD = 0.01
"""The one that the paper settles on and the board shows."""


def set_index(reference: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Say to which set each token belongs, for every label.

    Args:
        reference: SHAP values ``[T, C]`` in the reference.
        threshold: in units of probability.

    Returns:
        ``[T, C]``, places in `SETS`: positive where the value is above the threshold, negative where it is below minus
        the threshold, and else neutral.
    """
    return np.where(reference > threshold, 0, np.where(reference < -threshold, 1, 2))


def sum_by_set(
    index: NDArray[np.int64], amounts: NDArray[np.float64], text: NDArray[np.int64], texts: int
) -> NDArray[np.float64]:
    """Sum an amount over each text's tokens of each set, for every label.

    Args:
        index: the set of each token, ``[T, C]``, from `set_index`.
        amounts: what is summed, ``[T, C]``.
        text: number of the text of each token, ``[T]``.
        texts: number of texts N.

    Returns:
        ``[N, C, 3]``, 0 where a text has no token of a set.
    """
    classes = index.shape[1]
    place = (text[:, None] * classes + np.arange(classes)) * 3 + index
    sums = np.bincount(place.ravel(), weights=amounts.ravel(), minlength=texts * classes * 3)
    return sums.astype(np.float64).reshape(texts, classes, 3)


def set_sums(
    reference: NDArray[np.float64], cell: NDArray[np.float64], text: NDArray[np.int64], texts: int, threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Sum S_cell - S_reference over each text's positive, negative and neutral tokens, for every label.

    Args:
        reference: SHAP values ``[T, C]`` of all tokens of all texts; they say which set a token belongs to.
        cell: the same tokens' values in the other model, ``[T, C]``.
        text: number of the text of each token, ``[T]``.
        texts: number of texts N.
        threshold: in units of probability.

    Returns:
        Sums ``[N, C, 3]`` (sets in the order of `SETS`), and whether the text has a token of that set.
    """
    index = set_index(reference, threshold)
    present = sum_by_set(index, np.ones(index.shape), text, texts) > 0
    return sum_by_set(index, cell - reference, text, texts), present


def drift(
    sums: NDArray[np.float64], present: NDArray[np.bool_], language: NDArray[np.int64], languages: int
) -> NDArray[np.float64]:
    """Average over the texts of each language that have a token of the set.

    Args:
        sums: ``[N, C, 3]`` from `set_sums`.
        present: ``[N, C, 3]``; a text with no token of a set is missing, not 0.
        language: ``[N]`` class indices.
        languages: L.

    Returns:
        D[l, c, set], ``[L, C, 3]``; NaN where no text of the language has such a token.
    """
    member = (language == np.arange(languages)[:, None]).astype(np.float64)
    total = np.einsum("ln,ncs->lcs", member, np.where(present, sums, 0.0))
    return ratio(total, np.einsum("ln,ncs->lcs", member, present.astype(np.float64)))


def base_difference(
    reference: NDArray[np.float64], cell: NDArray[np.float64], language: NDArray[np.int64], languages: int
) -> NDArray[np.float64]:
    """Average the difference of base values (the all-masked input's probabilities) over each language's texts.

    Args:
        reference: base values ``[N, C]``.
        cell: base values ``[N, C]`` of the other model.
        language: ``[N]`` class indices.
        languages: L.

    Returns:
        ``[L, C]``, NaN for a language without texts.
    """
    member = (language == np.arange(languages)[:, None]).astype(np.float64)
    return ratio(member @ (cell - reference), member.sum(axis=1)[:, None])
