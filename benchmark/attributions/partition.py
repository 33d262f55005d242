"""Mode ``partition``: shap's budgeted heap, all texts of a window in lockstep.

The rules are those of shap 0.51's ``PartitionExplainer``: a queue of (node, context) pairs, the one with the largest
weighted effect first; each step takes up to half a batch of inner nodes from it and asks for both their children;
when the budget is spent, what is left in the queue is spread over its leaves by size. Here a step of all texts is one
array operation. Shap breaks ties at random, here the earlier pair goes first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.attributions.exact import row_count
from benchmark.attributions.modes import Floats, Game, Values, Window
from benchmark.attributions.trees import node_masks

SHAP_BATCH = 10
"""Rows a step where the masker names no batch size of its own (shap's default)."""
SHAP_TEXT_BATCH = 5
"""Rows a step with shap's text masker; it asks for pairs, so 6."""

Index = NDArray[np.int64]


@dataclass
class _Queue:
    """The (node, context) pairs of W texts, in the order they came up; those of leaves are never taken.

    Attributes:
        priority: float64 [W, P]; minus infinity once taken, and for leaves.
        node: int [W, P].
        low: int [W, P], the row without the node.
        high: int [W, P], the row with it.
        weight: float64 [W, P]; 0 once taken.
        filled: int [W], pairs so far.
    """

    priority: Floats
    node: Index
    low: Index
    high: Index
    weight: Floats
    filled: Index


def partition(window: Window, evaluations: int, batch: int) -> Game:
    """Spend ``evaluations`` rows a text where they tell most.

    Args:
        window: the texts.
        evaluations: shap's ``max_evals``, the empty and the whole text included.
        batch: rows a step.
    """
    sizes, texts = window.sizes, np.arange(len(window.trees))
    width, classes = window.width, window.base.shape[1]
    step = -(-batch // 2)  # nodes a step
    most = max(row_count(tree, int(size)) for tree, size in zip(window.trees, sizes, strict=True))
    expansions = max(0, -(-(min(evaluations, most) - 2) // 2))  # nodes that the budget allows
    nodes = 2 * width - 1
    under = np.zeros((len(texts), max(1, nodes), width), dtype=bool)
    children = np.zeros((len(texts), max(1, nodes), 2), dtype=np.int64)
    for one, (tree, size) in enumerate(zip(window.trees, sizes.tolist(), strict=True)):
        if size:
            under[one, : 2 * size - 1, :size] = node_masks(tree)
            children[one, size : 2 * size - 1] = tree
    shown = np.zeros((len(texts), 2 + 2 * expansions, width), dtype=bool)
    shown[:, 1] = np.arange(width) < sizes[:, None]
    outputs = np.zeros((len(texts), 2 + 2 * expansions, classes))
    outputs[:, 0] = window.base
    outputs[:, 1] = yield texts, shown[:, 1]
    known = np.full(len(texts), 2)
    shape = (len(texts), 1 + 4 * expansions)
    queue = _Queue(
        priority=np.full(shape, -np.inf),
        node=np.zeros(shape, dtype=np.int64),
        low=np.zeros(shape, dtype=np.int64),
        high=np.zeros(shape, dtype=np.int64),
        weight=np.zeros(shape),
        filled=np.zeros(len(texts), dtype=np.int64),
    )

    def put(text: Index, node: Index, low: Index, high: Index, weight: Floats) -> None:
        """Add one pair to each of these texts; a text may stand there several times, its pairs side by side."""
        place = queue.filled[text] + _rank(text)
        queue.node[text, place], queue.low[text, place], queue.high[text, place] = node, low, high
        queue.weight[text, place] = weight
        effect = np.abs(outputs[text, high] - outputs[text, low]).max(axis=1, initial=0.0) * weight
        queue.priority[text, place] = np.where(node >= sizes[text], effect, -np.inf)
        np.add.at(queue.filled, text, 1)

    some = texts[sizes > 0]
    put(some, 2 * sizes[some] - 2, np.zeros_like(some), np.ones_like(some), np.ones(len(some)))
    while True:
        text, place = _take(queue, np.minimum(step, expansions - (known - 2) // 2))
        if not len(text):
            break
        node, low, high = queue.node[text, place], queue.low[text, place], queue.high[text, place]
        half = queue.weight[text, place] / 2
        queue.weight[text, place] = 0.0
        row = known[text] + 2 * _rank(text)
        left, right = children[text, node].T
        shown[text, row] = shown[text, low] | under[text, left]
        shown[text, row + 1] = shown[text, low] | under[text, right]
        both = np.stack([row, row + 1], axis=1).ravel()
        twice = np.repeat(text, 2)
        outputs[twice, both] = yield twice, shown[twice, both]
        np.add.at(known, text, 2)
        put(
            np.repeat(text, 4),
            np.stack([left, right, left, right], axis=1).ravel(),
            np.stack([low, low, row + 1, row], axis=1).ravel(),
            np.stack([row, row + 1, high, high], axis=1).ravel(),
            np.repeat(half, 4),
        )
    found = []
    for one, size in enumerate(sizes.tolist()):
        left_over = slice(0, int(queue.filled[one]))
        effect = outputs[one, queue.high[one, left_over]] - outputs[one, queue.low[one, left_over]]
        credit = np.zeros((max(1, 2 * size - 1), classes))
        np.add.at(credit, queue.node[one, left_over], effect * queue.weight[one, left_over, None])
        leaves = under[one, : len(credit), :size]
        values = leaves.T @ (credit / np.maximum(1, leaves.sum(axis=1))[:, None])
        found.append(Values(values, None, outputs[one, 1 if size else 0], int(known[one])))
    return found


def _take(queue: _Queue, most: Index) -> tuple[Index, Index]:
    """Take up to ``most`` [W] pairs of each text, the largest effects first; return their texts and places."""
    used = int(queue.filled.max(initial=1))
    priority = queue.priority[:, :used]
    texts, places = [], []
    for turn in range(int(most.max(initial=0))):
        best = priority.argmax(axis=1)
        text = np.flatnonzero((most > turn) & (priority[np.arange(len(best)), best] > -np.inf))
        if not len(text):
            break
        texts.append(text)
        places.append(best[text])
        priority[text, best[text]] = -np.inf
    if not texts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    text, place = np.concatenate(texts), np.concatenate(places)
    order = np.argsort(text, kind="stable")
    return text[order], place[order]


def _rank(text: Index) -> Index:
    """Return how many earlier entries have the same number; equal numbers stand side by side."""
    new = np.concatenate([[True], text[1:] != text[:-1]]) if len(text) else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(new)
    return np.arange(len(text)) - np.repeat(starts, np.diff(np.append(starts, len(text))))
