"""Mode ``permutations``: an estimate of the Owen values, with its standard error.

The mean over random orders in which, at every inner node of the tree, one child comes wholly before the other, each
as likely first. Orders are drawn in antithetic pairs (Mitchell et al. 2022): the second of a pair is the first
reversed. The mean of any number of pairs is unbiased. Its error is estimated from the pairs themselves, and what none
of them met is not in it: so drawing does not stop before there are a good many. The orders depend on the text and the
seed alone; two models begin with the same ones, and each goes on until it is known well enough.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmark.attributions.modes import Floats, Game, Masks, Values, Window, pad, split
from benchmark.attributions.settings import Settings
from benchmark.attributions.trees import Tree

_FIRST = 16  # pairs to begin with; then as many as there are already, so that their number doubles
_LEAST = 2  # a standard error needs two
_MOST = 1024  # where hardly any row is new, what they cost is no longer the model


@dataclass
class _Drawing:
    """One text's orders so far.

    Attributes:
        tree: [T - 1, 2].
        rng: draws the orders.
        max_rows: distinct rows at most.
        outputs: float64 [U, C] of the distinct rows; row 0 shows nothing, row 1 all.
        known: row by packed mask.
        pairs: float64 [P, T, C] each, the values by every pair of orders.
        places, rows: of the last orders, each leaf's place [2P, T] and the rows along them [2P, T + 1].
    """

    tree: Tree
    rng: np.random.Generator
    max_rows: int
    outputs: Floats
    known: dict[bytes, int]
    pairs: list[Floats] = field(default_factory=list)
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))

    @property
    def drawn(self) -> int:
        """Pairs so far."""
        return sum(len(block) for block in self.pairs)

    @property
    def room(self) -> int:
        """Pairs that can still be drawn, if all their rows are new."""
        left = (self.max_rows - len(self.outputs)) // (2 * len(self.tree))
        return max(_LEAST - self.drawn, min(left, _MOST - self.drawn))

    def draw(self) -> Masks:
        """Draw more orders; return the rows that are not known yet, bool [n, T]."""
        count = len(self.tree) + 1
        number = min(self.room, max(self.drawn, _FIRST))
        first = places(self.tree, self.rng.random((number, count - 1)) < 0.5)
        self.places = np.stack([first, count - 1 - first], axis=1).reshape(2 * number, count)
        shown = self.places[:, None, :] < np.arange(1, count)[:, None]  # [2P, T - 1, T]: the first k of an order
        packed = np.packbits(shown, axis=-1)
        self.rows = np.empty((2 * number, count + 1), dtype=np.int64)
        self.rows[:, 0], self.rows[:, count] = 0, 1
        new: list[NDArray[np.bool_]] = []
        for order in range(2 * number):
            for place in range(count - 1):
                key = packed[order, place].tobytes()
                row = self.known.setdefault(key, len(self.known) + 2)
                if row == len(self.outputs) + len(new):
                    new.append(shown[order, place])
                self.rows[order, place + 1] = row
        return np.array(new, dtype=bool).reshape(-1, count)

    def learn(self, outputs: Floats) -> None:
        """Take the outputs of the rows that `draw` asked for."""
        self.outputs = np.concatenate([self.outputs, outputs])
        along = self.outputs[self.rows]  # [2P, T + 1, C], outputs along each order
        gains = np.take_along_axis(np.diff(along, axis=1), self.places[:, :, None], axis=1)
        self.pairs.append(gains.reshape(-1, 2, *gains.shape[1:]).mean(axis=1))

    def values(self) -> tuple[Floats, Floats]:
        """Return the values and their standard errors, [T, C] each."""
        pairs = np.concatenate(self.pairs)
        return pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))


def places(tree: Tree, swapped: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return each leaf's place in orders that respect the tree.

    Args:
        tree: [T - 1, 2].
        swapped: bool [P, T - 1], at which inner nodes the second child comes first.

    Returns:
        Int [P, T].
    """
    count = len(tree) + 1
    sizes = np.ones(2 * count - 1, dtype=np.int64)
    for row, (left, right) in enumerate(tree):
        sizes[count + row] = sizes[left] + sizes[right]
    start = np.zeros((len(swapped), 2 * count - 1), dtype=np.int64)
    for row in range(count - 2, -1, -1):
        left, right = tree[row]
        start[:, left] = start[:, count + row] + np.where(swapped[:, row], sizes[right], 0)
        start[:, right] = start[:, count + row] + np.where(swapped[:, row], 0, sizes[left])
    return start[:, :count]


def permutations(window: Window, settings: Settings) -> Game:
    """Draw orders for all texts until each is known well enough or has had its rows."""
    outputs = yield pad([np.ones((1, int(size)), dtype=bool) for size in window.sizes], window.width)
    drawings = []
    for place, tree in enumerate(window.trees):
        both = np.stack([window.base[place], outputs[place]])
        rng = np.random.default_rng([settings.seed, window.seeds[place]])
        drawings.append(_Drawing(tree, rng, settings.max_rows, both, {}))
    going = [place for place, size in enumerate(window.sizes) if size > 1]
    while going:
        blocks = [np.zeros((0, 0), dtype=bool)] * len(drawings)
        for place in going:
            blocks[place] = drawings[place].draw()
        outputs = yield pad(blocks, window.width)
        for place, own in zip(range(len(drawings)), split(outputs, [len(block) for block in blocks]), strict=True):
            if place in going:
                drawings[place].learn(own)
        going = [place for place in going if not _enough(drawings[place], settings)]
    return [_values(drawing, int(size)) for drawing, size in zip(drawings, window.sizes, strict=True)]


def _enough(drawing: _Drawing, settings: Settings) -> bool:
    if drawing.room <= 0:
        return True
    _, errors = drawing.values()
    return bool(np.sqrt(np.mean(errors**2)) <= settings.standard_error)


def _values(drawing: _Drawing, size: int) -> Values:
    base, output = drawing.outputs[:2]
    if size < 2:  # there is only one order
        values = np.repeat((output - base)[None], size, axis=0)
        return Values(values, np.zeros_like(values), output, 2)
    values, errors = drawing.values()
    return Values(values, errors, output, 2 + 2 * drawing.drawn * (size - 1))
