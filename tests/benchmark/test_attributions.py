"""Owen values of token ids, against shap itself, a brute-force computation, and models whose values are known."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shap
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shap import PartitionExplainer

from benchmark.attributions import Attribution, Text, explain, text_tree
from benchmark.attributions.trees import restrict
from benchmark.encoding import encode
from benchmark.models import ModelChoice
from benchmark.models.loading import load_model, load_tokenizer
from benchmark.stages.attributions import _kept
from tasks.demo.nli import generate_nli
from tasks.demo.reviews import generate_reviews

MASK = 4
Score = Callable[[np.ndarray], np.ndarray]


def text_of(ids: list[int], features: list[int], tree: np.ndarray, **row: list[int]) -> Text:
    return Text({"input_ids": ids, **row}, np.array(features, dtype=int), tree)


def chain(leaves: int) -> np.ndarray:
    """The tree that takes one leaf after the other, in scipy's format."""
    rows = []
    for row in range(leaves - 1):
        rows.append((0 if row == 0 else leaves + row - 1, row + 1, row + 2, row + 2))
    tree = np.array(rows, dtype=float).reshape(-1, 4)
    if len(tree):
        tree[:, 2] /= tree[-1, 2]
    return tree


@st.composite
def trees(draw: Any, least: int = 1, most: int = 12) -> np.ndarray:
    """A random binary tree over neighbouring leaves, as shap's trees of texts are."""
    leaves = draw(st.integers(least, most))
    nodes = [(leaf, 1) for leaf in range(leaves)]
    rows = []
    while len(nodes) > 1:
        at = draw(st.integers(0, len(nodes) - 2))
        (left, one), (right, two) = nodes[at : at + 2]
        nodes[at : at + 2] = [(leaves + len(rows), one + two)]
        rows.append((left, right, (one + two) / leaves, one + two))
    return np.array(rows, dtype=float).reshape(-1, 4)


def members(tree: np.ndarray) -> list[tuple[int, ...]]:
    """The leaves under every node, leaves first, in the tree's order."""
    count = len(tree) + 1
    found: list[tuple[int, ...]] = [(leaf,) for leaf in range(count)]
    for left, right, *_ in tree:
        found.append(found[int(left)] + found[int(right)])
    return found


def brute_force(value: Callable[[frozenset[int]], np.ndarray], tree: np.ndarray) -> np.ndarray:
    """Owen values: the mean over all orders in which, at every inner node, one child comes wholly before the other."""
    count = len(tree) + 1

    def orders(node: int) -> list[tuple[int, ...]]:
        if node < count:
            return [(node,)]
        left, right = (orders(int(child)) for child in tree[node - count, :2])
        return [one + two for one, two in itertools.product(left, right)] + [
            two + one for one, two in itertools.product(left, right)
        ]

    every = orders(2 * count - 2)
    total = np.zeros((count, len(value(frozenset()))))
    for order in every:
        for place, leaf in enumerate(order):
            total[leaf] += value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))
    return total / len(every)


# The engine on made-up models


