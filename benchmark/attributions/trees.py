"""Binary trees over a text's tokens: which tokens are masked together before they are masked apart."""

import warnings
from functools import lru_cache

import numpy as np
from transformers import PreTrainedTokenizerBase

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap warns about optional packages as it is imported
    from shap.maskers import Text as ShapText


def text_tree(tokenizer: PreTrainedTokenizerBase, segments: list[str], kept: list[int]) -> np.ndarray:
    """Return the tree over the tokens of a text or pair that the model sees.

    Args:
        tokenizer: a fast tokenizer.
        segments: the text, or premise and hypothesis.
        kept: of each segment, how many of its tokens were left after truncation, special tokens not counted.

    Returns:
        Float64 [T - 1, 4] in scipy's linkage format, T = sum of ``kept``: the trees of shap's public
        ``Text.clustering``, without special tokens and tokens that were cut off; those of a pair are joined at a root.
    """
    trees = []
    for text, count in zip(segments, kept, strict=True):
        tree, special = _segment_tree(tokenizer, text)
        trees.append(restrict(tree, np.flatnonzero(~special)[:count]))
    return _join(trees, kept)


@lru_cache(maxsize=20_000)
def _segment_tree(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Shap's tree of one text, and which of its leaves are special tokens."""
    special = tokenizer(text, return_special_tokens_mask=True, verbose=False)["special_tokens_mask"]
    return _masker(tokenizer).clustering(text), np.asarray(special, dtype=bool)


@lru_cache(maxsize=4)
def _masker(tokenizer: PreTrainedTokenizerBase) -> ShapText:
    return ShapText(tokenizer)


def restrict(tree: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """Return the tree over some of a tree's leaves: the others are taken out, inner nodes with one child dissolved.

    Args:
        tree: [M - 1, 4], scipy's linkage format.
        leaves: int [T], increasing; leaf ``leaves[i]`` becomes leaf ``i``.
    """
    count = len(leaves)
    node = {int(leaf): index for index, leaf in enumerate(leaves)}
    size = dict.fromkeys(range(count), 1)
    rows: list[tuple[int, int]] = []
    for row, (left, right) in enumerate(tree[:, :2].astype(int)):
        children = [node[child] for child in (int(left), int(right)) if child in node]
        here = len(tree) + 1 + row
        if len(children) == 1:
            node[here] = children[0]
        elif children:
            node[here] = count + len(rows)
            size[node[here]] = size[children[0]] + size[children[1]]
            rows.append((children[0], children[1]))
    return _linkage(rows, [size[count + row] for row in range(len(rows))])


def _join(trees: list[np.ndarray], counts: list[int]) -> np.ndarray:
    """Put trees side by side, the leaves numbered through, and join those that have leaves at a root."""
    total = sum(counts)
    rows: list[tuple[int, int]] = []
    sizes: list[int] = []
    roots: list[tuple[int, int]] = []
    offset = 0
    for tree, count in zip(trees, counts, strict=True):
        base = len(rows)

        def place(child: int, offset: int = offset, base: int = base, count: int = count) -> int:
            return offset + child if child < count else total + base + child - count

        rows += [(place(int(left)), place(int(right))) for left, right in tree[:, :2]]
        sizes += [int(size) for size in tree[:, 3]]
        if count:
            roots.append((place(2 * count - 2), count))
        offset += count
    while len(roots) > 1:
        (left, left_size), (right, right_size) = roots[:2]
        rows.append((left, right))
        sizes.append(left_size + right_size)
        roots[:2] = [(total + len(rows) - 1, left_size + right_size)]
    return _linkage(rows, sizes)


def _linkage(rows: list[tuple[int, int]], sizes: list[int]) -> np.ndarray:
    tree = np.zeros((len(rows), 4))
    if rows:
        tree[:, :2] = rows
        tree[:, 3] = sizes
        tree[:, 2] = tree[:, 3] / tree[:, 3].max()  # as shap: a node's height is its relative size
    return tree
