"""What the language probes share: folds and blocks that keep groups together, and the logistic regression."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray


def group_index(groups: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    """Number the groups in order of first appearance.

    Returns:
        The group number of each row, ``[N]``, and the number of groups.
    """
    import pandas as pd

    codes, names = pd.factorize(groups)
    return codes.astype(np.int64), len(names)


def subset(groups: NDArray[Any], rows: int, seed: int) -> NDArray[np.int64]:
    """Choose whole groups at random until ``rows`` rows are reached.

    Returns:
        Sorted row numbers: all of them where there are no more than ``rows``.
    """
    if len(groups) <= rows:
        return np.arange(len(groups))
    index, number = group_index(groups)
    order = np.random.default_rng(seed).permutation(number)
    sizes = np.bincount(index, minlength=number)[order]
    chosen = order[np.cumsum(sizes) <= rows]
    return np.flatnonzero(np.isin(index, chosen))


def fit_predict(
    train: NDArray[np.float64], language: NDArray[np.int64], test: NDArray[np.float64], c: float, classes: int
) -> NDArray[np.float64]:
    """Fit a multinomial logistic regression and return its probabilities for other rows.

    Features are centred on the training rows' mean. The intercept is not penalised, so the optimum is the one of
    the raw features; lbfgs only gets there in a fraction of the steps.

    Args:
        train: features ``[n, H]``; with H = 0 the probabilities are the shares of the classes among these rows.
        language: class of each training row, ``[n]``, from 0 to ``classes - 1``; at least two occur.
        test: features ``[m, H]``.
        c: inverse strength of the L2 penalty, as in scikit-learn (penalty / 2 + C * sum of losses).
        classes: number of classes K.

    Returns:
        Probabilities ``[m, K]``; 0 for a class that the training rows do not have.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if not train.shape[1]:
        return np.tile(np.bincount(language, minlength=classes) / len(language), (len(test), 1))
    mean = train.mean(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=c, max_iter=1000).fit(train - mean, language)
        probabilities = np.zeros((len(test), classes))
        probabilities[:, model.classes_] = model.predict_proba(test - mean)
    return probabilities


def shuffled(language: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the languages in a seeded random order: the control, which no probe can learn."""
    return np.random.default_rng(seed).permutation(language)


def shuffled_within(
    language: NDArray[np.int64], label: NDArray[np.int64], groups: NDArray[Any], seed: int
) -> NDArray[np.int64]:
    """Return shuffled labels: every language keeps its counts of labels, and translations keep a common label.

    Texts of one group and label change their label together, with others that have the same numbers of each language.

    Args:
        language: class indices, ``[N]``.
        label: class indices, ``[N]``.
        groups: ``[N]``.
        seed: of the order.
    """
    index, _ = group_index(groups)
    _, first, unit = np.unique(index * (label.max() + 1) + label, return_index=True, return_inverse=True)
    kind, own = makeup(unit, language), label[first]
    order = np.random.default_rng(seed).permutation(len(own))
    mixed = np.empty_like(own)
    mixed[np.argsort(kind, kind="stable")] = own[order][np.argsort(kind[order], kind="stable")]
    return mixed[unit]


def makeup(index: NDArray[np.int64], language: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the groups by how many rows of each language they hold: equal numbers for equal groups.

    Args:
        index: group number of each row, ``[N]``, 0 to G - 1; each occurs.
        language: class indices, ``[N]``.

    Returns:
        ``[G]``.
    """
    counts = np.zeros((int(index.max()) + 1, int(language.max()) + 1), dtype=np.int64)
    np.add.at(counts, (index, language), 1)
    _, kind = np.unique(counts, axis=0, return_inverse=True)
    return kind.reshape(-1)
