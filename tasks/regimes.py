"""Regimes: how labels are spread over languages, and the rows that are drawn for it.

All regimes of a task have one size, so that they differ in the spread alone (`tasks.sizes`). The training rows of
every regime are prefixes of one seeded order of each (language, label) cell: two regimes share as many rows as they
can, which is the way of the paper (Jung and van der Plas 2024, section 3.2, Table 5).
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from polyskew.errors import DataError, UserError, suggest
from tasks import sizes, strengths
from tasks.declare import Task
from tasks.loading import Splits
from tasks.orders import cells, shuffled

_FIXED = "fixed"  # stands for the data seed where rows are the same in all repetitions


@dataclass(frozen=True)
class Drawn:
    """The rows of one regime and one data seed.

    Attributes:
        train: canonical rows, sorted by language and label.
        validation: canonical rows, spread like the training rows.
        test: canonical rows, balanced; the same for all regimes and seeds.
        counts: int64 [L, C], training rows of each language and label.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    counts: np.ndarray


def ratios(task: Task, regime: str) -> np.ndarray | None:
    """Return the ratio of the labels within each language, as the smallest whole numbers.

    Args:
        task: the task.
        regime: one of `Task.regime_names`, or a declared one with a strength, such as ``imbalanced@0.5``.

    Returns:
        int64 [L, C]; None for ``natural``, which has no ratio of its own.

    Raises:
        UserError: the task has no such regime.
    """
    if regime == "natural":
        return None
    if regime == "balanced":
        return np.ones((len(task.languages), len(task.labels)), dtype=np.int64)
    base, strength = strengths.parse(regime)
    if base not in task.regimes:
        if base == regime:
            raise UserError(f"the task {task.name!r} has no regime {regime!r}{suggest(regime, task.regime_names)}")
        near = suggest(base, task.regimes)
        raise UserError(f"the task {task.name!r} declares no regime {base!r} to which a strength could lead{near}")
    if strength < 1 and task.sizes == "paper":
        raise UserError(
            f"the task {task.name!r} has 'sizes: paper', whose rule is that of the paper's own regimes and makes "
            f"{regime!r} another size than {base!r}; use 'sizes: equal'"
        )
    ratio = np.array([task.regimes[base][language] for language in task.languages], dtype=np.int64)
    return strengths.mixed(ratio, strength)


def shares(task: Task, regime: str) -> np.ndarray | None:
    """Return the target share P[l, c] of each label within each language.

    Returns:
        float64 [L, C], rows sum to 1; None for ``natural``.
    """
    ratio = ratios(task, regime)
    return None if ratio is None else ratio / ratio.sum(axis=1, keepdims=True)


def skew(task: Task, regime: str) -> np.ndarray | None:
    """Return d[l, c] = P[l, c] - P[c], with P[c] the label's share over all (equally large) languages.

    Returns:
        float64 [L, C]; None for ``natural``, whose skew comes from its rows (`tasks.natural.skew`).
    """
    ratio = ratios(task, regime)
    if ratio is None:
        return None
    # In whole numbers until the last division, so that what is 0 is exactly 0.
    total = ratio.sum(axis=1, keepdims=True)
    whole = math.lcm(*(int(value) for value in total[:, 0]))
    parts = ratio * (whole // total)
    return (parts * len(parts) - parts.sum(axis=0)) / (whole * len(parts))


def draw(task: Task, splits: Splits, regime: str, seed: int) -> Drawn:
    """Draw the rows of a regime.

    Args:
        task: the task.
        splits: its rows, from `Task.load`.
        regime: one of `Task.regime_names`, or a declared one with a strength, such as ``imbalanced@0.5``.
        seed: the data seed of the repetition, from 0.

    Returns:
        Training and validation rows in the regime's ratios, to less than a row, and the balanced test rows.
        ``natural`` has all training and validation rows, whatever the seed.

    Raises:
        UserError: there is no such regime.
        DataError: there are too few rows.
    """
    train, counts = _draw_split(task, splits, "train", task.train_cell, regime, seed)
    validation, _ = _draw_split(task, splits, "validation", task.validation_cell, regime, seed)
    return Drawn(train, validation, balanced_test(task, splits), counts)


def balanced_test(task: Task, splits: Splits) -> pd.DataFrame:
    """Return the balanced test rows: the same number of each label in each language, at most ``test_cell``.

    Raises:
        DataError: a label has no test rows in some language.
    """
    table = cells(splits.test, task.languages, len(task.labels))
    available = _count(table)
    count = int(available.min())
    if count == 0:
        language, label = np.unravel_index(int(available.argmin()), available.shape)
        raise DataError(
            f"the task {task.name!r} has no test rows of label {task.labels[label]!r} in language "
            f"{task.languages[language]!r}; the test set has as many of each, so leave out the language"
        )
    count = count if task.test_cell is None else min(count, task.test_cell)
    chosen = _prefixes(task, table, "test", _FIXED, np.full(available.shape, count))
    return splits.test.take(chosen).reset_index(drop=True)


def explained(task: Task, test: pd.DataFrame, texts_per_language: int) -> pd.DataFrame:
    """Return the test rows whose attributions are computed.

    Labels take turns, so that they are balanced within a language to one row, and fewer texts are always a subset
    of more.

    Args:
        task: the task.
        test: the drawn test rows.
        texts_per_language: how many rows of each language.

    Raises:
        UserError: the test set has fewer rows than that.
    """
    chosen = []
    table = cells(test, task.languages, len(task.labels))
    for language, row in zip(task.languages, table, strict=True):
        available = sum(len(cell) for cell in row)
        if not 1 <= texts_per_language <= available:
            raise UserError(
                f"{texts_per_language} texts a language cannot be explained: the test set of task {task.name!r} has "
                f"{available} rows in language {language!r}"
            )
        orders = [
            shuffled(cell, task.name, "explained", language, label, _FIXED)
            for cell, label in zip(row, task.labels, strict=True)
        ]
        turn = np.concatenate([np.arange(len(order)) for order in orders])
        chosen.append(np.concatenate(orders)[np.argsort(turn, kind="stable")][:texts_per_language])
    return test.take(np.concatenate(chosen)).reset_index(drop=True)


def _draw_split(
    task: Task, splits: Splits, split: str, cap: int | None, regime: str, seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    frame = getattr(splits, split)
    table = cells(frame, task.languages, len(task.labels))
    available = _count(table)
    ratio = ratios(task, regime)
    if ratio is None:
        chosen, counts = np.concatenate([cell for row in table for cell in row]), available
    else:
        if task.sizes == "paper":
            counts = sizes.paper(task, regime, splits.report["languages"][split], available, cap, split)
        else:
            counts = sizes.equal(task, ratio, available, cap, split)
        chosen = _prefixes(task, table, split, seed, counts)
    return frame.take(chosen).reset_index(drop=True), counts


def _count(table: list[list[np.ndarray]]) -> np.ndarray:
    return np.array([[len(cell) for cell in row] for row in table], dtype=np.int64)


def _prefixes(task: Task, table: list[list[np.ndarray]], split: str, seed: int | str, counts: np.ndarray) -> np.ndarray:
    """The first ``counts[l, c]`` rows of every cell's order."""
    return np.concatenate(
        [
            shuffled(table[row][column], task.name, split, language, label, seed)[: counts[row, column]]
            for row, language in enumerate(task.languages)
            for column, label in enumerate(task.labels)
        ]
    )
