"""Binary trees over a text's tokens: which tokens are masked together before they are masked apart.

A tree over T leaves is an int32 array [T - 1, 2]: inner node T + i joins the two nodes of row i, which come before it.
"""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # shap warns about optional packages as it is imported
    from shap.maskers import Text as ShapText

Tree = NDArray[np.int32]

_KEPT = 20_000  # trees of each tokenizer that are kept in memory


def text_tree(
    tokenizer: PreTrainedTokenizerBase, segments: Sequence[str], kept: Sequence[int], *, words: bool = False
) -> Tree:
    """Return the tree over the tokens of a text or pair that the model sees.

    It is shap's (`shap_tree`), without special tokens and tokens that were cut off; those of a pair's two sides are
    joined at a root.

    Args:
        tokenizer: a fast tokenizer.
        segments: the text, or premise and hypothesis.
        kept: of each segment, how many of its tokens were left after truncation, special tokens not counted.
        words: whether the tokens of one word, by the tokenizer's own boundaries, become one group.
    """
    trees = []
    for text, count in zip(segments, kept, strict=True):
        encoded = tokenizer(text, return_special_tokens_mask=True, verbose=False)
        leaves = np.flatnonzero(np.asarray(encoded["special_tokens_mask"]) == 0)[:count]
        tree = restrict(shap_tree(tokenizer, text), leaves)
        if words:
            numbers = encoded.word_ids()
            tree = join_words(tree, [numbers[leaf] for leaf in leaves])
        trees.append(tree)
    return join(trees, kept)


@lru_cache(maxsize=8)
def shap_masker(tokenizer: PreTrainedTokenizerBase) -> ShapText:
    """Return shap's text masker of a tokenizer."""
    return ShapText(tokenizer)


def shap_tree(tokenizer: PreTrainedTokenizerBase, text: str) -> Tree:
    """Return shap's tree over all tokens of a text, special ones included (its public ``Text.clustering``).

    It is built once for each text and tokenizer: models that tokenize alike share it.
    """
    return _clustering(tokenizer)(text)


def node_masks(tree: Tree) -> NDArray[np.bool_]:
    """Return which leaves lie under each node, bool [2T - 1, T]."""
    count = len(tree) + 1
    masks = np.zeros((2 * count - 1, count), dtype=bool)
    masks[:count] = np.eye(count, dtype=bool)
    for row, (left, right) in enumerate(tree):
        masks[count + row] = masks[left] | masks[right]
    return masks


def depths(tree: Tree) -> NDArray[np.int32]:
    """Return each node's distance from the root, int32 [2T - 1]."""
    found = np.zeros(2 * len(tree) + 1, dtype=np.int32)
    for row in range(len(tree) - 1, -1, -1):
        found[tree[row]] = found[len(tree) + 1 + row] + 1
    return found


def restrict(tree: Tree, leaves: NDArray[np.integer]) -> Tree:
    """Return the tree over some of a tree's leaves: the others are taken out, inner nodes with one child dissolved.

    Args:
        tree: [M - 1, 2].
        leaves: int [T], increasing; leaf ``leaves[i]`` becomes leaf ``i``.
    """
    count = len(leaves)
    node = {int(leaf): index for index, leaf in enumerate(leaves)}
    rows: list[tuple[int, int]] = []
    for row, (left, right) in enumerate(tree.tolist()):
        children = [node[child] for child in (left, right) if child in node]
        here = len(tree) + 1 + row
        if len(children) == 1:
            node[here] = children[0]
        elif children:
            node[here] = count + len(rows)
            rows.append((children[0], children[1]))
    return _array(rows)


def join(trees: Sequence[Tree], counts: Sequence[int]) -> Tree:
    """Put trees side by side, their leaves numbered through, and join those that have leaves, from the left."""
    total = sum(counts)
    rows: list[tuple[int, int]] = []
    root: int | None = None
    offset = 0
    for tree, count in zip(trees, counts, strict=True):
        rows += _renumbered(tree, range(offset, offset + count), total + len(rows))
        if count:
            own = total + len(rows) - 1 if count > 1 else offset
            if root is not None:
                rows.append((root, own))
                own = total + len(rows) - 1
            root = own
        offset += count
    return _array(rows)


def join_words(tree: Tree, words: Sequence[int | None]) -> Tree:
    """Return a tree in which the leaves of one word are one group.

    Both come from the tree itself: the one over the words is that over their first pieces, and within a word it is
    that over the word's pieces.

    Args:
        tree: [T - 1, 2].
        words: each leaf's word; the leaves of a word stand together, None is a word of its own.
    """
    count = len(words)
    starts = [place for place in range(count) if place == 0 or words[place] is None or words[place] != words[place - 1]]
    stops = [*starts[1:], count][: len(starts)]
    rows: list[tuple[int, int]] = []
    root_of = []
    for start, stop in zip(starts, stops, strict=True):
        rows += _renumbered(restrict(tree, np.arange(start, stop)), range(start, stop), count + len(rows))
        root_of.append(count + len(rows) - 1 if stop - start > 1 else start)
    return _array(rows + _renumbered(restrict(tree, np.array(starts, dtype=int)), root_of, count + len(rows)))


_BY_CONTENT: dict[str, Callable[[str], Tree]] = {}


@lru_cache(maxsize=8)
def _clustering(tokenizer: PreTrainedTokenizerBase) -> Callable[[str], Tree]:
    """The cached tree builder of a tokenizer; tokenizers of the same content have the same one."""
    content = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()
    if content not in _BY_CONTENT:
        masker = shap_masker(tokenizer)
        _BY_CONTENT[content] = lru_cache(_KEPT)(lambda text: masker.clustering(text)[:, :2].astype(np.int32))
    return _BY_CONTENT[content]


def _renumbered(tree: Tree, leaves: Sequence[int], first: int) -> list[tuple[int, int]]:
    """The rows of a tree as part of another: the numbers of its leaves there, and of its first inner node."""
    numbers = [*leaves, *range(first, first + len(tree))]
    return [(numbers[left], numbers[right]) for left, right in tree.tolist()]


def _array(rows: list[tuple[int, int]]) -> Tree:
    return np.array(rows, dtype=np.int32).reshape(-1, 2)
