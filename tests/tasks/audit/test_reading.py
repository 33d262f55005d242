"""One pass over files of every kind: counts, missing values, every form of labels, and clear complaints."""

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyskew.errors import DataError
from tasks.audit import files, rows, separated
from tasks.audit.columns import Asked, choose
from tasks.audit.data import find
from tasks.audit.reading import MOST_LABELS, Found, read
from tasks.tables import read_table
from tests.tasks.audit import made_up


def audit(*paths: Path, separator: str | None = None, **columns: Any) -> Found:
    data = find([str(path) for path in paths], Asked(**columns))
    return read(data, choose(data.parts[0], data.asked), separator)


def table(found: Found, split: int = 0) -> dict[str, dict[str, int]]:
    counts = found.splits[split].counts.tolist()
    return {
        language: dict(zip(found.labels, row, strict=True))
        for language, row in zip(found.languages, counts, strict=True)
    }


@pytest.mark.parametrize("batch", [7, rows.BATCH])
@pytest.mark.parametrize("kind", made_up.KINDS)
def test_every_kind_of_file_has_the_counts_of_a_cross_table(
    kind: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BATCH", batch)
    monkeypatch.setattr(separated, "BLOCK", 40 * batch)
    frame = made_up.rows()
    frame.loc[[50, 51], "text"] = frame.loc[3, "text"]
    found = audit(made_up.write(frame, tmp_path / f"rows.{kind}"))
    assert table(found) == pd.crosstab(frame["language"], frame["label"]).T.to_dict()
    assert found.duplicates.repeated == {"all rows": 2}
    assert not found.several
    second = found.duplicates.examples["repeated"][0][1]
    assert second.row in (51, 52)


@pytest.mark.parametrize("kind", made_up.KINDS)
def test_missing_values_are_counted(kind: str, tmp_path: Path) -> None:
    frame = made_up.rows()
    frame.loc[[0, 1, 2], "text"] = None
    frame.loc[3, "text"] = "  "
    frame.loc[[2, 5], "label"] = None
    frame.loc[[7], "language"] = None
    (split,) = audit(made_up.write(frame, tmp_path / f"rows.{kind}")).splits
    assert split.rows == 60
    assert split.missing == {"text": 4, "label": 2, "language": 1}
    assert split.texts.sum() == 60 - 6


def write_labels(path: Path, labels: list[Any]) -> Path:
    lines = [{"text": f"text {n}", "label": label, "lang": "de" if n % 2 else "fr"} for n, label in enumerate(labels)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([1, 2, 10, 1], ("1", "2", "10")),
        ([1, 2.0, 10, 1.0], ("1", "2", "10")),
        ([1, 1.0, "x", 1.0], ("1", "x")),
        ([True, False, True, False], ("False", "True")),
        (["b", "a", "b", "a"], ("a", "b")),
        (["1", 2, "x", 1], ("1", "2", "x")),
    ],
)
def test_labels_of_every_type_have_one_name_each(labels: list[Any], names: tuple[str, ...], tmp_path: Path) -> None:
    assert audit(write_labels(tmp_path / "rows.jsonl", labels)).labels == names


SETS = [["joy"], ["anger", "fear"], ["fear", "anger"], [], ["joy"], ["joy", "fear"]]
BY_LANGUAGE = {"de": {"anger": 1, "fear": 2, "joy": 1}, "fr": {"anger": 1, "fear": 1, "joy": 2}}


def test_a_list_is_several_labels_and_an_empty_one_is_none(tmp_path: Path) -> None:
    found = audit(write_labels(tmp_path / "rows.jsonl", SETS))
    assert found.several
    assert table(found) == BY_LANGUAGE
    assert found.splits[0].texts.tolist() == [3, 3]
    assert found.splits[0].missing["label"] == 0


def test_a_string_is_parted_at_its_separator(tmp_path: Path) -> None:
    for separator, told in (("|", None), ("; ", ";")):
        found = audit(
            write_labels(tmp_path / "rows.jsonl", [separator.join(labels) or None for labels in SETS]), separator=told
        )
        assert found.several
        assert found.separator == separator.strip()
        assert table(found) == BY_LANGUAGE
        assert found.splits[0].missing["label"] == 1, "an empty string is a missing label"
    plain = audit(write_labels(tmp_path / "rows.jsonl", ["|".join(labels) or None for labels in SETS]), separator="")
    assert not plain.several
    assert "anger|fear" in plain.labels


