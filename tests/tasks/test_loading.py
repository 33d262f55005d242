import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyskew.errors import DataError, UserError
from tasks import Source
from tests.tasks import made_up

SPLITS = ("train", "validation", "test")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return made_up.write_csv(tmp_path)


def change(path: str, row: int, column: str, value: Any) -> None:
    """Set one value of a csv file; rows count from 1."""
    frame = pd.read_csv(path, dtype=str)
    frame.loc[row - 1, column] = value
    frame.to_csv(path, index=False)


def message(files: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(DataError) as caught:
        made_up.task(files, **settings).load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def convert(folder: Path, files: dict[str, str], suffix: str) -> dict[str, str]:
    """Write the csv files again in another format."""
    made = {}
    for split, path in files.items():
        frame = pd.read_csv(path)
        target = folder / f"{split}{suffix}"
        made[split] = str(target)
        if suffix == ".parquet":
            frame.to_parquet(target)
        elif suffix.startswith(".jsonl"):
            frame.to_json(target, orient="records", lines=True, force_ascii=False)
        else:
            frame.to_csv(target, index=False)
    return made


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".jsonl.gz", ".csv.gz"])
def test_every_format_gives_the_same_rows(files: dict[str, str], tmp_path: Path, suffix: str) -> None:
    expected = made_up.task(files).load()
    found = made_up.task(convert(tmp_path, files, suffix)).load()
    for split in SPLITS:
        pd.testing.assert_frame_equal(getattr(found, split), getattr(expected, split))


def test_canonical_rows(files: dict[str, str]) -> None:
    splits = made_up.task(files).load()
    assert list(splits.train.columns) == ["id", "group", "text", "label", "language"]
    assert splits.train["label"].dtype == "int64"
    assert splits.train.iloc[1].tolist() == ["train1", "train1", "fr train text 1", 1, "fr"]
    assert splits.report["rows"] == {"train": 24, "validation": 24, "test": 24}


def test_a_file_for_each_language_and_numbered_rows(tmp_path: Path) -> None:
    for language in ("fr", "en"):
        (tmp_path / language).mkdir()
        made_up.write_csv(tmp_path / language, (language,))
    files = {split: str(tmp_path / "{language}" / f"{split}.csv") for split in SPLITS}
    plain = made_up.task(files, columns={}).load().train
    assert plain["id"].iloc[[0, 12]].tolist() == ["fr-train-1", "en-train-1"]
    assert plain["group"].is_unique
    parallel = made_up.task(files, columns={}, parallel=True).load().train
    assert parallel["id"].iloc[[0, 12]].tolist() == ["train-1", "train-1"]
    assert parallel.groupby("group")["language"].nunique().eq(2).all()


def test_several_files_a_split_are_numbered_on(tmp_path: Path, files: dict[str, str]) -> None:
    (tmp_path / "more").mkdir()
    more = pd.read_csv(files["train"])
    more["text"] += " more"
    more.to_csv(tmp_path / "more" / "train.csv", index=False)
    both = {**files, "train": [files["train"], str(tmp_path / "more" / "train.csv")]}
    train = made_up.task(both, columns={"language": "language"}).load().train
    assert len(train) == 48
    assert train["id"].iloc[-1] == "en-train-24"


def test_other_languages_are_left_aside(files: dict[str, str]) -> None:
    task = made_up.task(files, languages=("en",))
    assert set(task.load().train["language"]) == {"en"}


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (["no", "yes"], {}),
        ([0, 1], {}),
        (["-", "+"], {"label_values": {"no": "-", "yes": "+"}}),
        ([1, 2], {"labels": ("1", "2")}),
        ([0, 1], {"labels": ("1", "2")}),
        ([7, 3], {"label_values": {"no": 7, "yes": 3}}),
    ],
)
def test_labels_by_name_by_position_or_by_value(
    files: dict[str, str], values: list[Any], settings: dict[str, Any]
) -> None:
    for path in files.values():
        frame = pd.read_csv(path)
        frame["label"] = frame["label"].map(dict(zip(["no", "yes"], values, strict=True)))
        frame.to_csv(path, index=False)
    assert made_up.task(files, **settings).load().train["label"].tolist() == [0, 1] * 12


