"""What stands twice, against pandas on all rows at once."""

import itertools
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.audit.duplicates import Duplicates, Finder

SPLITS = ["train", "train", "test"]

rows = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 2), st.integers(-1, 2), st.integers(-1, 2)), min_size=1, max_size=60
)


def find(frame: pd.DataFrame, batch: int = 7) -> Duplicates:
    # Hashes spread over all buckets, as those of texts do.
    hashes = frame["text"].to_numpy(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    with Finder(SPLITS) as finder:
        for part, chosen in frame.groupby("part"):
            for start in range(0, len(chosen), batch):
                some = chosen.iloc[start : start + batch]
                columns = [some[name].to_numpy(np.int64) for name in ("row", "label", "language")]
                finder.add(hashes[some.index], columns[0], int(str(part)), columns[1], columns[2])
        return finder.found([0, 1, 2])


@settings(max_examples=40)  # each makes 128 files
@given(rows)
def test_counts_are_those_of_pandas(found: list[tuple[int, int, int, int]]) -> None:
    frame = pd.DataFrame(found, columns=["text", "part", "label", "language"]).sort_values("part", ignore_index=True)
    frame["row"] = frame.groupby("part").cumcount() + 1
    frame["split"] = frame["part"].map(dict(enumerate(SPLITS)))
    twice = find(frame)
    assert twice.texts == len(frame)
    assert twice.distinct == frame["text"].nunique()
    for split, part in frame.groupby("split"):
        assert twice.repeated[str(split)] == part["text"].duplicated().sum()
    train, test = (set(frame.loc[frame["split"] == name, "text"]) for name in ("train", "test"))
    assert twice.shared == {("train", "test"): len(train & test)}
    labels = frame[frame["label"] >= 0].groupby("text")["label"].nunique()
    conflicting = labels.index[labels > 1]
    assert twice.conflicting == len(conflicting)
    assert twice.conflicting_rows == frame["text"].isin(conflicting).sum()
    languages = frame[frame["language"] >= 0].groupby("text")["language"].nunique()
    assert twice.multilingual == (languages > 1).sum()
    at = frame.set_index(["part", "row"])
    for kind, pairs in twice.examples.items():
        for first, second in pairs:
            one, other = at.loc[(first.part, first.row)], at.loc[(second.part, second.row)]
            assert one["text"] == other["text"]
            column = {"repeated": "split", "shared": "split", "conflicting": "label", "multilingual": "language"}[kind]
            assert (one[column] == other[column]) == (kind == "repeated")


def test_numbers_of_equal_labels_are_no_conflict() -> None:
    with Finder(["train"]) as finder:
        hashes = np.array([5, 5], np.uint64)
        finder.add(hashes, np.array([1, 2]), 0, np.array([0, 1]), np.array([0, 0]))
        assert finder.found([("anger", "joy"), ("anger", "joy")]).conflicting == 0
        assert finder.found([("anger",), ("joy",)]).conflicting == 1


def test_the_chance_of_a_collision_is_the_birthday_bound() -> None:
    frame = pd.DataFrame({"text": range(1000), "part": 0, "label": 0, "language": 0, "row": range(1, 1001)})
    pairs = sum(1 for _ in itertools.combinations(range(1000), 2))
    assert find(frame, 1000).chance == pytest.approx(pairs / 2**64, rel=2e-3)


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with suppress(ZeroDivisionError), Finder(["train"]) as finder:
        finder.add(np.array([1], np.uint64), np.array([1]), 0, np.array([0]), np.array([0]))
        assert list(tmp_path.iterdir())
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
