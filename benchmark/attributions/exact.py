"""Mode ``exact``: the full expansion of the tree. Every row is known before the model is asked.

The Owen value (Owen 1977) of a leaf is the mean, over all ways to switch the siblings of its ancestors wholly on or
off, of what the leaf adds. A node of depth d has 2^d such contexts, and in each of them its two children are asked
for: 2 + 2 * (sum over inner nodes of 2^depth) rows, no two of them alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.attributions.modes import Floats, Game, Masks, Values, Window, pad, split
from benchmark.attributions.trees import Tree, depths, node_masks

Index = NDArray[np.int64]


def row_count(tree: Tree, features: int) -> int:
    """Return the rows that the full expansion asks for, the empty and the whole text included."""
    if features < 2:
        return 1 + features
    return 2 + 2 * sum(1 << int(depth) for depth in depths(tree)[features:])


@dataclass(frozen=True)
class Expansion:
    """All rows of one tree, and how values follow from their outputs.

    Attributes:
        masks: bool [U, T], which features each row shows; the first row shows none, the last all.
        high: int [K], rows with a leaf, leaf after leaf.
        low: int [K], the same rows without it.
        starts: int [T], where each leaf's rows begin in ``high`` and ``low``.
    """

    masks: Masks
    high: Index
    low: Index
    starts: Index

    def values(self, outputs: Floats) -> Floats:
        """Return the Owen values, float64 [T, C], from the rows' outputs [U, C]."""
        if not len(self.starts):
            return np.zeros((0, outputs.shape[1]))
        counts = np.diff(np.append(self.starts, len(self.high)))
        return np.asarray(np.add.reduceat(outputs[self.high] - outputs[self.low], self.starts) / counts[:, None])


def expand(tree: Tree, features: int) -> Expansion:
    """Return the full expansion of a tree over ``features`` leaves."""
    none = np.zeros(0, dtype=np.int64)
    if not features:
        return Expansion(np.zeros((1, 0), dtype=bool), none, none, none)
    root, under = 2 * features - 2, node_masks(tree)
    last = row_count(tree, features) - 1
    # Of each node, one entry a context: the row without it, the row with it, and what the former shows.
    low = {root: np.zeros(1, dtype=np.int64)}
    high = {root: np.full(1, last, dtype=np.int64)}
    shown = {root: np.zeros((1, features), dtype=bool)}
    masks = np.zeros((last + 1, features), dtype=bool)
    masks[last] = True
    asked = 1
    for node in range(root, features - 1, -1):
        without, whole, context = low.pop(node), high.pop(node), shown.pop(node)
        pair = tree[node - features].tolist()
        rows = {}
        for child in pair:
            rows[child] = np.arange(asked, asked + len(without))
            masks[rows[child]] = context | under[child]
            asked += len(without)
        for child, sibling in (pair, pair[::-1]):
            # A child is added before its sibling, and after it.
            low[child] = np.concatenate([without, rows[sibling]])
            high[child] = np.concatenate([rows[child], whole])
            if child >= features:
                shown[child] = np.concatenate([context, masks[rows[sibling]]])
    sizes = [len(low[leaf]) for leaf in range(features)]
    return Expansion(
        masks,
        np.concatenate([high[leaf] for leaf in range(features)]),
        np.concatenate([low[leaf] for leaf in range(features)]),
        np.cumsum([0, *sizes[:-1]], dtype=np.int64),
    )


def exact(window: Window) -> Game:
    """Ask for the full expansion of every text at once."""
    plans = [expand(tree, int(size)) for tree, size in zip(window.trees, window.sizes, strict=True)]
    counts = [len(plan.masks) - 1 for plan in plans]  # the row that shows nothing is known
    outputs = yield pad([plan.masks[1:] for plan in plans], window.width)
    found = []
    for plan, base, own in zip(plans, window.base, split(outputs, counts), strict=True):
        every = np.concatenate([base[None], own])
        values = plan.values(every)
        found.append(Values(values, np.zeros_like(values), every[-1], len(every)))
    return found