def test_a_wrong_column(files: dict[str, str]) -> None:
    found = message(files, columns={"id": "id", "language": "language", "text": "txt"})
    assert found == (
        f"{files['train']}: there is no column 'txt' (it has: id, text, label, language); did you mean 'text'?"
    )


def test_an_unknown_label(files: dict[str, str]) -> None:
    change(files["test"], 5, "label", "maybe")
    found = message(files)
    assert found.startswith(f"{files['test']}, row 5, column 'label': unknown label 'maybe'; known: no, yes")


def test_a_missing_label(files: dict[str, str], tmp_path: Path) -> None:
    rows = [json.dumps({"id": n, "text": f"t{n}", "label": None if n == 2 else "no", "language": "fr"}) for n in (1, 2)]
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join(rows))
    assert message({**files, "train": str(path)}) == f"{path}, line 2, column 'label': the value is missing"


def test_a_language_without_rows(files: dict[str, str]) -> None:
    frame = pd.read_csv(files["validation"])
    frame[frame["language"] == "fr"].to_csv(files["validation"], index=False)
    found = message(files)
    assert found == (
        f"{files['validation']}, column 'language': the validation split has no row in language 'en'; it has fr"
    )


def test_a_duplicate_id(files: dict[str, str]) -> None:
    change(files["train"], 9, "id", "train3")
    found = message(files)
    assert found == (
        f"{files['train']}, row 9, column 'id': the id 'train3' stands twice in language 'fr' "
        f"(first: {files['train']}, row 4)"
    )


@pytest.mark.parametrize("value", ["", "   ", "\u3000"])
def test_an_empty_text(files: dict[str, str], value: str) -> None:
    change(files["train"], 14, "text", value)
    assert message(files) == f"{files['train']}, row 14, column 'text': the text is empty"


