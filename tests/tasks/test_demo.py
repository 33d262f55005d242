"""The demo corpora: sizes, splits, determinism, readability, and how much of the labels can be learnt."""

import hashlib
import re
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from polyskew.errors import UserError
from tasks.demo import GENERATOR_VERSION, generate_nli, generate_reviews, generate_wiki
from tasks.demo.nli_logic import Concepts
from tasks.demo.reviews import GRADE_WEIGHTS, STARS
from tasks.demo.stream import SPLITS, Draws, load_lexicon

REVIEWS = ["fr", "es", "ja", "de", "en", "zh"]
# sha256 over all columns of small corpora, by GENERATOR_VERSION. A new text needs a new version.
GOLDEN = {1: "1f9e1a2ddb3e1f97d824b624d63a31f954a3d52085cd194602187a4862449929"}


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    return generate_reviews("train", 200)


@pytest.fixture(scope="module")
def nli() -> pd.DataFrame:
    return generate_nli("train", 1000)


@pytest.fixture(scope="module")
def wiki() -> pd.DataFrame:
    return generate_wiki(300)


def test_reviews_have_the_canonical_columns_and_exact_counts(reviews: pd.DataFrame) -> None:
    assert list(reviews) == ["id", "group", "text", "label", "language"]
    assert reviews.label.dtype == np.int64
    sizes = reviews.groupby(["language", "label"]).size()
    assert len(sizes) == 30
    assert set(sizes) == {200}
    assert sorted(reviews.label.unique()) == [0, 1, 2, 3, 4]
    assert list(reviews.language.unique()) == REVIEWS
    assert reviews.id.is_unique
    assert not reviews.duplicated(["language", "text"]).any()
    assert all(isinstance(value, str) for value in reviews[["id", "group", "text", "language"]].to_numpy().ravel())


def test_nli_has_the_canonical_columns_and_exact_counts(nli: pd.DataFrame) -> None:
    assert list(nli) == ["id", "group", "text", "text_pair", "label", "language"]
    assert nli.label.dtype == np.int64
    sizes = nli.groupby(["language", "label"]).size()
    assert len(sizes) == 6
    assert set(sizes) == {1000}
    assert nli.id.is_unique
    assert not nli.duplicated(["language", "text", "text_pair"]).any()
    assert set(nli.groupby(["language", "group"]).size()) == {3}
    assert set(nli.groupby(["language", "group"]).text.nunique()) == {1}
    assert set(nli.groupby(["language", "group"]).label.nunique()) == {3}
    assert not (nli.text == nli.text_pair).any()


def test_nli_is_parallel(nli: pd.DataFrame) -> None:
    groups = nli.groupby("language").group.apply(list)
    assert groups["fr"] == groups["en"]


def test_wiki_has_the_canonical_columns_and_exact_counts(wiki: pd.DataFrame) -> None:
    assert list(wiki) == ["id", "group", "text", "language"]
    assert wiki.language.value_counts().to_dict() == dict.fromkeys(REVIEWS, 300)
    assert wiki.id.is_unique
    assert wiki.text.is_unique
    assert wiki.groupby("group").language.nunique().max() == 1


def test_the_promised_sizes_are_available() -> None:
    assert len(generate_reviews("validation", 150)) == 150 * 30
    assert len(generate_reviews("test", 200)) == 200 * 30
    assert len(generate_reviews("train", 1000, languages=["zh"])) == 5000
    assert len(generate_nli("validation", 150)) == 900
    assert len(generate_nli("test", 200)) == 1200


@pytest.mark.parametrize("generate", [generate_reviews, generate_nli])
@pytest.mark.parametrize("split", SPLITS)
def test_more_rows_keep_the_earlier_ones(generate: Callable[..., pd.DataFrame], split: str) -> None:
    small, large = generate(split, 7), generate(split, 30)
    if generate is generate_reviews:
        large = large.groupby(["language", "label"]).head(7)
    else:
        large = large[large.group.isin(set(small.group))]
    pd.testing.assert_frame_equal(small, large.reset_index(drop=True))


def test_more_wiki_rows_keep_the_earlier_ones(wiki: pd.DataFrame) -> None:
    small = generate_wiki(11)
    pd.testing.assert_frame_equal(small, wiki.groupby("language").head(11).reset_index(drop=True))


def test_a_language_does_not_depend_on_the_others() -> None:
    for generate, other in [(generate_reviews, "ja"), (generate_nli, "en")]:
        alone = generate("test", 9, languages=[other])
        mixed = generate("test", 9)
        pd.testing.assert_frame_equal(alone, mixed[mixed.language == other].reset_index(drop=True))


