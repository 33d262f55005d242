"""Hostile names in Markdown, as a CommonMark parser with tables and raw HTML reads it."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from leaderboard.board import Board
from leaderboard.tables.writing import one_line
from tests.leaderboard.tables.made_up import HOSTILE, hostile, row, small


class Seen(HTMLParser):
    """The tags of a page, and the text of each table cell, heading and item."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.tags |= {name for name, _ in attrs}
        if tag in ("td", "th", "h3", "li"):
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


def read(markdown: str) -> Seen:
    seen = Seen()
    seen.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))
    seen.texts = [text.strip() for text in seen.texts]
    return seen


def test_a_name_is_shown_as_it_is_and_does_nothing() -> None:
    seen = read(hostile().to_markdown())
    assert seen.tags == {"h3", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "p", "style"}  # text-align
    for name in map(one_line, HOSTILE):
        assert (name or "-") in seen.texts, name
        assert f"{name} · {name} · {name}".strip(" ·") in [text.strip(" ·") for text in seen.texts], name
        assert any(text.endswith(f"seed 0 failed: {name}".strip()) for text in seen.texts), name


@pytest.mark.parametrize("note", ["1. item", "2) item", "- item", "+ item", "# x", "> x", "```", "---", "***", "~~~"])
def test_an_item_that_begins_like_something_else_is_its_text(note: str) -> None:
    one = row("", "", "", numbers={"accuracy": 0.5}, notes=(note,))
    seen = read(Board((one,)).to_markdown())
    assert not seen.tags & {"ol", "blockquote", "code", "pre", "hr", "h1", "h2"}
    assert f": {note}" in seen.texts


@given(st.text(st.characters(exclude_categories=[]), max_size=30))
def test_any_name_is_text(name: str) -> None:
    seen = read(Board((row(name, numbers={"accuracy": 0.5}, notes=(name,)),)).to_markdown())
    assert seen.tags == {"h3", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "style"}
    assert (one_line(name) or "-") in seen.texts


def test_every_row_has_as_many_cells_as_the_heading() -> None:
    for board in (small(), hostile()):
        for table in board.to_markdown().split("### ")[1:]:
            lines = [line for line in table.splitlines() if line.startswith("|")]
            assert len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines}) == 1
