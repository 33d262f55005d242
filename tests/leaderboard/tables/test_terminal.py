"""The terminal's table: aligned whatever the characters, parted where it is too wide, steered by no name."""

import io
import re
import unicodedata

import pytest
from rich.cells import cell_len
from rich.console import Console

from leaderboard.board import Board
from tests.leaderboard.tables.made_up import hostile, row, small


def test_the_table_is_this_one() -> None:
    assert small().to_text(columns=["accuracy", "skew_uptake", "seconds"]).splitlines()[:10] == [
        "reviews · tiny",
        "method  regime     weights       accuracy   uptake s   n",
        "────────────────────────────────────────────────────────",
        "full    balanced   none         .610±.010 -.02±.01 -   3",
        "        imbalanced none         .520±.010 +.40±.01 -   3",
        "",
        "lora    balanced   none         .600±.010 +.01±.01 -   3",
        "        imbalanced per_language .580±.010 +.10±.01 -   3",
        "",
        "houlsby imbalanced none            failed        - - 0/3",
    ]


def test_a_board_prints_as_its_tables() -> None:
    assert str(small()) == small().to_text()


def test_sorted_rows_that_do_not_stand_together_each_have_their_name() -> None:
    lines = small().sort("-accuracy").to_text(columns=["accuracy"]).splitlines()
    assert [line.split()[0] for line in lines[3:8]] == ["full", "lora", "lora", "full", "houlsby"]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_asked_and_columns_end_at_the_same_place(width: int) -> None:
    board = Board(tuple(row(name, numbers={"accuracy": 0.5}) for name in ("评论", "лес", "full", "e\u0301tude")))
    lines = board.to_text(width, columns=["accuracy", "macro_f1", "leakage_probe", "compression_probe"]).splitlines()
    assert max(map(cell_len, lines)) <= width
    table = [line for line in lines if ".500±.010" in line]
    assert len(table) == 4
    assert len({cell_len(line[: line.index(".500")]) for line in table}) == 1


def test_a_table_that_is_too_wide_is_parted_and_names_stand_in_each_part() -> None:
    lines = small().to_text(60).splitlines()
    headings = [line.split() for line in lines if line.startswith("method")]
    assert [words[:3] for words in headings] == [["method", "regime", "weights"]] * len(headings)
    assert len(headings) > 1
    whole = next(line for line in small().to_text(200).splitlines() if line.startswith("method")).split()
    assert [word for words in headings for word in words[3:]] == whole[3:]
    assert "…" not in "".join(lines)


def test_rich_prints_the_same_text_with_styles() -> None:
    board = small()
    out = io.StringIO()
    Console(file=out, width=100, force_terminal=True, color_system="standard").print(board.to_table())
    assert "\x1b[1m" in out.getvalue()
    plain = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())
    assert [line.rstrip() for line in plain.splitlines()] == board.to_text(100).splitlines()
    out = io.StringIO()
    Console(file=out, width=100).print(board.to_table())
    assert out.getvalue() == board.to_text(100)


def test_no_name_steers_the_terminal_or_breaks_a_line() -> None:
    text = hostile().to_text()
    assert {unicodedata.category(character) for character in text if character != "\n"} & {"Cc", "Cs"} == set()
    assert not set(text) & set("\u202e\u2066\u202a")
    lines = text.splitlines()
    assert len(lines) == text.count("\n")
    assert max(map(cell_len, lines)) <= 120
    assert sum(".500±.010" in line for line in lines) == len(hostile().rows) // 3
