"""CSV and JSON: what is read back is what was written, and no text is a formula."""

import csv
import io
import json
from dataclasses import asdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.board import Board
from leaderboard.reading.columns import COLUMNS
from leaderboard.tables.fields import fields_of
from leaderboard.tables.writing import one_line
from tests.leaderboard.tables.made_up import HOSTILE, hostile, row, small

FIELDS = fields_of(COLUMNS)
COMPARED = [column.name for column in COLUMNS if column.compared]


def records(board: Board) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(board.to_csv(), newline="")))


def test_old_columns_keep_their_places_and_comparisons_stand_at_the_end() -> None:
    names = list(FIELDS)
    assert names[:7] == ["task", "model", "variant", "method", "regime", "weighting", "learning_rate"]
    parts = [f"{COLUMNS[0].name}{part}" for part in ("", "_low", "_high", "_interval", "_seeds", "_reason")]
    start = names.index("accuracy")
    assert names[start : start + 6] == parts
    assert start == 16
    before = 16 + 6 * len(COLUMNS) + 6
    assert names[before : before + 2] == ["device", "precision"]
    against = [f"{name}{part}" for name in COMPARED for part in ("_vs_reference", "_vs_reference_low")]
    assert [name for name in names[before + 2 :] if name.endswith(("_vs_reference", "_low"))] == against
    assert names[-1] == f"{COMPARED[-1]}_group"
    assert len(set(names)) == len(names)


def test_comparisons_and_groups_are_written() -> None:
    told = records(Board((row(p={"accuracy": 0.03}, groups={"accuracy": "ab"}), row())))
    part = "accuracy_vs_reference"
    assert [told[0][f"{part}{end}"] for end in ("", "_low", "_high", "_p")] == ["0.1", "0", "0.2", "0.03"]
    assert told[0]["accuracy_group"] == "ab"
    assert told[1][part] == told[1][f"{part}_p"] == told[1]["accuracy_group"] == ""


def test_no_text_begins_like_a_formula_and_no_number_is_changed() -> None:
    for record in records(hostile()):
        for name, text in record.items():
            if FIELDS[name].text:
                assert not text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), (name, text)
    methods = [record["method"] for record in records(hostile())]
    for name in HOSTILE:
        plain = one_line(name)
        assert (f"'{plain}" if plain[:1] in ("=", "+", "-", "@") and plain else plain) in methods
    assert records(small())[0]["skew_uptake"] == "-0.02"
    frame = pd.read_csv(io.StringIO(hostile().to_csv()), keep_default_na=False)
    assert frame.shape == (len(hostile().rows), len(list(FIELDS)))


@given(st.text(st.characters(exclude_categories=[])))
def test_any_name_is_one_field_of_one_line(name: str) -> None:
    board = Board((row(name, notes=(name,)), row("last")))
    text = board.to_csv()
    text.encode()
    assert text.count("\n") == 3
    told = records(board)
    assert [record["seeds_planned"] for record in told] == ["3", "3"]
    assert told[0]["method"].removeprefix("'") == one_line(name).removeprefix("'")


def test_json_holds_every_number_and_every_name_as_it_is() -> None:
    told = json.loads(hostile().to_json())
    assert told["schema"] == 1
    assert set(told["units"]) == {column.name for column in COLUMNS}
    for record, one in zip(told["rows"], hostile().rows, strict=True):
        assert record == json.loads(json.dumps(asdict(one)))


def test_json_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        Board((row(numbers={"accuracy": float("nan")}),)).to_json()


def test_a_frame_has_the_columns_of_the_csv_with_numbers_as_numbers() -> None:
    frame = small().to_frame()
    assert list(frame.columns) == list(FIELDS)
    assert frame["accuracy"].tolist()[:4] == [0.61, 0.52, 0.6, 0.58]
    assert frame["accuracy"].isna().tolist() == [False] * 4 + [True]
    assert frame["accuracy"].dtype == float
    assert frame.groupby("method")["seeds_done"].sum().to_dict() == {"full": 6, "lora": 6, "houlsby": 0}
