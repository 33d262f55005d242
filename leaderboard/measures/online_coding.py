"""Online coding: how many bits the languages of texts cost once features are known (Voita & Titov 2020).

Languages are sent in blocks. The first block is sent with the uniform code; each later block with a probe fitted on
all blocks before it. A probe that needs many texts to tell the language pays for it, so the measure does not saturate
where accuracy does.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.counts import ratio
from leaderboard.measures.probing import fit_predict, group_index

COMPRESSION = Measure("compression", 2, "ratio")
BITS = Measure("bits_per_text", 2, "bits")
SAVED = Measure("saved", 1, "ratio")
CONFOUND = Measure("confound_saved", 1, "ratio")

PORTIONS = (0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
"""Ends of the blocks as shares of all texts (the paper's own ends from 0.8% on: a language probe has several classes
and needs a few texts of each in its first block)."""

PENALTIES = (0.003, 0.03, 0.3)
"""C of the probes that code a block together, as a Bayesian mixture with equal prior weights. A mixture is at most
log2(3) = 1.6 bits a block longer than the best of them, so nobody has to choose one with hindsight."""


def online_bits(
    features: NDArray[np.float32], language: NDArray[np.int64], groups: NDArray[Any], *, classes: int, seed: int
) -> NDArray[np.float64]:
    """Return the bits that each text's language costs in the online code.

    Features are standardised by the mean and deviation of the texts already sent. With n texts sent, the probe's
    probabilities are mixed with the uniform distribution at weight K / (n + K), so that a language not yet seen can
    be coded.

    Args:
        features: frozen vectors ``[N, H]``.
        language: ``[N]`` class indices.
        groups: ``[N]``; rows of one group stay in one block.
        classes: number of languages K.
        seed: of the order in which groups are sent.

    Returns:
        Codelength of each row in bits, ``[N]``, in the order of the input.
    """
    index, number = group_index(groups)
    place = np.random.default_rng(seed).permutation(number)
    order = np.argsort(place[index], kind="stable")
    x, y = features[order].astype(np.float64), language[order]
    bits = np.full(len(y), np.log2(classes))
    ends = block_ends(place[index][order])
    for start, end in pairwise(ends):
        if len(np.unique(y[:start])) < 2:
            continue  # nothing to fit yet: the uniform code goes on
        bits[start:end] = _mixture_bits(x, y, start, end, classes)
    result = np.empty(len(y))
    result[order] = bits
    return result


def block_ends(place: NDArray[np.int64]) -> list[int]:
    """Return the row numbers at which blocks end; a block is drawn out to the end of its last group.

    Args:
        place: group number of each row in the order of sending, ``[N]``; rows of a group stand together.
    """
    last = np.flatnonzero(np.append(np.diff(place) != 0, True)) + 1
    wanted = [int(np.ceil(portion * len(place))) for portion in PORTIONS]
    return sorted({int(last[np.searchsorted(last, end)]) for end in wanted})


def compression(bits: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the uniform code's length over the online code's: 1 means that features tell nothing.

    Args:
        bits: mean bits a text (any shape).
        uniform: those of the uniform code, log2(K) (the same shape).
    """
    return ratio(uniform, bits)


def saved(bits: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the uniform code's length that the online code saves.

    Where languages are equally frequent, this is the share of their entropy. It is at most 1, whatever the number of
    languages; 0 means that features tell nothing, below 0 that learning cost more than it brought.

    Args:
        bits: mean bits a text (any shape).
        uniform: those of the uniform code, log2(K) (the same shape).

    Returns:
        1 - bits / uniform, NaN where ``uniform`` is 0.
    """
    return 1.0 - ratio(bits, uniform)


def _mixture_bits(
    x: NDArray[np.float64], y: NDArray[np.int64], start: int, end: int, classes: int
) -> NDArray[np.float64]:
    mean, scale = x[:start].mean(axis=0), x[:start].std(axis=0)
    scale[scale < 1e-8] = 1.0
    seen, block = (x[:start] - mean) / scale, (x[start:end] - mean) / scale
    rows = np.arange(end - start)
    told = np.stack([fit_predict(seen, y[:start], block, c, classes)[rows, y[start:end]] for c in PENALTIES])
    log = np.log2((start * told + 1) / (start + classes))
    # A text costs the mixture's codelength up to and including it, less that before it.
    so_far = np.logaddexp2.reduce(np.cumsum(log, axis=1), axis=0) - np.log2(len(PENALTIES))
    return -np.diff(so_far, prepend=0.0)
