from pathlib import Path

import pandas as pd
import pytest

from polyskew.errors import UserError
from tasks import Probe, Source, get_probe


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


def test_the_demo_corpus() -> None:
    frame = get_probe("demo_wiki").load(("fr", "ja"), 50)
    assert frame["language"].value_counts().to_dict() == {"fr": 50, "ja": 50}
