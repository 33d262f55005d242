"""Trees: shap's, without what the model does not see; words joined."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shap
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.attributions.texts import kept_tokens
from benchmark.attributions.trees import depths, join, join_words, node_masks, restrict, shap_tree, text_tree
from benchmark.encoding import encode
from benchmark.models import ModelChoice
from benchmark.models.loading import load_tokenizer
from polyskew.errors import UserError
from tasks.demo.reviews import generate_reviews
from tests.benchmark.attributions.conftest import SCRIPTS, Encoder
from tests.benchmark.attributions.games import members, texts_of, trees


@settings(max_examples=150, deadline=None)
@given(trees(1, 16), st.data())
def test_a_restricted_tree_keeps_leaves_and_order(tree: np.ndarray, data: Any) -> None:
    count = len(tree) + 1
    leaves = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1))), dtype=int)
    found = restrict(tree, leaves)
    assert found.shape == (len(leaves) - 1, 2)
    assert restrict(tree, leaves[:0]).shape == (0, 2)
    place = {int(leaf): index for index, leaf in enumerate(leaves)}
    wanted = [tuple(place[leaf] for leaf in node if leaf in place) for node in members(tree)[count:]]
    distinct = [node for node in dict.fromkeys(wanted) if len(node) > 1]
    assert members(found)[len(leaves) :] == distinct, "the groups are those of the tree, in its order"
    np.testing.assert_array_equal(restrict(tree, np.arange(count)), tree)


@settings(max_examples=60, deadline=None)
@given(trees(1, 14))
def test_depths_and_masks(tree: np.ndarray) -> None:
    count = len(tree) + 1
    groups = members(tree)
    masks = node_masks(tree)
    assert [tuple(np.flatnonzero(row)) for row in masks] == [tuple(sorted(group)) for group in groups]
    above = [sum(set(group) < set(other) for other in groups) for group in groups]
    assert depths(tree).tolist() == above
    assert len(groups) == 2 * count - 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), trees(1, 6)), max_size=4))
def test_joined_trees_stand_side_by_side(parts: list[np.ndarray | None]) -> None:
    counts = [0 if part is None else len(part) + 1 for part in parts]
    empty = np.zeros((0, 2), dtype=np.int32)
    found = join([empty if part is None else part for part in parts], counts)
    assert found.shape == (max(0, sum(counts) - 1), 2)
    groups = set(members(found)) if sum(counts) else set()
    for part, count, offset in zip(parts, counts, np.cumsum([0, *counts]), strict=False):
        if part is not None:
            assert {tuple(int(offset) + leaf for leaf in group) for group in members(part)} <= groups
            assert tuple(range(int(offset) + count)) in groups, "joined from the left"


@settings(max_examples=100, deadline=None)
@given(trees(1, 14), st.data())
def test_words_are_groups_and_the_rest_is_the_trees_own(tree: np.ndarray, data: Any) -> None:
    count = len(tree) + 1
    words: list[int | None] = [0]
    for place in range(1, count):
        words.append(data.draw(st.sampled_from([words[-1], place, None])))
    found = join_words(tree, words)
    assert found.shape == tree.shape
    groups = set(members(found))
    starts = [at for at in range(count) if at == 0 or words[at] is None or words[at] != words[at - 1]]
    spans = [tuple(range(start, stop)) for start, stop in zip(starts, [*starts[1:], count], strict=True)]
    assert set(spans) <= groups
    for span in spans:  # inside a word and between words, the tree is that over those leaves
        inner = [tuple(span[leaf] for leaf in group) for group in members(restrict(tree, np.array(span)))]
        assert set(inner) <= groups
    over = members(restrict(tree, np.array(starts)))
    assert {tuple(leaf for word in group for leaf in spans[word]) for group in over} <= groups
    assert join_words(tree[:0], []).shape == (0, 2)
    np.testing.assert_array_equal(join_words(tree, [None] * count), tree)
    np.testing.assert_array_equal(join_words(tree, [7] * count), tree)


def test_a_texts_tree_is_shaps_without_special_tokens(encoder: Encoder) -> None:
    tokenizer, _ = encoder
    for text in [*generate_reviews("test", 2, languages=("fr", "ja", "en"))["text"], *SCRIPTS]:
        special = tokenizer(text, return_special_tokens_mask=True)["special_tokens_mask"]
        kept = np.flatnonzero(np.array(special) == 0)
        place = {int(leaf): index for index, leaf in enumerate(kept)}
        whole = shap.maskers.Text(tokenizer).clustering(text)
        groups = [tuple(place[leaf] for leaf in node if leaf in place) for node in members(whole)[len(special) :]]
        found = text_tree(tokenizer, [text], [len(kept)])
        assert members(found)[len(kept) :] == [group for group in dict.fromkeys(groups) if len(group) > 1]
        np.testing.assert_array_equal(text_tree(tokenizer, [text], [5]), restrict(found, np.arange(min(5, len(kept)))))


def test_a_pairs_tree_joins_the_sides_at_the_root(encoder: Encoder) -> None:
    tokenizer, _ = encoder
    sides = ["la maison est petite", "the house"]
    counts = [len(tokenizer.tokenize(side)) for side in sides]
    tree = text_tree(tokenizer, sides, counts)
    one, two = (text_tree(tokenizer, [side], [count]) for side, count in zip(sides, counts, strict=True))
    groups = members(tree)[sum(counts) :]
    assert groups[-1] == tuple(range(sum(counts)))
    first = members(one)[counts[0] :]
    second = [tuple(leaf + counts[0] for leaf in group) for group in members(two)[counts[1] :]]
    assert groups[:-1] == [*first, *second]
    np.testing.assert_array_equal(text_tree(tokenizer, ["", sides[1]], [0, counts[1]]), two)
    np.testing.assert_array_equal(text_tree(tokenizer, [sides[0], ""], [counts[0], 0]), one)
    assert text_tree(tokenizer, ["", ""], [0, 0]).shape == (0, 2)


def test_words_of_other_scripts_are_one_group() -> None:
    """Shap joins pieces that begin with A to Z; the option joins those of Arabic and Hindi words as well."""
    tokenizer = load_tokenizer(ModelChoice(name="tiny-polyglot"))
    text = SCRIPTS[0]
    encoded = tokenizer(text, add_special_tokens=False)
    numbers = encoded.word_ids()
    words = [tuple(at for at, word in enumerate(numbers) if word == number) for number in dict.fromkeys(numbers)]
    several = {word for word in words if len(word) > 1}
    assert len(several) >= 2
    plain = set(members(text_tree(tokenizer, [text], [len(numbers)])))
    joined = set(members(text_tree(tokenizer, [text], [len(numbers)], words=True)))
    assert several <= joined
    assert not several <= plain


def test_a_tree_is_built_once_for_all_models_of_a_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.attributions import trees as module

    first = load_tokenizer(ModelChoice(name="tiny-polyglot"))
    second = type(first).from_pretrained(first.name_or_path)
    assert first is not second
    tree = shap_tree(first, "a sentence that stands in no other test")

    class Broken:
        def __init__(self, tokenizer: object) -> None:
            raise AssertionError("built again")

    monkeypatch.setattr(module, "ShapText", Broken)
    assert shap_tree(second, "a sentence that stands in no other test") is tree


def test_how_many_tokens_each_side_keeps(encoder: Encoder) -> None:
    tokenizer, _ = encoder
    long = "la maison est petite et le colis est en retard"
    sep, mask = tokenizer.sep_token, tokenizer.mask_token
    sides = [(long, "oui"), ("", long), (long, ""), ("", ""), (long, long), (f"a {sep} b", f"{mask} c {sep}")]
    table = pd.DataFrame(sides, columns=["text", "text_pair"])
    encoded = encode(tokenizer, table, 16)
    for (first, second), row, special in zip(sides, encoded.rows, encoded.special, strict=True):
        one, two = (tokenizer(side, add_special_tokens=False)["input_ids"] for side in (first, second))
        kept = kept_tokens(special, 2)
        assert sum(kept) == int((~special).sum())
        features = [row["input_ids"][at] for at in np.flatnonzero(~special)]
        assert features == one[: kept[0]] + two[: kept[1]], (first, second)
    single = encode(tokenizer, table[["text"]], 16)
    for (first, _), special in zip(sides, single.special, strict=True):
        ids = tokenizer(first, add_special_tokens=False)["input_ids"]
        assert kept_tokens(special, 1) == [min(14, len(ids))]


@pytest.mark.parametrize("max_length", [64, 12])
def test_texts_are_what_the_model_was_trained_on(encoder: Encoder, max_length: int) -> None:
    tokenizer, _ = encoder
    sides = [("la maison est  petite", "the house 😀"), ("", "oui"), ("本は良い", SCRIPTS[1]), ("oui", "")]
    pairs = pd.DataFrame(sides, columns=["text", "text_pair"])
    assert len(texts_of(tokenizer, pairs, max_length, words=True)) == len(sides), "empty sides have no words"
    for text, (first, second) in zip(texts_of(tokenizer, pairs, max_length), sides, strict=True):
        whole = tokenizer([first], [second], truncation=True, max_length=max_length)
        assert text.ids.tolist() == whole["input_ids"][0]
        assert (text.types is None) == ("token_type_ids" not in whole)
        assert text.types is None or text.types.tolist() == whole["token_type_ids"][0]
        assert len(text.children) == max(0, len(text.features) - 1)
        assert len(text.pieces) == len(text.features)
        assert first.startswith("".join(text.pieces[: text.second]))
        assert second.startswith("".join(text.pieces[text.second :]))
    for text, (first, _) in zip(texts_of(tokenizer, pairs[["text"]], 64), sides, strict=True):
        assert "".join(text.pieces) == first
        assert text.second == len(text.features)


def test_a_words_mark_does_not_take_a_letter_of_its_first_piece(xlmr_encoder: Encoder) -> None:
    tokenizer, _ = xlmr_encoder
    seen = set()
    for text in ["本は良い", "ok x9 本", "lé 😀😀"]:
        (found,) = texts_of(tokenizer, pd.DataFrame({"text": [text]}), 64)
        tokens = tokenizer.convert_ids_to_tokens(found.ids[found.features].tolist())
        for token, piece in zip(tokens, found.pieces, strict=True):
            if token == "▁":
                seen.add(token)
                assert piece.strip() == "", (text, tokens, found.pieces)
            elif token != tokenizer.unk_token:
                assert piece.strip() == token.replace("▁", ""), (text, tokens, found.pieces)
    assert seen, "a mark stood alone"


def test_a_tokenizer_that_cuts_on_the_left_is_refused() -> None:
    tokenizer = type(first := load_tokenizer(ModelChoice(name="tiny-polyglot"))).from_pretrained(first.name_or_path)
    tokenizer.truncation_side = "left"
    table = pd.DataFrame({"text": ["la maison est petite et le colis est en retard"]})
    with pytest.raises(UserError, match="does not keep the beginning of a text"):
        texts_of(tokenizer, table, 8)
    assert texts_of(tokenizer, table, 64)[0].length > 8
