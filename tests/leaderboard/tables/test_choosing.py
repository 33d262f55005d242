"""Sorting against pandas, sections, columns; and that they work in every format and on the command line."""

import csv
import io
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from benchmark.cli import app
from leaderboard.board import Board
from leaderboard.reading.columns import COLUMNS
from leaderboard.tables.choosing import sections
from leaderboard.tables.fields import NAMES, fields_of
from polyskew.errors import UserError
from tests.leaderboard.tables.made_up import row, small

VALUES = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 0.25, 0.5]))
CHOSEN = {"columns": ["accuracy"], "group": ["regime"]}


@given(st.lists(st.tuples(st.sampled_from(["", "b", "a"]), VALUES, VALUES), max_size=12), st.permutations(range(3)))
def test_rows_are_sorted_as_pandas_sorts_them_with_what_is_missing_last(
    made: list[tuple[str, float | None, float | None]], order: list[int]
) -> None:
    rows = [row(f"m{n}", a, numbers={"accuracy": b, "macro_f1": c}) for n, (a, b, c) in enumerate(made)]
    keys = [("regime", True), ("accuracy", False), ("macro_f1", True)]
    keys = [keys[place] for place in order]
    found = Board(tuple(rows)).sort(*(name if rising else f"-{name}" for name, rising in keys))
    frame = pd.DataFrame(
        [{"name": f"m{n}", "regime": a or None, "accuracy": b, "macro_f1": c} for n, (a, b, c) in enumerate(made)],
        columns=["name", "regime", "accuracy", "macro_f1"],
    )
    for name, rising in reversed(keys):  # one by one and stable: pandas puts NaN last for all keys alike
        frame = frame.sort_values(name, ascending=rising, kind="stable", na_position="last")
    assert [one.method for one in found.rows] == frame["name"].tolist()


def test_sections_keep_the_order_of_rows_and_hold_each_once() -> None:
    board = small().sort("-accuracy")
    assert [(title, [one.method for one in rows]) for title, rows in sections(board, ["regime"])] == [
        ("balanced", ["full", "lora"]),
        ("imbalanced", ["lora", "full", "houlsby"]),
    ]
    assert [title for title, _ in sections(board, ["method", "weighting"])] == [
        "full · none",
        "lora · none",
        "lora · per_language",
        "houlsby · none",
    ]
    untuned = Board((row("untuned", "", ""), *board.rows))
    assert [title for title, _ in sections(untuned, ["regime"])] == ["no regime", "balanced", "imbalanced"]


def test_the_untuned_model_stands_in_the_first_section_of_its_task_and_model() -> None:
    untuned, gentle, rough = row("untuned", "", ""), row(variant="recipe=gentle"), row(variant="recipe=rough")
    alone = row("untuned", "", "", task="other")
    assert sections(Board((untuned, gentle, rough, alone))) == [
        ("reviews · tiny · recipe=gentle", [untuned, gentle]),
        ("reviews · tiny · recipe=rough", [rough]),
        ("other · tiny", [alone]),
    ]
    assert sections(Board((rough, gentle, untuned)))[0] == ("reviews · tiny · recipe=rough", [rough, untuned])


def test_each_format_shows_the_chosen_columns_of_the_chosen_rows_in_order() -> None:
    board = small().where("accuracy > .55").sort("-accuracy")
    for text in (board.to_text(120, **CHOSEN), board.to_markdown(**CHOSEN), board.to_latex(**CHOSEN)):
        assert text.index(".610") < text.index(".600") < text.index(".580")
        assert "houlsby" not in text
        assert "uptake" not in text
    assert "uptake" not in board.to_html(**CHOSEN)
    records = list(csv.DictReader(io.StringIO(board.to_csv(["accuracy", "status"], ["regime"]))))
    assert [float(record["accuracy"]) for record in records] == [0.61, 0.6, 0.58]
    assert list(records[0])[:10] == [*NAMES, "accuracy", "accuracy_low", "accuracy_high"]
    assert {"accuracy_vs_reference_p", "accuracy_group", "status"} < set(records[0])
    assert not any(name.startswith(("macro_f1", "leakage")) for name in records[0])
    told = json.loads(board.to_json(["accuracy"]))
    assert [one["numbers"]["accuracy"]["value"] for one in told["rows"]] == [0.61, 0.6, 0.58]
    assert {name for one in told["rows"] for name in one["numbers"]} == {"accuracy"}
    assert told["units"] == {"accuracy": "share"}


def test_rows_of_a_group_stand_together_in_csv_and_json() -> None:
    board = Board((row("a", "x"), row("b", "y"), row("c", "x")))
    records = csv.DictReader(io.StringIO(board.to_csv(group=["regime"])))
    assert [record["method"] for record in records] == ["a", "c", "b"]
    assert [one["method"] for one in json.loads(board.to_json(group=["regime"]))["rows"]] == ["a", "c", "b"]
    assert [record["method"] for record in csv.DictReader(io.StringIO(board.to_csv()))] == ["a", "b", "c"]


def test_nothing_left_is_said() -> None:
    none = small().where("accuracy > 2")
    assert none.to_text() == "no rows\n"
    assert none.to_markdown() == "no rows\n"
    assert "No rows." in none.to_html()
    assert none.to_csv() == ",".join(fields_of(COLUMNS)) + "\n"
    assert json.loads(none.to_json())["rows"] == []


@pytest.mark.parametrize("write", ["to_text", "to_markdown", "to_latex", "to_html", "to_csv", "to_json", "to_table"])
def test_a_wrong_name_is_one_sentence_in_every_format(write: str) -> None:
    with pytest.raises(UserError, match="the board has no column 'acuracy'; did you mean 'accuracy'"):
        getattr(small(), write)(columns=["acuracy"])
    with pytest.raises(UserError, match="the board has no column 'accuracy_low'; did you mean"):
        getattr(small(), write)(columns=["accuracy_low"])
    with pytest.raises(UserError, match="the board has no column 'regim'; did you mean 'regime'"):
        getattr(small(), write)(group=["regim"])
    with pytest.raises(UserError, match="accuracy holds numbers"):
        getattr(small(), write)(group=["accuracy"])


def test_the_command_line_has_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leaderboard.board.board", lambda *_: small())
    choice = [
        "--columns",
        "accuracy, macro_f1",
        "--where",
        "accuracy > .55",
        "--sort",
        "-accuracy",
        "--group",
        "regime",
    ]
    found = small().where("accuracy > .55").sort("-accuracy")
    wanted = {"columns": ["accuracy", "macro_f1"], "group": ["regime"]}
    for format, text in {
        "table": found.to_text(120, **wanted),
        "md": found.to_markdown(**wanted),
        "csv": found.to_csv(**wanted),
        "json": found.to_json(**wanted),
        "latex": found.to_latex(**wanted),
        "html": found.to_html(**wanted),
    }.items():
        told = CliRunner().invoke(app, ["board", "results", "--format", format, *choice])
        assert told.output == text, format
    wrong = CliRunner().invoke(app, ["board", "results", "--sort", "-acuracy"])
    assert isinstance(wrong.exception, UserError)
    assert "did you mean 'accuracy'" in str(wrong.exception)