@pytest.mark.parametrize(
    ("value", "words"), [(None, "the text is missing"), (3.5, "the text is 3.5, which is not a text")]
)
def test_a_text_that_is_none(files: dict[str, str], tmp_path: Path, value: Any, words: str) -> None:
    rows = [
        json.dumps({"id": n, "text": value if n == 3 else f"t{n}", "label": "no", "language": language})
        for language in ("fr", "en")
        for n in range(4)
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("\n\n".join(rows))  # empty lines count, so that an editor finds the line
    assert message({**files, "train": str(path)}) == f"{path}, line 7, column 'text': {words}"


def named(tmp_path: Path, name: str, content: bytes) -> str:
    (tmp_path / name).write_bytes(content)
    return str(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("a.parquet", "csv", "this is not a Parquet file, although its name says otherwise"),
        ("a.parquet", "csv.gz", "this is a gzipped file, although its name says otherwise"),
        ("a.csv", "parquet", "this is a Parquet file, although its name says otherwise"),
        ("a.csv", "csv.gz", "this is a gzipped file, although its name says otherwise"),
        ("a.csv.gz", "csv", "this is not a gzipped file, although its name says otherwise"),
        ("a.jsonl", "csv", "line 1: this is not a JSON object (Expecting value: line 1 column 1 (char 0))"),
        ("a.csv", "jsonl", "line 1: this looks like JSON lines, although the name says csv"),
        ("a.parquet", "cut", "the Parquet file is damaged"),
        ("a.csv.gz", "cut.gz", "the gzipped file is damaged or cut short"),
        ("a.csv", "empty", "the file is empty"),
        ("a.csv", "late", "a.csv, line 60002: this is not UTF-8 text (byte 0xe9 at place 11), so"),
        ("a.csv.gz", "late.gz", "a.csv.gz, line 60002: this is not UTF-8 text"),
        ("a.csv", "latin", "a.csv, line 2: this is not UTF-8 text (byte 0xe9 at place 6), so"),
        ("a.txt", "csv", "the name does not say what it is; known: .parquet, .jsonl, .json, .csv, .tsv, .jsonl.gz"),
        ("a.jsonl", "list", "this is one JSON array; wanted is one object a line"),
        ("a.csv", "ragged", "this is not a table of comma-separated values (Expected 4 fields in line 3, saw 5)"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(
    files: dict[str, str], tmp_path: Path, name: str, kind: str, words: str
) -> None:
    csv = Path(files["train"]).read_bytes()
    parquet = Path(convert(tmp_path, files, ".parquet")["train"]).read_bytes()
    # A reader takes a piece at a time and knows the place in it alone.
    late = csv.partition(b"\n")[0] + b"\n" + b"1,some words of a text,no,fr\n" * 60_000 + b"123456,caf\xe9,no,fr\n"
    content = {
        "csv": csv,
        "csv.gz": gzip.compress(csv),
        "parquet": parquet,
        "jsonl": b'{"id": 1, "text": "a"}\n',
        "cut": parquet[:100],
        "cut.gz": gzip.compress(csv)[:-20],
        "empty": b"",
        "latin": "id,text,label,language\n1,caf\xe9,no,fr\n".encode("latin-1"),
        "late": late,
        "late.gz": gzip.compress(late),
        "list": b"[1, 2]\n",
        "ragged": b"id,text,label,language\n1,a,no,fr\n2,b,no,fr,5\n",
    }[kind]
    path = named(tmp_path, name, content)
    found = message({**files, "train": path})
    assert found.startswith(path)
    assert words in found


def test_a_file_that_is_absent(files: dict[str, str]) -> None:
    assert "nowhere.csv: the file cannot be read" in message({**files, "train": "nowhere.csv"})


def test_an_unset_environment_variable_is_named(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MADE_UP_FOLDER", raising=False)
    task = made_up.task({**files, "train": "${MADE_UP_FOLDER}/train.csv"})
    with pytest.raises(UserError, match="environment variable MADE_UP_FOLDER is not set; the data path"):
        task.load()
    monkeypatch.setenv("MADE_UP_FOLDER", str(Path(files["train"]).parent))
    assert len(task.load().train) == 24


def overlapping(files: dict[str, str]) -> None:
    """One text of training also in validation, one also in test, and one of validation in test."""
    change(files["train"], 2, "text", "fr validation text 5")
    change(files["train"], 3, "text", "fr test text 5")
    change(files["validation"], 1, "text", "fr test text 7")
    # The same text in another language is another row.
    change(files["train"], 20, "text", "fr test text 7")


def test_rows_that_stand_in_two_splits_are_dropped_and_counted(files: dict[str, str]) -> None:
    overlapping(files)
    splits = made_up.task(files).load()
    assert splits.report["rows"] == {"train": 24, "validation": 24, "test": 24}
    assert splits.report["dropped"] == {
        "train": {"id": 0, "text": 2, "group": 0},
        "validation": {"id": 0, "text": 1, "group": 0},
    }
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (22, 23, 24)


def test_or_stop_the_loading_where_the_task_says_so(files: dict[str, str]) -> None:
    overlapping(files)
    found = message(files, on_overlap="error")
    assert found == (
        f"{files['train']}, row 2, column 'text': the text of this train row also stands in the validation split "
        f"({files['validation']}, row 6)"
    )


def test_no_group_stands_in_two_splits(files: dict[str, str]) -> None:
    for split, path in files.items():
        frame = pd.read_csv(path)
        frame["article"] = [f"{split} {number // 3}" for number in range(24)]
        frame.to_csv(path, index=False)
    change(files["test"], 1, "article", "train 2")
    change(files["validation"], 1, "article", "train 5")
    columns = {"id": "id", "language": "language", "group": "article"}
    splits = made_up.task(files, columns=columns).load()
    assert splits.report["dropped"]["train"] == {"id": 0, "text": 0, "group": 6}
    groups = [set(getattr(splits, split)["group"]) for split in SPLITS]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]


def test_ids_numbered_anew_in_every_split_get_a_hint(files: dict[str, str]) -> None:
    shutil.copy(files["test"], files["train"])
    assert "if ids are numbered anew in every split, leave out columns.id" in message(files)


def test_a_text_as_group_is_kept_as_a_checksum(files: dict[str, str]) -> None:
    columns = {"language": "language", "text": "text", "text_pair": "id", "group": "text"}
    train = made_up.task(files, pair=True, columns=columns).load().train
    assert train["group"].str.fullmatch("[0-9a-f]{16}").all()
    assert train["group"].nunique() == train["text"].nunique()


def test_identity_names_the_content_and_no_path(files: dict[str, str], tmp_path: Path) -> None:
    task = made_up.task(files)
    identity = task.identity()
    assert str(tmp_path) not in json.dumps(identity)
    (tmp_path / "moved").mkdir()
    moved = {split: shutil.move(path, tmp_path / "moved" / Path(path).name) for split, path in files.items()}
    again = made_up.task({split: str(path) for split, path in moved.items()})
    assert again.identity() == identity
    change(str(moved["train"]), 1, "text", "another text")
    assert again.identity() != identity


def test_identity_leaves_out_defaults_and_other_regimes(files: dict[str, str]) -> None:
    imbalanced = {"fr": (1, 2), "en": (2, 1)}
    one = made_up.task(files, regimes={"imbalanced": imbalanced})
    two = made_up.task(files, regimes={"imbalanced": imbalanced, "switched": {"fr": (2, 1), "en": (1, 2)}})
    assert "max_share" not in one.identity()
    assert one.identity("imbalanced") == two.identity("imbalanced")
    assert one.identity() != two.identity()
    assert made_up.task(files, test_cell=3).identity()["test_cell"] == 3


def test_a_generated_source_is_named_by_its_version() -> None:
    source = Source(generated="reviews", rows={"train": 5, "validation": 5, "test": 5})
    task = made_up.task({}, source=source, labels=("1", "2", "3", "4", "5"))
    assert set(task.identity()["source"]) == {"generated", "version", "rows"}


def test_the_sources_names_of_languages(tmp_path: Path) -> None:
    files = made_up.write_csv(tmp_path, languages=("fra", "en", "und"))
    task = made_up.task(files, source={"files": files, "languages": {"fr": "fra"}})
    train = task.load().train
    assert train["language"].value_counts().to_dict() == {"fr": 12, "en": 12}
    assert train["text"].iloc[0] == "fra train text 0"
    # The same bytes by other names are other rows; a name of a language that is not read changes nothing.
    plain = task.identity()["source"]
    assert plain["languages"] == {"fr": "fra"}
    more = made_up.task(files, source={"files": files, "languages": {"fr": "fra", "de": "deu"}})
    assert more.identity()["source"] == plain
    assert "languages" not in made_up.task(files).identity()["source"]


def test_names_of_languages_stand_for_them_in_file_names(tmp_path: Path) -> None:
    for name in ("english", "fr"):
        (tmp_path / name).mkdir()
        made_up.write_csv(tmp_path / name, languages=("any",))
    files = {split: str(tmp_path / "{language}" / f"{split}.csv") for split in ("train", "validation", "test")}
    task = made_up.task(files, source={"files": files, "languages": {"en": "english"}}, columns={"id": "id"})
    assert task.load().train["language"].value_counts().to_dict() == {"fr": 12, "en": 12}
    assert len(task.identity()["source"]["sha256"]["train"]) == 2