@settings(max_examples=25, deadline=None)
@given(trees(2, 5), st.integers(0, 2**31))
def test_complete_values_are_the_owen_values(tree: np.ndarray, seed: int) -> None:
    count = len(tree) + 1
    table = np.random.default_rng(seed).normal(size=(2**count, 3))  # any function of the set of seen tokens
    bits = 2 ** np.arange(count)

    def predict(ids: np.ndarray, text: Text) -> np.ndarray:
        return table[((ids[:, 1:-1] != MASK) * bits).sum(axis=1)]

    text = text_of([2, *range(10, 10 + count), 3], list(range(1, count + 1)), tree)
    (found,) = explain(predict, [text], MASK, 10**6)
    wanted = brute_force(lambda seen: table[sum(int(bits[leaf]) for leaf in seen)], tree)
    np.testing.assert_allclose(found.values, wanted, atol=1e-9)
    np.testing.assert_allclose(found.base, table[0])
    np.testing.assert_allclose(found.output, table[-1], atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(trees(1, 20), st.integers(10, 600))
def test_a_linear_models_values_are_its_weights_at_any_budget(tree: np.ndarray, budget: int) -> None:
    count = len(tree) + 1
    weights = np.random.default_rng(count).normal(size=(count, 2))
    weights[:, :] = weights.mean(axis=0) if budget < 200 else weights  # cut short, credit is spread by size

    def predict(ids: np.ndarray, text: Text) -> np.ndarray:
        return 0.5 + (ids[:, 1:-1] != MASK) @ weights

    text = text_of([2, *range(10, 10 + count), 3], list(range(1, count + 1)), tree)
    (found,) = explain(predict, [text], MASK, budget if budget < 200 else 10**6)
    np.testing.assert_allclose(found.values, weights, atol=1e-9)
    np.testing.assert_allclose(found.base, [0.5, 0.5])
    assert found.token_ids.tolist() == list(range(10, 10 + count))


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_base_and_values_add_up_and_special_tokens_stay(count: int) -> None:
    ids = [2, *range(10, 13), 3, 3, *range(20, 20 + count), 3]
    features = [1, 2, 3, *range(6, 6 + count)]
    kinds = [0] * 5 + [1] * (count + 2)
    seen: list[np.ndarray] = []

    def predict(rows: np.ndarray, text: Text) -> np.ndarray:
        assert text.row["token_type_ids"] == kinds
        seen.append(rows)
        return np.stack([np.sin(rows.sum(axis=1)), np.cos(rows[:, 1] * rows[:, -2])], axis=1)

    text = text_of(ids, features, chain(len(features)), token_type_ids=kinds)
    (found,) = explain(predict, [text], MASK, 40)
    every = np.concatenate(seen)
    special = np.setdiff1d(np.arange(len(ids)), features)
    assert (every[:, special] == np.array(ids)[special]).all(), "special tokens and inner separators are never masked"
    assert set(np.unique(every)) <= {*ids, MASK}
    changed = every != np.array(ids)
    assert (every[changed] == MASK).all()
    assert found.evaluations == len(every)
    whole = predict(np.array([ids]), text)[0]
    np.testing.assert_allclose(found.output, whole, atol=1e-9)
    np.testing.assert_allclose(found.base + found.values.sum(axis=0), whole, atol=1e-9)
    assert found.values.shape == (len(features), 2)
    assert found.mode == "partition-40"


@pytest.mark.parametrize("count", [0, 1])
def test_a_text_of_no_or_one_token(count: int) -> None:
    ids = [2, *[10] * count, 3]

    def predict(rows: np.ndarray, text: Text) -> np.ndarray:
        return np.stack([(rows == 10).sum(axis=1) * 0.25, (rows == MASK).sum(axis=1) * 0.5], axis=1)

    (found,) = explain(predict, [text_of(ids, list(range(1, 1 + count)), np.zeros((0, 4)))], MASK, 500)
    assert found.values.shape == (count, 2)
    assert found.values.tolist() == [[0.25, -0.5]] * count
    assert found.token_ids.tolist() == [10] * count
    np.testing.assert_allclose(found.base + found.values.sum(axis=0), found.output)


# Trees


@settings(max_examples=150, deadline=None)
@given(trees(1, 16), st.data())
def test_a_restricted_tree_keeps_leaves_order_and_sizes(tree: np.ndarray, data: Any) -> None:
    count = len(tree) + 1
    leaves = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1))), dtype=int)
    found = restrict(tree, leaves)
    assert found.shape == (len(leaves) - 1, 4)
    assert restrict(tree, leaves[:0]).shape == (0, 4)
    place = {int(leaf): index for index, leaf in enumerate(leaves)}
    wanted = [tuple(place[leaf] for leaf in node if leaf in place) for node in members(tree)[count:]]
    distinct = [node for node in dict.fromkeys(wanted) if len(node) > 1]
    assert members(found)[len(leaves) :] == distinct, "the groups are those of the tree, in its order"
    assert found[:, 3].tolist() == [len(node) for node in distinct]
    np.testing.assert_allclose(found[:, 2], found[:, 3] / max(1, len(leaves)))
    np.testing.assert_array_equal(restrict(tree, np.arange(count))[:, [0, 1, 3]], tree[:, [0, 1, 3]])


def shap_tree(tokenizer: Any, text: str) -> np.ndarray:
    return shap.maskers.Text(tokenizer).clustering(text)


@pytest.mark.parametrize("encoder", ["bert", "xlmr"])
def test_a_texts_tree_is_shaps_without_special_tokens(encoder: str, request: pytest.FixtureRequest) -> None:
    tokenizer = load_tokenizer(ModelChoice(name=str(request.getfixturevalue(encoder))))
    for text in generate_reviews("test", 2, languages=("fr", "ja", "en"))["text"]:
        special = tokenizer(text, return_special_tokens_mask=True)["special_tokens_mask"]
        kept = np.flatnonzero(np.array(special) == 0)
        place = {int(leaf): index for index, leaf in enumerate(kept)}
        whole = shap_tree(tokenizer, text)
        groups = [tuple(place[leaf] for leaf in node if leaf in place) for node in members(whole)[len(special) :]]
        found = text_tree(tokenizer, [text], [len(kept)])
        assert members(found)[len(kept) :] == [group for group in dict.fromkeys(groups) if len(group) > 1]
        short = text_tree(tokenizer, [text], [5])
        np.testing.assert_array_equal(short, restrict(found, np.arange(5)))


