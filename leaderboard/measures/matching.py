"""What else tells languages apart: the length and the source of texts, alone and matched between languages.

A probe that tells the language may only tell how long a text is, or which site it comes from. *Alone*, the probe is
given these instead of features; *matched*, it is given features of texts that do not differ in them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure

TEXTS = Measure("matched_texts", 1, "texts")

BINS = 20
"""Bins of length, with equal numbers of texts over all languages. Narrower ones match no better in practice (what is
left of a shift within a bin is far below what a probe can tell) and lose texts, because each bin keeps the scarcest
language's number."""

LEAST = 50
"""Matched texts that each language needs for a probe to say anything."""


def length_features(tokens: NDArray[np.int64], characters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return log tokens and log characters, standardised.

    Args:
        tokens: number of tokens a text, ``[N]``.
        characters: number of characters a text, ``[N]``.

    Returns:
        ``[N, 2]``, each column with mean 0 and standard deviation 1, or all 0 where it does not vary.
    """
    logs = np.log(np.maximum(np.stack([tokens, characters], axis=1), 1).astype(np.float64))
    spread = logs.std(axis=0)
    return (logs - logs.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def source_features(source: NDArray[Any]) -> NDArray[np.float64]:
    """Return which source each text has: one-hot, ``[N, number of sources]``."""
    names, index = np.unique(source.astype(str), return_inverse=True)
    return np.eye(len(names))[index]


def length_bins(tokens: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bin of each text's length, ``[N]``: up to `BINS`, with about equal numbers of texts in each."""
    edges = np.unique(np.quantile(tokens, np.arange(1, BINS) / BINS))
    return np.searchsorted(edges, tokens, side="left").astype(np.int64)


def matched_rows(strata: NDArray[np.int64], language: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Choose texts such that every language has the same number in every stratum.

    Of each stratum, every language keeps as many texts as the scarcest language has there, chosen at random.

    Args:
        strata: what is matched, as class indices, ``[N]``; see `length_bins`.
        language: class indices, ``[N]``.
        seed: of the choice.

    Returns:
        Sorted row numbers; none where no stratum has all languages.
    """
    strata_number, languages = int(strata.max()) + 1, int(language.max()) + 1
    cell = strata * languages + language
    kept = np.bincount(cell, minlength=strata_number * languages).reshape(strata_number, languages).min(axis=1)
    order = np.random.default_rng(seed).permutation(len(cell))
    order = order[np.argsort(cell[order], kind="stable")]
    first = np.searchsorted(cell[order], cell[order], side="left")
    place = np.arange(len(order)) - first  # of each text within its language and stratum, in the random order
    return np.sort(order[place < kept[strata[order]]])
