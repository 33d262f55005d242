"""How many rows of each label and language a regime takes: the suite's own rule, and that of the paper's code."""

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from polyskew.errors import DataError
from tasks.declare import Task, mean_share


def unit(task: Task) -> int:
    """Return the number of which every language's rows are a multiple, under ``sizes: equal``.

    It is the least common multiple of the number of labels, of the sum of the linear ratio 1:2:...:C and of the sums
    of all declared ratios; so every count is whole, and a regime with one of these sums changes no size.
    """
    classes = len(task.labels)
    sums = [classes, classes * (classes + 1) // 2]
    for regime in task.regimes.values():
        sums += [sum(regime[language]) // math.gcd(*regime[language]) for language in task.languages]
    return math.lcm(*sums)


def equal(task: Task, ratio: np.ndarray, available: np.ndarray, cap: int | None, split: str) -> np.ndarray:
    """Return counts in the ratio, with as many rows of every language in every regime.

    A regime with a strength has no part in the number of rows, so its counts may not be whole; they are rounded.

    Args:
        task: the task.
        ratio: int64 [L, C], from `tasks.regimes.ratios`.
        available: int64 [L, C], rows of each cell.
        cap: the largest number of rows of a cell to use, or None.
        split: for the message.

    Returns:
        int64 [L, C], rows to take of each cell.

    Raises:
        DataError: there are too few rows for any; the message says how many are needed.
    """
    smallest = int(available.min())
    usable = smallest if cap is None else min(smallest, cap)
    step = unit(task)
    rows = math.floor(Fraction(usable) / task.share_limit) // step * step
    if rows == 0:
        language, label = np.unravel_index(int(available.argmin()), available.shape)
        needed = math.ceil(step * task.share_limit)
        reason = (
            f"{split}_cell allows {cap}"
            if usable < smallest
            else f"language {task.languages[language]!r} has {smallest} of label {task.labels[label]!r}"
        )
        raise DataError(
            f"the task {task.name!r} has too few {split} rows to draw from: {reason}, and at least {needed} of every "
            f"label are needed in every language (its regimes need a multiple of {step} rows)"
        )
    return apportion(ratio, rows)


def apportion(ratio: np.ndarray, rows: int) -> np.ndarray:
    """Return whole counts that are nearest to a ratio, by largest remainders.

    Of equal remainders the label with the larger share comes first, so that languages whose ratios mirror each other
    have counts that do, and the labels stay balanced over all languages where the ratios are.

    Args:
        ratio: int64 [L, C].
        rows: the number of rows of each language.

    Returns:
        int64 [L, C], each row with this sum and each count less than 1 from its exact value.
    """
    counts, remainder = np.divmod(ratio * rows, ratio.sum(axis=1, keepdims=True))
    missing = rows - counts.sum(axis=1, keepdims=True)
    order = np.lexsort((-ratio, -remainder))
    rank = np.argsort(order, axis=1)
    return np.asarray(counts + (rank < missing))


def paper(
    task: Task, regime: str, read: Mapping[str, int], available: np.ndarray, cap: int | None, split: str
) -> np.ndarray:
    """Return counts by the rule of the code of Jung and van der Plas (2024), which gives their Table 5.

    Each cell takes int(N r / C) - 1 rows: N the rows of the language in the split, C the number of labels, r the
    label's ratio over the largest of that language. In ``balanced``, r is the mean of the language's r in the
    declared regimes, which is the same in all of them. Nothing is rounded on the way.

    Args:
        task: the task, with ``sizes: paper``.
        regime: ``balanced`` or a declared regime.
        read: N by language: the rows as they were read, before those that stand in a later split were dropped (the
            paper's code dropped none).
        available: int64 [L, C], rows of each cell that are left; a cell with fewer than the rule asks takes all.
        cap: for reduced runs, a language counts as having at most C * ``cap`` rows; or None.
        split: for the message.

    Returns:
        int64 [L, C], rows to take of each cell.

    Raises:
        DataError: a cell gets no row.
    """
    classes = len(task.labels)
    means = balanced_shares(task)
    counts = np.zeros(available.shape, dtype=np.int64)
    for row, language in enumerate(task.languages):
        rows = read[language] if cap is None else min(read[language], classes * cap)
        ratio = task.regimes[regime][language] if regime != "balanced" else ()
        of_largest = [Fraction(value, max(ratio)) for value in ratio] or [means[language]] * classes
        for column, share in enumerate(of_largest):
            asked = max(int(rows * share / classes) - 1, 0)
            counts[row, column] = min(asked, int(available[row, column]))
            if share and not counts[row, column]:
                raise DataError(
                    f"the task {task.name!r} has too few {split} rows for 'sizes: paper': of {rows} rows in language "
                    f"{language!r} the rule takes {asked} of label {task.labels[column]!r}, and "
                    f"{available[row, column]} are left; use more rows, or 'sizes: equal'"
                )
    return counts


def balanced_shares(task: Task) -> dict[str, Fraction]:
    """Return, by language, the mean over the labels of the ratio over its largest number, under ``sizes: paper``."""
    ratios = next(iter(task.regimes.values()))
    return {language: mean_share(ratios[language]) for language in task.languages}