def test_a_pairs_tree_joins_the_sides_at_the_root(bert: Path) -> None:
    tokenizer = load_tokenizer(ModelChoice(name=str(bert)))
    sides = ["la maison est petite", "the house"]
    counts = [len(tokenizer.tokenize(side)) for side in sides]
    tree = text_tree(tokenizer, sides, counts)
    one, two = (text_tree(tokenizer, [side], [count]) for side, count in zip(sides, counts, strict=True))
    groups = members(tree)[sum(counts) :]
    assert groups[-1] == tuple(range(sum(counts)))
    first = members(one)[counts[0] :]
    second = [tuple(leaf + counts[0] for leaf in group) for group in members(two)[counts[1] :]]
    assert groups[:-1] == [*first, *second]
    assert tree[-1].tolist()[2:] == [1.0, sum(counts)]
    np.testing.assert_array_equal(text_tree(tokenizer, ["", sides[1]], [0, counts[1]]), two)
    np.testing.assert_array_equal(text_tree(tokenizer, [sides[0], ""], [counts[0], 0]), one)
    assert text_tree(tokenizer, ["", ""], [0, 0]).shape == (0, 4)
    assert text_tree(tokenizer, ["a", "b"], [1, 1]).tolist() == [[0, 1, 1, 2]]


# Real encoders, end to end


def texts_of(tokenizer: Any, table: Any, pair: bool, max_length: int) -> list[Text]:
    encoded = encode(tokenizer, table, max_length)
    found = []
    for row, special, source in zip(encoded.rows, encoded.special, table.itertuples(), strict=True):
        sides = [source.text, source.text_pair] if pair else [source.text]
        tree = text_tree(tokenizer, sides, _kept(special, len(sides)))
        found.append(Text(row, np.flatnonzero(~special), tree))
    return found


def predictor(model: torch.nn.Module) -> Callable[[np.ndarray, Text], np.ndarray]:
    @torch.inference_mode()
    def predict(ids: np.ndarray, text: Text) -> np.ndarray:
        inputs = {"input_ids": torch.from_numpy(ids)}
        if "token_type_ids" in text.row:
            inputs["token_type_ids"] = torch.tensor([text.row["token_type_ids"]] * len(ids))
        return model(**inputs).logits.double().softmax(-1).numpy()

    return predict


class WholeMasker:
    """Independent of the suite's: all tokens are features, on shap's full tree, the special ones never masked."""

    immutable_outputs = True

    def __init__(self, ids: np.ndarray, special: np.ndarray, mask_id: int, tree: np.ndarray) -> None:
        self.ids, self.special, self.mask_id, self.clustering = ids, special, mask_id, tree
        self.shape = (1, len(ids))

    def __call__(self, mask: np.ndarray, _: Any) -> tuple[np.ndarray]:
        return (np.where(mask | self.special, self.ids, self.mask_id)[None],)


@pytest.mark.parametrize("encoder", ["bert", "xlmr"])
def test_complete_values_agree_with_shap_over_its_whole_tree(encoder: str, request: pytest.FixtureRequest) -> None:
    choice = ModelChoice(name=str(request.getfixturevalue(encoder)))
    tokenizer, model = load_tokenizer(choice), load_model(choice, ("a", "b", "c"), 1)
    predict = predictor(model)
    table = generate_reviews("test", 1, languages=("fr", "en"))[:3].copy()
    table["text"] = [" ".join(text.split()[:5]) for text in table["text"]]
    for text, source in zip(texts_of(tokenizer, table, False, 64), table["text"], strict=True):
        ids = np.array(text.row["input_ids"])
        special = np.ones(len(ids), dtype=bool)
        special[text.features] = False
        masker = WholeMasker(ids, special, tokenizer.mask_token_id, shap_tree(tokenizer, source))
        explainer = PartitionExplainer(lambda rows, text=text: predict(rows, text), masker)
        wanted = explainer(ids[None], max_evals=10**9, silent=True)
        (found,) = explain(predict, [text], tokenizer.mask_token_id, 10**9)
        np.testing.assert_allclose(found.values, wanted.values[0][text.features], atol=1e-6)
        np.testing.assert_allclose(wanted.values[0][special], 0, atol=1e-6)
        np.testing.assert_allclose(found.base, wanted.base_values[0], atol=1e-6)
        assert np.abs(found.values).max() > 1e-3


