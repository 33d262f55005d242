"""What a mode gets and gives: a window of texts that advance together, the rows it asks for, the values in the end."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.attributions.trees import Tree

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """Texts that are explained together.

    Attributes:
        trees: W arrays [T - 1, 2].
        sizes: int [W], features of each text, T.
        seeds: W numbers that depend on the text alone.
        base: float64 [W, C], the outputs with every feature masked.
    """

    trees: list[Tree]
    sizes: NDArray[np.int64]
    seeds: list[int]
    base: Floats

    @property
    def width(self) -> int:
        """Features of the window's longest text."""
        return int(self.sizes.max(initial=0))


@dataclass(frozen=True)
class Values:
    """What a mode found out about one text.

    Attributes:
        values: float64 [T, C].
        errors: float64 [T, C], their standard errors: 0 for exact values, None where the mode states none.
        output: float64 [C], of the text itself.
        evaluations: rows that were asked for, those that stand there twice included.
    """

    values: Floats
    errors: Floats | None
    output: Floats
    evaluations: int


Asked = tuple[NDArray[np.int64], Masks]
"""Masked rows: int [n], each row's text, by its place in the window; and bool [n, width], the features it shows."""

Game = Generator[Asked, Floats, list[Values]]
"""A mode at work: it yields what it asks, is sent the outputs float64 [n, C], and returns the values of each text."""


def pad(blocks: list[Masks], width: int) -> Asked:
    """Put each text's masks [n_i, T_i] into one array."""
    counts = [len(block) for block in blocks]
    masks = np.zeros((sum(counts), width), dtype=bool)
    start = 0
    for block in blocks:
        masks[start : start + len(block), : block.shape[1]] = block
        start += len(block)
    return np.repeat(np.arange(len(blocks)), counts), masks


def split(outputs: Floats, counts: list[int]) -> list[Floats]:
    """Return each text's part of the outputs."""
    return np.split(outputs, np.cumsum(counts)[:-1])