def test_splits_share_no_text(reviews: pd.DataFrame, nli: pd.DataFrame) -> None:
    for generate, train in [(generate_reviews, reviews), (generate_nli, nli)]:
        tables = [train, generate("validation", 100), generate("test", 100)]
        for one, two in combinations(tables, 2):
            assert not set(one.text) & set(two.text)
            assert not set(one.group) & set(two.group)


def test_golden_text_goes_with_the_version() -> None:
    tables = [generate(split, 25) for generate in (generate_reviews, generate_nli) for split in SPLITS]
    tables.append(generate_wiki(60))
    digest = hashlib.sha256()
    for table in tables:
        for row in table.itertuples(index=False):
            digest.update("\t".join(map(str, row)).encode("utf-8"))
    assert digest.hexdigest() == GOLDEN[GENERATOR_VERSION], "text changed: raise GENERATOR_VERSION, add its hash"


def test_texts_are_tidy(reviews: pd.DataFrame, nli: pd.DataFrame, wiki: pd.DataFrame) -> None:
    spaced = re.compile(r"[{}]|  | ,| \.|\.\.|,,|。。|，，|、、|None|^\s|\s$")
    texts = pd.concat([reviews.text, nli.text, nli.text_pair, wiki.text])
    assert not texts[texts.str.contains(spaced)].tolist()
    assert texts.str.match(r"^[^a-zà-ÿ]").all()
    assert texts.str.match(r"^.*[.。]$").all()


def test_chinese_and_japanese_have_no_spaces_or_western_marks(reviews: pd.DataFrame, wiki: pd.DataFrame) -> None:
    both = pd.concat([reviews, wiki])
    texts = both[both.language.isin(["ja", "zh"])].text
    assert not texts[texts.str.contains(r"[\s,.:;!?]")].tolist()
    assert not both[both.language == "ja"].text.str.contains("，").any()


def test_french_elides_before_vowels(reviews: pd.DataFrame, nli: pd.DataFrame, wiki: pd.DataFrame) -> None:
    both = pd.concat([reviews[["text", "language"]], nli[["text", "language"]], wiki[["text", "language"]]])
    texts = both[both.language == "fr"].text
    wrong = r"(?i)\b(?:le|la|de|ne|je|que|ce) [aeiouéèêàâ]|\bde les?\b|\bà les?\b"
    assert not texts[texts.str.contains(wrong)].tolist()


def test_review_lexicons_are_complete() -> None:
    model = load_lexicon("reviews_en")
    for language in REVIEWS:
        lexicon = load_lexicon(f"reviews_{language}")
        assert set(lexicon["slots"]) == set(model["slots"])
        phrases = []
        for star in STARS:
            assert list(lexicon["opinions"][star]) == list(model["opinions"][star])
            graded = [phrase for aspect in lexicon["opinions"][star].values() for phrase in aspect]
            assert len(graded) >= 10
            phrases += graded
        assert len(set(phrases)) == len(phrases), language
        assert all(isinstance(phrase, str) for phrase in phrases)


def test_nli_words_cover_the_concepts_one_to_one() -> None:
    concepts = Concepts()
    for language in ("fr", "en"):
        words = load_lexicon(f"nli_{language}")
        assert set(words["subjects"]) == set(concepts.subjects) | set(concepts.class_of)
        assert set(words["actions"]) == set(concepts.actions) | set(concepts.family_of)
        assert set(words["places"]) == set(concepts.places) | set(concepts.side_of)
        assert set(words["extras"]) == set(concepts.extras)
        for part in ("subjects", "actions"):
            forms = [form for entry in words[part].values() for form in entry]
            assert len(set(forms)) == len(forms)
    for family, entry in concepts.actions.items():
        assert family not in entry["against"]
        assert set(entry["against"]) <= set(concepts.actions)


def test_neutral_words_carry_no_label(reviews: pd.DataFrame) -> None:
    strengths = []
    for language, table in reviews.groupby("language"):
        texts, labels = table.text.str.lower().tolist(), table.label.to_numpy()
        lexicon = load_lexicon(f"reviews_{language}")
        opinions = str(lexicon["opinions"])
        fillers = [filler for options in lexicon["slots"].values() for filler in options]
        fillers += [item[1] for item in lexicon["items"]]
        for filler in fillers:
            if filler in opinions:
                continue
            has = np.array([filler.lower() in text for text in texts])
            counts = [np.bincount(labels[has == value], minlength=5) for value in (False, True)]
            joint = np.array(counts) / len(table)
            expected = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
            cells = joint > 0
            information = (joint[cells] * np.log(joint[cells] / expected[cells])).sum()
            # Twice the rows times the information is chi-squared with 4 degrees of freedom.
            strengths.append(2 * len(table) * information)
    assert len(strengths) > 300
    assert np.mean(strengths) == pytest.approx(4, abs=0.8)
    assert max(strengths) < 26


