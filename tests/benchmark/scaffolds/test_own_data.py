"""A task begun from the user's own files: told right, checked, and with nothing of the files changed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from benchmark.contracts.check import check
from benchmark.scaffolds.new import new
from polyskew.errors import UserError
from tasks import get_task
from tasks.declare import SPLITS
from tasks.demo.nli import generate_nli
from tasks.demo.reviews import generate_reviews
from tests.plugin_files import forgotten


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with forgotten():
        yield


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    """Generated reviews under the names of another source."""
    rows = generate_reviews("train", 60, languages=("fr", "en", "de"))
    names = {"text": "review_body", "label": "stars", "language": "lang"}
    return rows.rename(columns=names)[list(names.values())].sample(frac=1, random_state=0).reset_index(drop=True)


def test_one_file_is_dealt_out(tmp_path: Path, reviews: pd.DataFrame) -> None:
    few = reviews["lang"].eq("de") & reviews["stars"].eq(reviews["stars"].iloc[0])
    rows = pd.concat([reviews[~few], reviews[few][:49], reviews[:20]])  # too few of one cell, and copies
    rows.to_csv(tmp_path / "mine.csv", index=False)
    before = (tmp_path / "mine.csv").read_bytes()
    with pytest.warns(UserWarning, match=r"mine\.csv: left out for want of 50 rows of each label: de$"):
        file, _, grid = new("task", "mine", tmp_path, [str(tmp_path / "mine.csv")])
    task = get_task(file)
    assert task.languages == ("en", "fr"), "German has no fifty rows of each label"
    assert task.labels == ("0", "1", "2", "3", "4")
    assert task.regimes["imbalanced"] == {"en": (1, 2, 3, 4, 5), "fr": (5, 4, 3, 2, 1)}
    splits = task.load()
    counts = {
        split: getattr(splits, split).groupby(["language", "label"]).size().tolist() for split in ("train", "test")
    }
    assert counts == {"train": [48] * 10, "test": [6] * 10}
    (checked,) = check(file)
    assert checked.kept, str(checked)
    assert (tmp_path / "mine.csv").read_bytes() == before
    assert "probe_rows: 100" in grid.read_text()


def test_groups_are_dealt_out_whole(tmp_path: Path, reviews: pd.DataFrame) -> None:
    rows = reviews[reviews["lang"] != "de"]
    place = rows.groupby(["lang", "stars"]).cumcount()
    rows = rows.assign(group=rows["stars"].astype(str) + "/" + (place % 55).astype(str), id=rows.index)
    rows.to_csv(tmp_path / "mine.csv", index=False)
    file, *_ = new("task", "mine", tmp_path, [str(tmp_path / "mine.csv")])
    splits = get_task(file).load()
    groups = {split: set(getattr(splits, split)["group"]) for split in SPLITS}
    assert {split: len(found) for split, found in groups.items()} == {"train": 220, "validation": 25, "test": 30}
    assert len(set.union(*groups.values())) == 275
    assert set(splits.train["id"]) <= {str(number) for number in rows["id"]}


def test_files_of_splits_stay_where_they_are(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for split, cell in (("train", 40), ("validation", 12), ("test", 6)):
        rows = generate_nli(split, cell, languages=("fr", "en"))
        rows = rows.rename(columns={"text": "premise", "text_pair": "hypothesis"})
        rows.to_parquet(data / f"{split}.parquet")
    folder = tmp_path / "elsewhere"
    file, *_ = new("task", "mine", folder, [str(data)])
    assert "train: [../data/train.parquet]" in file.read_text()
    assert not (folder / "mine").exists()
    task = get_task(file)
    assert task.pair
    assert len(task.load().test) == 2 * 3 * 6
    (checked,) = check(file)
    assert checked.kept, str(checked)


def test_a_language_that_no_probe_corpus_has_leaves_it_out(tmp_path: Path, reviews: pd.DataFrame) -> None:
    with (tmp_path / "mine.jsonl").open("w") as out:
        for row in reviews.assign(lang=reviews["lang"].replace("fr", "gsw")).to_dict("records"):
            out.write(json.dumps(row) + "\n")
    file, _, grid = new("task", "mine", tmp_path, [str(tmp_path / "mine.jsonl")])
    assert get_task(file).probe is None
    assert "probe_rows: 0" in grid.read_text()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"stars": "what"}, "no column has a usual name for the label"),
        ({"review_body": "what"}, "no column has a usual name for the text"),
        ({"lang": "what"}, "no column has a usual name for the language .*; call it language in the file"),
    ],
)
def test_columns_that_cannot_be_told_are_named(
    tmp_path: Path, reviews: pd.DataFrame, columns: dict[str, str], sentence: str
) -> None:
    reviews.rename(columns=columns).to_csv(tmp_path / "mine.csv", index=False)
    with pytest.raises(UserError, match=sentence):
        new("task", "mine", tmp_path / "out", [str(tmp_path / "mine.csv")])
    assert not (tmp_path / "out").exists()


def test_data_that_make_no_task_are_told(tmp_path: Path, reviews: pd.DataFrame) -> None:
    reviews.groupby(["lang", "stars"]).head(4).to_csv(tmp_path / "few.csv", index=False)
    with pytest.raises(
        UserError, match=r"no language has 50 rows of each label \(0, 1, 2, 3, 4\), which ratios of 1 to 5 need"
    ):
        new("task", "mine", tmp_path / "out", [str(tmp_path / "few.csv")])
    reviews[reviews["lang"] == "fr"].to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(UserError, match="only fr has 50 rows of each label, and it takes two languages"):
        new("task", "mine", tmp_path / "out", [str(tmp_path / "one.csv")])
    with pytest.raises(UserError, match="--data takes local files, and demo_nli is none"):
        new("task", "mine", tmp_path / "out", ["demo_nli"])
    with pytest.raises(UserError, match="--data goes with a task"):
        new("loss", "mine", tmp_path / "out", [str(tmp_path / "few.csv")])
    assert not (tmp_path / "out").exists()