def test_labels_that_hold_a_bar_but_never_recur_are_not_parted(tmp_path: Path) -> None:
    assert not audit(write_labels(tmp_path / "rows.jsonl", ["a|b", "c|d", "a|b", "e"])).several


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize("number", [int, float, bool])
def test_columns_of_0_and_1_are_several_labels(kind: str, number: type, tmp_path: Path) -> None:
    labels = ("anger", "fear", "joy")
    frame = made_up.rows(6).assign(language=["fr", "de"] * 3)
    for label in labels:
        frame[label] = [number(label in several) for several in SETS]
    found = audit(made_up.write(frame, tmp_path / f"rows.{kind}"), label=labels)
    assert found.several
    assert table(found) == BY_LANGUAGE


@given(st.lists(st.lists(st.booleans(), min_size=11, max_size=11), min_size=2, max_size=30))
def test_eleven_columns_are_counted_as_pandas_counts_them(on: list[list[bool]]) -> None:
    from tasks.audit.labels import JOINT, several

    names = [f"l{number}" for number in range(11)]
    columns = {name: pa.array([row[place] for row in on]) for place, name in enumerate(names)}
    found = several(rows.Batch(columns, np.arange(len(on))), names, "x", "row")
    values = [set(found.values[code].split(JOINT)) - {""} for code in found.codes]
    assert values == [{name for name, is_on in zip(names, row, strict=True) if is_on} for row in on]


def test_class_names_of_datasets_files_are_used(tmp_path: Path) -> None:
    info = {"info": {"features": {"label": {"names": ["negative", "positive"], "_type": "ClassLabel"}}}}
    frame = pa.table({"text": list("abcdef"), "label": [0, 1, 1, 0, 1, -1], "language": ["fr", "de"] * 3})
    path = tmp_path / "rows.parquet"
    pq.write_table(frame.replace_schema_metadata({"huggingface": json.dumps(info)}), path)
    found = audit(path)
    assert table(found) == {"de": {"negative": 1, "positive": 1}, "fr": {"negative": 1, "positive": 2}}
    assert found.splits[0].missing["label"] == 1


def test_a_pair_is_the_same_only_if_both_sides_are(tmp_path: Path) -> None:
    frame = made_up.rows(6).drop(columns="text")
    frame["premise"], frame["hypothesis"] = ["a", "a", "a", "a", "b", "b"], ["x", "y", "x", None, "xy", "y"]
    found = audit(made_up.write(frame, tmp_path / "rows.csv"))
    assert found.duplicates.texts == 5
    assert found.duplicates.repeated == {"all rows": 1}


def test_text_may_be_dictionary_encoded(tmp_path: Path) -> None:
    frame = made_up.rows()
    for name in ("text", "label", "language"):
        frame[name] = frame[name].astype("category")
    frame.to_parquet(tmp_path / "rows.parquet")
    assert table(audit(tmp_path / "rows.parquet")) == pd.crosstab(frame["language"], frame["label"]).T.to_dict()