def test_opinions_scatter_around_the_star(reviews: pd.DataFrame) -> None:
    lexicon = load_lexicon("reviews_en")["opinions"]
    english = reviews[reviews.language == "en"]
    grades: dict[int, list[int]] = {label: [] for label in range(5)}
    for text, label in zip(english.text.str.lower(), english.label, strict=True):
        for grade, aspects in lexicon.items():
            found = sum(phrase.lower() in text for aspect in aspects.values() for phrase in aspect)
            grades[label] += [grade] * found
    means = [np.mean(values) for values in grades.values()]
    assert means == sorted(means)
    assert 0.05 < np.mean(np.array(grades[2]) == 2) < 0.4
    assert len(GRADE_WEIGHTS) == 5


def test_reviews_can_be_learnt_but_not_perfectly(reviews: pd.DataFrame) -> None:
    some = ["fr", "en", "zh"]
    train, test = reviews[reviews.language.isin(some)], generate_reviews("test", 50, languages=some)
    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(2, 4), max_features=8_000),
        LogisticRegression(C=3, max_iter=100, tol=1e-3),
    )
    model.fit(train.text, train.label)
    accuracy = model.score(test.text, test.label)
    assert 0.45 < accuracy < 0.80


def _overlap(table: pd.DataFrame) -> list[str]:
    """Words of the hypothesis marked as shared with the premise or new, and words it left out."""
    marked = []
    for premise, hypothesis in zip(table.text.str.lower(), table.text_pair.str.lower(), strict=True):
        old, new = re.findall(r"\w+", premise), re.findall(r"\w+", hypothesis)
        words = [f"same_{word}" if word in old else f"new_{word} new_any" for word in new]
        marked.append(" ".join(words + [f"gone_{word}" for word in old if word not in new]))
    return marked


def test_nli_needs_the_premise(nli: pd.DataFrame) -> None:
    test = generate_nli("test", 150)
    both = make_pipeline(CountVectorizer(), LogisticRegression(C=0.3, max_iter=200))
    accuracy = both.fit(_overlap(nli), nli.label).score(_overlap(test), test.label)
    alone = make_pipeline(CountVectorizer(), LogisticRegression(C=0.3, max_iter=200))
    blind = alone.fit(nli.text_pair, nli.label).score(test.text_pair, test.label)
    assert 0.6 < accuracy < 0.95
    assert blind < 0.56
    assert accuracy > blind + 0.15


def test_draws_are_uniform_and_named() -> None:
    one, same, other = Draws("a", 1), Draws("a", 1), Draws("a", 2)
    first = [one.below(10) for _ in range(2000)]
    assert first == [same.below(10) for _ in range(2000)]
    assert first != [other.below(10) for _ in range(2000)]
    assert np.bincount(first, minlength=10).min() > 150
    assert sorted(one.shuffled(list("abcde"))) == list("abcde")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: generate_reviews("dev", 3), "unknown split"),
        (lambda: generate_reviews("test", 0), "at least 1"),
        (lambda: generate_reviews("test", 3, languages=["ko"]), "'ko'"),
        (lambda: generate_nli("test", 3, languages=["fr", "fr"]), "distinct"),
        (lambda: generate_nli("test", 3, languages="fr"), "list of codes"),
        (lambda: generate_wiki(5, languages=[]), "at least one"),
        (lambda: generate_wiki(100_000), "different texts"),
    ],
)
def test_impossible_requests_are_refused(call: Callable[[], pd.DataFrame], message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()


def test_a_used_up_review_lexicon_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = dict(load_lexicon("reviews_en"))
    tiny["opinions"] = {
        star: {aspect: phrases[:1] for aspect, phrases in aspects.items()} for star, aspects in tiny["opinions"].items()
    }
    tiny["items"], tiny["openers"] = tiny["items"][:1], ["well, "]
    tiny["neutral"] = {topic: templates[:1] for topic, templates in tiny["neutral"].items()}
    tiny["slots"] = {slot: options[:1] for slot, options in tiny["slots"].items()}
    monkeypatch.setattr("tasks.demo.reviews.PATIENCE", 50)
    monkeypatch.setattr("tasks.demo.reviews.load_lexicon", lambda _: tiny)
    with pytest.raises(UserError, match="gives only"):
        generate_reviews("validation", 50_000, languages=["en"])