@pytest.mark.parametrize("encoder", ["bert", "xlmr"])
@pytest.mark.parametrize("max_length", [64, 24])
def test_pairs_keep_their_separators_and_types(encoder: str, max_length: int, request: pytest.FixtureRequest) -> None:
    choice = ModelChoice(name=str(request.getfixturevalue(encoder)))
    tokenizer, model = load_tokenizer(choice), load_model(choice, ("a", "b", "c"), 1)
    table = generate_nli("test", 1, languages=("fr", "en"))[:3].copy()
    lines = [*table["text"], *table["text_pair"]]
    assert max(len(tokenizer(a, b)["input_ids"]) for a, b in zip(lines[:3], lines[3:], strict=True)) > 24
    rows: list[np.ndarray] = []
    model_predict = predictor(model)

    def predict(ids: np.ndarray, text: Text) -> np.ndarray:
        rows.append(ids)
        return model_predict(ids, text)

    for text, (first, second) in zip(
        texts_of(tokenizer, table, True, max_length), zip(lines[:3], lines[3:], strict=True), strict=True
    ):
        whole = tokenizer(first, second, truncation=True, max_length=max_length)
        assert text.row["input_ids"] == whole["input_ids"], "the model sees what it was trained on"
        assert text.row.get("token_type_ids") == whole.get("token_type_ids")
        assert len(text.tree) == len(text.features) - 1
        rows.clear()
        (found,) = explain(predict, [text], tokenizer.mask_token_id, 60)
        inner = [tokenizer.cls_token_id, *[tokenizer.sep_token_id] * (2 if encoder == "bert" else 3)]
        ids = np.concatenate(rows)
        special = np.setdiff1d(np.arange(len(whole["input_ids"])), text.features)
        assert np.array(whole["input_ids"])[special].tolist() == inner
        assert (ids[:, special] == inner).all()
        with torch.inference_mode():
            inputs = {name: torch.tensor([values]) for name, values in whole.items()}
            output = model(**inputs).logits.double().softmax(-1)[0].numpy()
        np.testing.assert_allclose(found.output, output, atol=1e-6)


@pytest.mark.parametrize("encoder", ["bert", "xlmr"])
def test_how_many_tokens_each_side_keeps(encoder: str, request: pytest.FixtureRequest) -> None:
    import pandas as pd

    tokenizer = load_tokenizer(ModelChoice(name=str(request.getfixturevalue(encoder))))
    long = "la maison est petite et le colis est en retard"
    sep, mask = tokenizer.sep_token, tokenizer.mask_token
    sides = [(long, "oui"), ("", long), (long, ""), ("", ""), (long, long), (f"a {sep} b", f"{mask} c {sep}")]
    table = pd.DataFrame(sides, columns=["text", "text_pair"])
    encoded = encode(tokenizer, table, 16)
    for (first, second), row, special in zip(sides, encoded.rows, encoded.special, strict=True):
        one, two = (tokenizer(side, add_special_tokens=False)["input_ids"] for side in (first, second))
        kept = _kept(special, 2)
        assert sum(kept) == int((~special).sum())
        features = [row["input_ids"][at] for at in np.flatnonzero(~special)]
        assert features == one[: kept[0]] + two[: kept[1]], (first, second)
    single = encode(tokenizer, table[["text"]], 16)
    for (first, _), special in zip(sides, single.special, strict=True):
        ids = tokenizer(first, add_special_tokens=False)["input_ids"]
        assert _kept(special, 1) == [min(14, len(ids))]
        assert len(text_tree(tokenizer, [first], _kept(special, 1))) == max(0, min(14, len(ids)) - 1)


def test_results_do_not_depend_on_their_neighbours(bert: Path) -> None:
    choice = ModelChoice(name=str(bert))
    tokenizer, model = load_tokenizer(choice), load_model(choice, ("a", "b"), 1)
    table = generate_reviews("test", 1, languages=("fr",))[:3]
    texts = texts_of(tokenizer, table, False, 24)
    together: list[Attribution] = list(explain(predictor(model), texts, tokenizer.mask_token_id, 30))
    for text, found in zip(texts, together, strict=True):
        (alone,) = explain(predictor(model), [text], tokenizer.mask_token_id, 30)
        np.testing.assert_array_equal(alone.values, found.values)
        assert found.evaluations <= 30 + 64
