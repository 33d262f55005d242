"""What every weighting does with the counts it is given: check them, count along their axes, scale its weights."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyskew.errors import UserError

Weighting = Callable[[NDArray[np.integer[Any]]], NDArray[np.float64]]


class EmptyCellWarning(UserWarning):
    """A (language, label) cell has no training rows, so the weighting cannot balance it."""


def checked(counts: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return counts as int64.

    Raises:
        UserError: they are not a table of non-negative integers.
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.size == 0:
        raise UserError(f"counts have the shape {table.shape}; a table of languages x labels is wanted")
    if not np.issubdtype(table.dtype, np.integer):
        raise UserError(f"counts are of type {table.dtype}; whole numbers of training rows are wanted")
    if (table < 0).any():
        language, label = (int(index) for index in np.argwhere(table < 0)[0])
        raise UserError(
            f"the count of language {language}, label {label} is {table[language, label]}; no count can be negative"
        )
    return table.astype(np.int64)


def to_balance(counts: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return counts as int64; of cells without rows is warned in the name of the weighting's caller.

    Raises:
        UserError: they are not a table of non-negative integers.

    Warns:
        EmptyCellWarning: a cell has no rows.
    """
    table = checked(counts)
    empty = [(int(language), int(label)) for language, label in np.argwhere(table == 0)]
    if empty:
        warnings.warn(
            f"no training rows for these (language, label) indices: {empty}; their labels cannot be balanced",
            EmptyCellWarning,
            stacklevel=3,
        )
    return table


def of_labels(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return n_c in every language's row, int64 [L, C]."""
    return np.tile(counts.sum(axis=0), (len(counts), 1))


def with_mean_one(
    relative: NDArray[np.float64], counts: NDArray[np.int64], axis: int | None = None
) -> NDArray[np.float64]:
    """Scale weights so that the training rows' mean weight is 1.

    Args:
        relative: weights up to a factor, [L, C]; exactly equal ones come out as exactly 1.0.
        counts: training rows n[l, c], [L, C].
        axis: 1 for a factor for each language, None for one over all.
    """
    largest = relative.max(axis=axis, keepdims=True)
    # A quotient of equal numbers is exactly 1, so that the sums below are of whole numbers where all weights are equal.
    quotients = np.divide(relative, largest, out=np.zeros(relative.shape), where=largest > 0)
    rows, weight = counts.sum(axis=axis, keepdims=True), (counts * quotients).sum(axis=axis, keepdims=True)
    scaled: NDArray[np.float64] = quotients * np.divide(rows, weight, out=np.zeros(weight.shape), where=weight > 0)
    return scaled