def complaint(*paths: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        audit(*paths, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_a_line_in_another_encoding_is_named(kind: str, zipped: bool, tmp_path: Path) -> None:
    path = made_up.write(made_up.rows(), tmp_path / f"rows.{kind}")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[41] = lines[41].replace(b"text", "té".encode("latin-1"))
    content = b"".join(lines)
    path = tmp_path / f"rows.{kind}{'.gz' if zipped else ''}"
    path.write_bytes(gzip.compress(content) if zipped else content)
    message = complaint(path)
    assert f"{path}, line 42: this is not UTF-8 text (byte 0xe9" in message


def test_a_parquet_text_in_another_encoding_is_named(tmp_path: Path) -> None:
    texts = [b"a", b"b", "é".encode("latin-1"), b"d"]
    buffers = pa.array(texts, pa.binary()).buffers()
    wrong = pa.StringArray.from_buffers(4, buffers[1], buffers[2])
    frame = pa.table({"text": wrong, "label": list("xyxy"), "language": ["fr", "fr", "de", "de"]})
    pq.write_table(frame, tmp_path / "rows.parquet")
    assert "rows.parquet, row 3: this is not UTF-8 text (byte 0xe9" in complaint(tmp_path / "rows.parquet")


def test_wrong_files_and_columns_are_told(tmp_path: Path) -> None:
    frame = made_up.rows()
    good = made_up.write(frame, tmp_path / "rows.csv")
    assert "nowhere.csv: the file cannot be read (no such file" in complaint(tmp_path / "nowhere.csv")
    assert "there is no column 'texts' (it has: id, text, label, language); did you mean 'text'?" in complaint(
        good, text=("texts",)
    )
    assert "there is no column 'langs'" in complaint(good, language="langs")
    assert "column 'id': 0 or 1 is wanted" in complaint(good, label=("id", "label"))
    (tmp_path / "empty.csv").write_text("")
    assert "empty.csv: the file is empty" in complaint(tmp_path / "empty.csv")
    (tmp_path / "head.csv").write_text("text,label,language\n")
    assert "head.csv: there is no row" in complaint(tmp_path / "head.csv")
    (tmp_path / "wide.csv").write_text("text,label,language\na,b,c\nsecret,b,c,d\n")
    assert "wide.csv, row 2: 3 values are wanted, as in the header, and this row has 4" in complaint(
        tmp_path / "wide.csv"
    )
    assert "secret" not in complaint(tmp_path / "wide.csv")
    (tmp_path / "list.json").write_text('[\n{"text": "a"}]')
    assert "list.json: this is one JSON array; wanted is one object a line" in complaint(tmp_path / "list.json")
    rows = [f'{{"text": "{text}", "label": "b", "lang": "fr"}}' for text in ("\\ud83d\\ude00", "\\ude00 \\ud83d")]
    (tmp_path / "half.jsonl").write_text("\n".join(rows))
    assert "half.jsonl, line 2: \\ude00 is half of a surrogate pair" in complaint(tmp_path / "half.jsonl")
    for name, content in {"blank.jsonl": "\n\n", "blank.csv": "\n\n", "only.csv": "text,label,language"}.items():
        (tmp_path / name).write_text(content)
        assert f"{name}: there is no row" in complaint(tmp_path / name)
    (tmp_path / "wide.csv").write_bytes("text,label,language\na,b,c\n".encode("utf-16"))
    assert "wide.csv: this is UTF-16 text; convert" in complaint(tmp_path / "wide.csv")
    (tmp_path / "same.csv").write_text("text,label,language,label\na,b,c,d\n")
    assert "same.csv: 2 columns are called 'label'" in complaint(tmp_path / "same.csv")
    (tmp_path / "short.jsonl").write_text('{"text": "a", "label": "b", "lang": "fr"}\n{"text": "a", "lang": "fr"}\n')
    assert "short.jsonl, line 2: there is no column 'label'" in complaint(tmp_path / "short.jsonl")
    cut_short = tmp_path / "cut.csv.gz"
    cut_short.write_bytes(gzip.compress(made_up.rows(5000).to_csv(index=False).encode())[:-100])
    assert "cut short" in complaint(cut_short)
    (tmp_path / "no.parquet").write_bytes(b"PAR1 and nothing else")
    assert "the Parquet file is damaged" in complaint(tmp_path / "no.parquet")
    numbers = made_up.write(frame.assign(number=range(60)), tmp_path / "n.parquet")
    assert "column 'number': this holds int64, no texts" in complaint(numbers, text=("number",))
    nested = pa.table({"text": ["a"], "label": [{"x": 1}], "language": ["fr"]})
    pq.write_table(nested, tmp_path / "nested.parquet")
    assert "column 'label': this holds struct<x: int64>" in complaint(tmp_path / "nested.parquet")


QUOTES = [
    # lines from 3 on, whether something is said, and which
    ('"closed\nin time"', None),
    ('"closed later\n' + "text,good,fr\n" * 6 + 'behind"', "rows.csv, row 2: a value has 5 lines or more that look"),
    ('"verse\n' + "one, two\n" * 9 + 'end"', None),
]


@pytest.mark.parametrize(("text", "said"), QUOTES)
def test_rows_that_an_open_quote_swallows_are_told(
    text: str, said: str | None, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    (tmp_path / "rows.csv").write_text(f"text,label,language\na,good,de\n{text},bad,fr\nb,good,fr\n")
    assert audit(tmp_path / "rows.csv").splits[0].rows == 3
    read_table(tmp_path / "rows.csv", ["text"])
    told = [str(warning.message) for warning in recwarn]
    assert len(told) == (2 if said else 0), "once in an audit, once in training"
    assert all(said in one for one in told if said)


def test_a_quote_that_is_never_closed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('text,label,language\na,good,de\n"b,bad,fr\n' + "c,good,fr\n" * 40)
    assert "rows.csv, row 2: 3 values are wanted, as in the header, and this row has 1" in complaint(path)
    monkeypatch.setattr(separated, "BLOCK", 100)
    assert "so a quote that opens a value is probably not closed" in complaint(path)


@pytest.mark.parametrize("block", [60, separated.BLOCK])
def test_the_row_of_a_complaint_is_that_of_the_data(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(separated, "BLOCK", block)
    path = tmp_path / "rows.csv"
    path.write_text("text,label,language\n" + "\n\n".join(["a,good,de"] * 20) + "\nb,bad\n")
    assert "rows.csv, row 21: 3 values are wanted" in complaint(path)


def test_unusual_names_must_be_told(tmp_path: Path) -> None:
    path = made_up.write(
        made_up.rows().rename(columns={"text": "t", "label": "l", "language": "s"}), tmp_path / "r.csv"
    )
    assert "no column has a usual name for the text (it has: id, t, l, s); name it with --text" in complaint(path)
    assert "for the label" in complaint(path, text=("t",))
    assert "for the language" in complaint(path, text=("t",), label=("l",))
    assert audit(path, text=("t",), label=("l",), language="s").labels == ("bad", "good")


def test_what_cannot_hang_together_is_told(tmp_path: Path) -> None:
    frame = made_up.rows()
    one = made_up.write(frame.assign(language="fr"), tmp_path / "one.csv")
    assert "all 60 rows are in one language, 'fr', so there is nothing that labels could hang" in complaint(one)
    same = made_up.write(frame.assign(label="good"), tmp_path / "same.csv")
    assert "all rows have one label, 'good'" in complaint(same)
    none = made_up.write(frame.assign(label=None), tmp_path / "none.jsonl")
    assert "no row has text, label and language (60 have no label)" in complaint(none)


def test_lists_without_labels_and_lists_of_languages_are_told(tmp_path: Path) -> None:
    assert "no text has any label" in complaint(write_labels(tmp_path / "rows.jsonl", [[], [], []]))
    path = write_labels(tmp_path / "rows.jsonl", [["a"], ["b"]])
    assert "--separator parts strings, and the labels stand in lists" in complaint(path, separator=";")
    assert "column 'label': this holds lists; a text has one language" in complaint(
        path, label=("lang",), language="label"
    )


def test_a_measured_number_is_no_label(tmp_path: Path) -> None:
    count = MOST_LABELS + 1
    frame = pd.DataFrame(
        {
            "text": [f"text {number}" for number in range(count)],
            "label": np.random.default_rng(0).random(count),
            "language": ["fr", "de", *["en"] * (count - 2)],
        }
    )
    message = complaint(made_up.write(frame, tmp_path / "rows.parquet"))
    assert "column 'label': 1,001 distinct values, so this looks like a measured number" in message


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_memory_does_not_grow_with_the_rows(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BATCH", 200)
    monkeypatch.setattr(separated, "BLOCK", 4000)

    def peak(count: int) -> int:
        path = made_up.write(made_up.rows(count), tmp_path / f"{count}.{kind}")
        pool = pa.default_memory_pool()
        before, most = pool.bytes_allocated(), 0

        def watch(_: int) -> None:
            nonlocal most
            most = max(most, pool.bytes_allocated() - before)

        data = find([str(path)])
        tracemalloc.start()
        read(data, choose(data.parts[0], data.asked), sample=20, report=watch)
        python = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most + python

    peak(2000)  # what is imported and kept once
    assert peak(24_000) < 1.4 * peak(6000)
