from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from polyskew.errors import UserError
from tasks import Probe, Source, get_probe, get_task


def corpus(folder: Path, sizes: dict[str, int], **settings: object) -> Probe:
    records = [
        (f"{number:03d}", f"{language} {number}", language) for language in sizes for number in range(sizes[language])
    ]
    frame = pd.DataFrame(records, columns=["id", "text", "language"]).sample(frac=1, random_state=1)
    frame.to_parquet(folder / "corpus.parquet")
    return Probe(
        name="corpus",
        languages=tuple(sizes),
        source=Source(files={"probe": (str(folder / "corpus.parquet"),)}),
        columns={"id": "id", "language": "language"},
        **settings,
    )


def test_a_fixed_nested_sample_of_the_wanted_languages(tmp_path: Path) -> None:
    probe = corpus(tmp_path, {"fr": 40, "en": 30, "de": 20})
    few, many = probe.load(("en", "fr"), 10), probe.load(("en", "fr"), 25)
    assert few["language"].tolist() == ["en"] * 10 + ["fr"] * 10
    assert list(few.columns) == ["id", "group", "text", "language"]
    assert set(few["text"]) < set(many["text"])
    # The sample of a language does not depend on the others.
    assert set(probe.load(("fr",), 10)["text"]) == set(few["text"][few["language"] == "fr"])


def test_a_short_language_lowers_all_with_a_warning(tmp_path: Path) -> None:
    probe = corpus(tmp_path, {"fr": 40, "de": 20})
    with pytest.warns(UserWarning, match="has 20 rows in its smallest language, so 20 instead of 30"):
        frame = probe.load(("fr", "de"), 30)
    assert frame["language"].value_counts().tolist() == [20, 20]


def test_a_language_that_the_corpus_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the probe corpus 'corpus' has no language 'ja'; known: de, fr"):
        corpus(tmp_path, {"fr": 4, "de": 4}).load(("fr", "ja"), 2)


def test_identity_has_no_path(tmp_path: Path) -> None:
    identity = corpus(tmp_path, {"fr": 4}, rows_per_language=4).identity()
    assert str(tmp_path) not in str(identity)
    assert identity["rows_per_language"] == 4


def with_source(folder: Path, **columns: str) -> Probe:
    records = [
        (f"{number:03d}", f"{language} {number}", language, ("news", 7)[number % 2])
        for language in ("fr", "en")
        for number in range(20)
    ]
    frame = pd.DataFrame(records, columns=["id", "text", "language", "collection"])
    frame.astype({"collection": str}).to_csv(folder / "corpus.csv", index=False)
    return Probe(
        name="corpus",
        languages=("fr", "en"),
        source=Source(files={"probe": (str(folder / "corpus.csv"),)}),
        columns={"id": "id", "language": "language", **columns},
    )


def test_where_a_text_comes_from_is_kept_where_it_is_declared(tmp_path: Path) -> None:
    probe = with_source(tmp_path, source="collection")
    frame = probe.load(("en", "fr"), 12)
    assert list(frame.columns) == ["id", "group", "text", "language", "source"]
    assert frame["source"].map(type).eq(str).all()
    assert frame["source"].tolist() == ["7" if int(number) % 2 else "news" for number in frame["id"]]
    # The column moves no row, and it is part of what the corpus is only where it is declared.
    plain = with_source(tmp_path)
    pd.testing.assert_frame_equal(frame.drop(columns="source"), plain.load(("en", "fr"), 12))
    assert plain.identity()["columns"] == {"id": "id", "language": "language"}
    assert probe.identity()["columns"] == {"id": "id", "language": "language", "source": "collection"}


def test_a_text_without_a_source_is_named(tmp_path: Path) -> None:
    probe = with_source(tmp_path, source="collection")
    frame = pd.read_csv(tmp_path / "corpus.csv", dtype=str)
    frame.loc[4, "collection"] = None
    frame.to_parquet(tmp_path / "corpus.parquet")
    probe = probe.model_copy(update={"source": Source(files={"probe": (str(tmp_path / "corpus.parquet"),)})})
    with pytest.raises(UserError, match=r"corpus.parquet, row 5, column 'collection': the value is missing"):
        probe.load(("en", "fr"), 12)


@pytest.mark.parametrize(
    ("get", "name", "words"),
    [
        (get_task, "demo_reviews", "columns.source belongs to a probe corpus"),
        (get_probe, "demo_wiki", "columns.source names a column of files or of a hub data set"),
    ],
)
def test_who_has_no_source_column(get: Callable[..., object], name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        get(name, columns={"source": "collection"})


def test_the_demo_corpus() -> None:
    frame = get_probe("demo_wiki").load(("fr", "ja"), 50)
    assert frame["language"].value_counts().to_dict() == {"fr": 50, "ja": 50}
