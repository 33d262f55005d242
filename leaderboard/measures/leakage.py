"""Language-ID leakage: how well a logistic regression tells the language from frozen features (Tables 4 and 7)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.measures.counts import ratio
from leaderboard.measures.probing import fit_predict, group_index, makeup

MEASURE = Measure("leakage", 2, "share")
ABOVE_CHANCE = Measure("leakage_above_chance", 1, "ratio")
CONFOUND = Measure("confound_leakage", 1, "share")
FOLDS = 5

PROBES = {"paper": 1e-4, "default": 1.0}
"""C of the logistic regression on unscaled features. ``paper`` is what its code runs: ``LogisticRegressionCV`` with
``Cs=1``, a grid of the one point 1e-4. ``default`` is scikit-learn's own default, which saturates on many models."""


def fold_of(language: NDArray[np.int64], groups: NDArray[Any], seed: int) -> NDArray[np.int64]:
    """Deal rows to folds so that no group is in two, and every fold has its share of each language.

    Where each row is a group of its own, folds are stratified by language. Else groups are dealt in a random order,
    one by one, first those that hold the same numbers of rows of each language. With the penalty of the probe ``paper``
    an intercept outweighs what the features say: if training folds hold a little more of one language, the probe names
    it for every text.

    Args:
        language: ``[N]`` class indices.
        groups: ``[N]``.
        seed: of the random order.

    Returns:
        Fold number of each row, ``[N]``, 0 to 4.

    Raises:
        ValueError: fewer groups than folds, or no language with as many rows as folds.
    """
    from sklearn.model_selection import StratifiedKFold

    index, number = group_index(groups)
    if number == len(language):
        fold = np.zeros(len(language), dtype=np.int64)
        splits = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(language, language)
        for place, (_, held_out) in enumerate(splits):
            fold[held_out] = place
        return fold
    if number < FOLDS:
        raise ValueError(f"they are {number} groups")
    order = np.random.default_rng(seed).permutation(number)
    order = order[np.argsort(makeup(index, language)[order], kind="stable")]
    fold_of_group = np.empty(number, dtype=np.int64)
    fold_of_group[order] = np.arange(number) % FOLDS
    return fold_of_group[index]


def probe_hits(
    features: NDArray[np.float32],
    language: NDArray[np.int64],
    groups: NDArray[Any],
    *,
    c: float,
    seed: int,
) -> NDArray[np.float64]:
    """Tell each row's language by a probe that was fitted without the row's fold.

    Args:
        features: frozen vectors ``[N, H]``.
        language: ``[N]`` class indices.
        groups: ``[N]``; rows of one group stay in one fold.
        c: inverse penalty, see `PROBES`.
        seed: of the folds.

    Returns:
        1.0 where the language was told, else 0.0, ``[N]``; the mean is the leakage.

    Raises:
        ValueError: too few rows or groups for five folds.
    """
    x = features.astype(np.float64)
    fold = fold_of(language, groups, seed)
    classes = int(language.max()) + 1
    hits = np.zeros(len(language))
    for number in range(FOLDS):
        out = fold == number
        guess = fit_predict(x[~out], language[~out], x[out], c, classes).argmax(axis=1)
        hits[out] = guess == language[out]
    return hits


def chance(language: NDArray[np.int64]) -> float:
    """Return the accuracy of always naming the most frequent language."""
    return float(np.bincount(language).max() / len(language))


def above_chance(leakage: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of what chance leaves that the probe tells: 0 at chance, 1 perfect, below 0 worse than chance.

    Args:
        leakage: accuracy of the probe (any shape).
        chance: accuracy of always naming the most frequent language (the same shape).

    Returns:
        (leakage - chance) / (1 - chance), NaN where chance is 1.
    """
    return ratio(leakage - chance, 1.0 - chance)
