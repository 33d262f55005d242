"""What DATA names: files, folders, languages in paths, tasks; and what is told where it names nothing."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from polyskew.errors import UserError
from tasks.audit.columns import Asked, choose
from tasks.audit.data import ALL, Data, find
from tasks.audit.reading import Found, read
from tests.tasks import made_up as tasks
from tests.tasks.audit import made_up


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text,label,language\n")
    return folder


def parts(data: Data) -> list[tuple[str, str | None, str]]:
    return [(part.split, part.language, Path(part.place).name) for part in data.parts]


def read_all(data: Data) -> Found:
    return read(data, choose(data.parts[0], data.asked))


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    touch(tmp_path, "test.csv", "train-00000-of-00002.csv", "train-00001-of-00002.csv", "dev.csv", "extra_train.csv")
    (tmp_path / "README.md").write_text("")
    found = find([str(tmp_path)])
    assert parts(found) == [
        ("train", None, "train-00000-of-00002.csv"),
        ("train", None, "train-00001-of-00002.csv"),
        ("validation", None, "dev.csv"),
        ("test", None, "test.csv"),
    ]
    assert found.notes == ("left out, as no file of a split: extra_train.csv",)


def test_names_with_other_words_are_read_where_none_is_plain(tmp_path: Path) -> None:
    touch(tmp_path, "reviews_train.csv", "reviews.test.csv", "latest.csv")
    found = find([str(tmp_path)])
    assert parts(found) == [("train", None, "reviews_train.csv"), ("test", None, "reviews.test.csv")]
    assert found.notes == ("left out, as no file of a split: latest.csv",)


def test_folders_may_be_called_by_the_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/0.csv", "train/1.csv", "test/0.csv")
    assert [split for split, _, _ in parts(find([str(tmp_path)]))] == ["train", "train", "test"]


def test_files_of_no_split_are_one(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", "b.csv")
    assert [split for split, _, _ in parts(find([str(tmp_path)]))] == [ALL, ALL]
    assert parts(find([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])) == [
        (ALL, None, "a.csv"),
        (ALL, None, "b.csv"),
    ]


def test_what_is_hidden_or_describes_the_data_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", ".a.csv", ".cache/b.csv", "info.json")
    found = find([str(tmp_path)])
    assert parts(found) == [(ALL, None, "a.csv")]
    assert found.notes == ("left out, as a .json file beside others: info.json",)
    (tmp_path / "a.csv").unlink()
    assert parts(find([str(tmp_path)])) == [(ALL, None, "info.json")]


def test_the_language_may_stand_in_the_path(tmp_path: Path) -> None:
    touch(tmp_path, "fr/train.csv", "de/train.csv", "de/test.csv", "README/train.csv")
    touch(tmp_path, "flat.de.csv", "flat.pt-BR.csv", "flat.de.old.csv")
    assert parts(find([f"{tmp_path}/{{language}}/train.csv"])) == [
        ("train", "README", "train.csv"),
        ("train", "de", "train.csv"),
        ("train", "fr", "train.csv"),
    ]
    named = find([f"{tmp_path}/flat.{{language}}.csv"])
    assert [language for _, language, _ in parts(named)] == ["de", "de.old", "pt-BR"]


def test_the_language_of_the_path_is_that_of_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = made_up.rows().drop(columns="language")
    for language in ("fr", "de"):
        made_up.write(frame.head(20 if language == "fr" else 60), Path(f"data/{language}.jsonl.gz"))
    found = read_all(find(["data/{language}.jsonl.gz"]))
    assert dict(zip(found.languages, found.splits[0].texts.tolist(), strict=True)) == {"de": 60, "fr": 20}
    assert found.duplicates.multilingual == 20


def test_splits_are_chosen(tmp_path: Path) -> None:
    touch(tmp_path, "train.csv", "test.csv")
    assert [split for split, _, _ in parts(find([str(tmp_path)], splits=["test"]))] == ["test"]
    with pytest.raises(UserError, match="has no split 'tets'; did you mean 'test'"):
        find([str(tmp_path)], splits=["tets"])


def test_a_task_is_read_as_it_is_declared(tmp_path: Path) -> None:
    paths = tasks.write_csv(tmp_path)
    frame = pd.read_csv(paths["train"])
    pd.concat([frame, frame.head(3).assign(language="es")]).to_csv(paths["train"], index=False)
    (tmp_path / "task.yaml").write_text(
        "name: made_up\nlanguages: [fr, en]\nlabels: [bad, good]\nlabel_values: {bad: no, good: yes}\n"
        "source: {files: {train: train.csv, validation: validation.csv, test: test.csv}, languages: {fr: fr}}\n"
        "columns: {id: id, language: language}\n"
    )
    found = read_all(find([str(tmp_path / "task.yaml")]))
    assert found.labels == ("bad", "good")
    assert [split.name for split in found.splits] == ["train", "validation", "test"]
    assert found.splits[0].counts.tolist() == [[6, 6], [6, 6]], (
        "rows of a language that is not asked for are left aside"
    )
    assert found.splits[0].missing["language"] == 0


def test_a_shipped_task_is_read_by_name() -> None:
    found = read_all(find(["demo_nli"], splits=["test"]))
    assert found.languages == ("en", "fr")
    assert found.labels == ("entailment", "neutral", "contradiction")
    assert (found.splits[0].counts == found.splits[0].counts[0, 0]).all()


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (
            ["demo_revews"],
            {},
            "is neither a file or folder, nor ORG/NAME on the hub, nor a task; did you mean 'demo_reviews'",
        ),
        (["rows.csv"], {"config": "en"}, "--config goes with a data set on the hub, and rows.csv is none"),
        (["demo_reviews"], {"revision": "main"}, "--revision goes with a data set on the hub"),
        (["a.csv", "b.csv"], {"config": "en"}, "--config goes with a data set on the hub"),
        (
            ["nowhere/{language}.csv"],
            {},
            "nowhere/{language}.csv: there is no file of this name, whatever the language",
        ),
        (["none.yaml"], {}, "none.yaml does not exist"),
        (["."], {}, "there is no data file in this folder"),
        ([".", "a.csv"], {}, ". is a folder; give one folder alone, or several files"),
    ],
)
def test_what_names_nothing_is_told(
    data: list[str], options: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as caught:
        find(data, Asked(), **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
