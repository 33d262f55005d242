"""Made-up texts and models, and Owen values computed by other means."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from benchmark.attributions.engine import Attribution, explain
from benchmark.attributions.rows import IdRows, Ids
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text, token_text
from benchmark.attributions.trees import Tree
from benchmark.encoding import encode

MASK = 4
CLS, SEP = 2, 3


def text_of(tree: Tree, features: int, *, second: int | None = None, types: bool = False) -> Text:
    """A text of made-up tokens 10, 11, ...: one segment, or two with two separators between them."""
    tokens = list(range(10, 10 + features))
    ids = [CLS, *tokens, SEP] if second is None else [CLS, *tokens[:second], SEP, SEP, *tokens[second:], SEP]
    places = [place for place, token in enumerate(ids) if token >= 10]
    kinds = np.array([int(place > (second or 0) + 1) for place in range(len(ids))], dtype=np.int32)
    return Text(
        ids=np.array(ids, dtype=np.int32),
        types=kinds if types else None,
        features=np.array(places, dtype=np.int32),
        children=tree,
        pieces=tuple(f" {token}" for token in tokens),
        second=features if second is None else second,
    )


def values_of(
    predict: Callable[[Ids, Ids | None], Any], texts: Sequence[Text], mask_id: int = MASK, **settings: Any
) -> list[Attribution]:
    """The attributions in the texts' order."""
    found = dict(explain(predict, texts, Settings(**settings), partial(IdRows, mask_id=mask_id)))
    assert sorted(found) == list(range(len(texts)))
    return [found[place] for place in range(len(texts))]


@st.composite
def trees(draw: Any, least: int = 1, most: int = 12) -> Tree:
    """A random binary tree over neighbouring leaves, as shap's trees of texts are."""
    leaves = draw(st.integers(least, most))
    nodes = list(range(leaves))
    rows = []
    while len(nodes) > 1:
        at = draw(st.integers(0, len(nodes) - 2))
        rows.append(tuple(nodes[at : at + 2]))
        nodes[at : at + 2] = [leaves + len(rows) - 1]
    return np.array(rows, dtype=np.int32).reshape(-1, 2)


def random_tree(leaves: int, seed: int) -> Tree:
    """The same, from a seed."""
    rng, nodes, rows = np.random.default_rng(seed), list(range(leaves)), []
    while len(nodes) > 1:
        at = int(rng.integers(0, len(nodes) - 1))
        rows.append(tuple(nodes[at : at + 2]))
        nodes[at : at + 2] = [leaves + len(rows) - 1]
    return np.array(rows, dtype=np.int32).reshape(-1, 2)


def linkage(tree: Tree) -> np.ndarray:
    """The tree in scipy's format, with shap's heights."""
    count = len(tree) + 1
    sizes = np.ones(2 * count - 1)
    for row, (left, right) in enumerate(tree):
        sizes[count + row] = sizes[left] + sizes[right]
    found = np.zeros((len(tree), 4))
    found[:, :2], found[:, 3] = tree, sizes[count:]
    found[:, 2] = found[:, 3] / found[:, 3].max(initial=1)
    return found


def members(tree: Tree) -> list[tuple[int, ...]]:
    """The leaves under every node, leaves first, in the tree's order."""
    found: list[tuple[int, ...]] = [(leaf,) for leaf in range(len(tree) + 1)]
    for left, right in tree[:, :2].astype(int):
        found.append(found[left] + found[right])
    return found


def brute_force(value: Callable[[frozenset[int]], np.ndarray], tree: Tree) -> np.ndarray:
    """Owen values: the mean over all orders in which, at every inner node, one child comes wholly before the other."""
    count = len(tree) + 1

    def orders(node: int) -> list[tuple[int, ...]]:
        if node < count:
            return [(node,)]
        left, right = (orders(int(child)) for child in tree[node - count])
        return [one + two for one, two in itertools.product(left, right)] + [
            two + one for one, two in itertools.product(left, right)
        ]

    every = orders(2 * count - 2)
    total = np.zeros((count, len(value(frozenset()))))
    for order in every:
        for place, leaf in enumerate(order):
            total[leaf] += value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))
    return total / len(every)


class IdMasker:
    """Masks token ids for shap's own explainer."""

    immutable_outputs = True

    def __init__(self, text: Text, mask_id: int) -> None:
        self._text, self._mask_id = text, mask_id
        self.clustering = linkage(text.children)
        self.shape = (1, len(text.features))

    def __call__(self, mask: np.ndarray, _: Any) -> tuple[np.ndarray]:
        row = self._text.ids.astype(np.int64)
        row[self._text.features[~mask]] = self._mask_id
        return (row[None],)


def predictor(model: torch.nn.Module) -> Callable[[Ids, Ids | None], np.ndarray]:
    """A network as a prediction function, one row after the other, with an attention mask."""

    @torch.inference_mode()
    def predict(ids: Ids, types: Ids | None) -> np.ndarray:
        found = []
        for place in range(len(ids)):
            inputs = {"input_ids": torch.from_numpy(ids[place : place + 1])}
            inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
            if types is not None:
                inputs["token_type_ids"] = torch.from_numpy(types[place : place + 1])
            found.append(model(**inputs).logits.double().softmax(-1))
        return torch.cat(found).numpy()

    return predict


def texts_of(tokenizer: Any, table: Any, max_length: int, *, words: bool = False) -> list[Text]:
    """A table's texts or pairs as the model sees them."""
    columns = ["text", "text_pair"] if "text_pair" in table else ["text"]
    encoded = encode(tokenizer, table, max_length)
    return [
        token_text(tokenizer, sides, row, special, words=words)
        for sides, row, special in zip(table[columns].to_numpy().tolist(), encoded.rows, encoded.special, strict=True)
    ]
