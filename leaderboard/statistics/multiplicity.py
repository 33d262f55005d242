"""Many comparisons at once: Holm's correction, and groups that cannot be told apart."""

from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct p-values for their number (Holm 1979, Scandinavian Journal of Statistics 6, 65-70).

    Args:
        p: ``[m]``; NaN where nothing was tested, which does not count.

    Returns:
        ``[m]``: the family-wise error of rejecting all below a level is at most that level.
    """
    found = np.full(p.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return found


def letters(apart: NDArray[np.bool_]) -> list[str]:
    """Return letters such that two share one exactly if they are not told apart (Piepho 2004, insert and absorb).

    Piepho (2004), Journal of Computational and Graphical Statistics 13, 456-466.

    Args:
        apart: symmetric, ``[k, k]``; in the order in which letters are given, the first has an a.

    Returns:
        For each of the k its letters, such as ``ab``.
    """
    groups: list[frozenset[int]] = [frozenset(range(len(apart)))]
    for one, other in zip(*np.nonzero(np.triu(apart)), strict=True):
        split = []
        for group in groups:
            split += [group - {one}, group - {other}] if one in group and other in group else [group]
        groups = [group for place, group in enumerate(split) if not _absorbed(group, place, split)]
    groups.sort(key=sorted)
    return [
        "".join(_letter(number) for number, group in enumerate(groups) if one in group) for one in range(len(apart))
    ]


def _absorbed(group: frozenset[int], place: int, groups: list[frozenset[int]]) -> bool:
    """Whether a group lies within another, or is the same as an earlier one."""
    return any(group < other or (group == other and number < place) for number, other in enumerate(groups))


def _letter(number: int) -> str:
    return ascii_lowercase[number] if number < len(ascii_lowercase) else f"({number + 1})"
