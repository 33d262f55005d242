"""Which training rows an epoch has, and in which order: by seed and epoch alone, so that a resumed run repeats them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Sampler

FILLER = -1
"""Stands for a row that counts for nothing (see `benchmark.examples.Rows`)."""


@dataclass(frozen=True)
class Draws:
    """How often rows are drawn an epoch.

    Each row is drawn as often as its expected number says, rounded down; the parts behind the point are drawn by
    systematic sampling, stratum by stratum. An epoch so has the sum of the expected numbers of rows, and a stratum its
    part of them to within one row. Where that sum is no whole number, it is rounded, and the parts behind the point are
    scaled to fit.

    Attributes:
        expected: expected draws of each row, float64 [N], at least 0.
        strata: whose sums are kept: a number for each row, int64 [N].
    """

    expected: np.ndarray
    strata: np.ndarray

    def __len__(self) -> int:
        """Rows of an epoch, the same in each."""
        whole = np.floor(self.expected)
        return int(whole.sum()) + round(float((self.expected - whole).sum()))

    def rows(self, seed: int, epoch: int) -> np.ndarray:
        """Return the numbers of the rows drawn for an epoch, int64; a row drawn twice stands there twice."""
        whole = np.floor(self.expected)
        drawn = np.repeat(np.arange(len(whole)), whole.astype(np.int64))
        count = len(self) - len(drawn)
        if count == 0:
            return drawn
        random = np.random.default_rng([seed, epoch, 1])
        order = random.permutation(len(whole))
        order = order[np.argsort(self.strata[order], kind="stable")]
        ends = np.cumsum((self.expected - whole)[order])
        # Points at equal distances from a random start: a row of length p is hit with probability p.
        points = (random.uniform() + np.arange(count)) * (ends[-1] / count)
        return np.concatenate([drawn, order[np.searchsorted(ends[:-1], points, side="right")]])


class EpochSampler(Sampler[int]):
    """Row numbers in an order that depends on seed and epoch alone, so a resumed epoch goes on where it stopped.

    Args:
        lengths: tokens of each row.
        batch_size: rows of a batch.
        seed: of the order.
        group_by_length: sort by length within stretches of 50 batches, then shuffle the batches.
        multiple: the epoch is filled up to a multiple of this many rows with the number `FILLER`, so that several
            processes have the same number of batches.
        draws: how often rows are drawn; None is once each.
    """

    def __init__(
        self,
        lengths: np.ndarray,
        batch_size: int,
        seed: int,
        group_by_length: bool,
        multiple: int = 1,
        draws: Draws | None = None,
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.group_by_length = group_by_length
        self.draws = draws
        self.rows = len(lengths) if draws is None else len(draws)
        self.fillers = -self.rows % multiple
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.rows + self.fillers

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(self.rows)
        if self.draws is not None:
            order = self.draws.rows(self.seed, self.epoch)[order]
        if self.group_by_length:
            order = self._grouped(order, random)
        return iter(order.tolist() + [FILLER] * self.fillers)

    def _grouped(self, order: np.ndarray, random: np.random.Generator) -> np.ndarray:
        stretch = 50 * self.batch_size
        pieces = [order[start : start + stretch] for start in range(0, len(order), stretch)]
        in_order = np.concatenate([piece[np.argsort(self.lengths[piece], kind="stable")] for piece in pieces])
        # Only whole batches are shuffled: a short one in the middle would shift the borders of all that follow.
        whole = len(in_order) // self.batch_size * self.batch_size
        shuffled = in_order[:whole].reshape(-1, self.batch_size)[random.permutation(whole // self.batch_size)]
        return np.concatenate([shuffled.ravel(), in_order[whole:]])
