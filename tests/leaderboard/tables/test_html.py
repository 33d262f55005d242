"""The HTML page: names are text and nothing else, no script, and tables that a screen reader can follow."""

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser

from leaderboard.board import Board
from leaderboard.tables.writing import one_line
from tests.leaderboard.tables.made_up import HOSTILE, hostile, small

VOID = {"meta"}


class Page(HTMLParser):
    """Elements with their attributes and own text; every tag must be closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[dict[str, str]] = []
        self.elements: list[dict[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = {"tag": tag, "text": ""} | {name: value or "" for name, value in attrs}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element["text"] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [element for element in self.elements if element["tag"] == tag]


def test_a_hostile_name_is_text() -> None:
    page = Page(hostile().to_html())
    assert {element["tag"] for element in page.elements} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "section", "div", "p", "ul", "li"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "span", "bdi", "small", "sup", "strong", "em"),
    }
    used = {name for element in page.elements for name in element} - {"tag", "text"}
    assert used == {
        *("lang", "charset", "http-equiv", "content", "name", "class", "role", "tabindex", "aria-label"),
        *("dir", "scope", "title"),
    }
    rows = {element["text"] for element in page.all("th") if element.get("scope") == "row"}
    for name in HOSTILE:
        assert (one_line(name) or "-") in rows
    assert any("long" in element.get("class", "") for element in page.all("th"))


def test_names_that_run_from_right_to_left_are_isolated() -> None:
    assert "<bdi>مرحبا</bdi>" in hostile().to_html()
    assert "\u202e" not in hostile().to_html()


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = small().to_html()
    assert not re.search(r"<script|javascript:|\son\w+=|src=|href=|url\(|@import", page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(one["content"] for one in Page(page).all("meta") if one.get("http-equiv"))
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'"


def test_tables_have_captions_scopes_units_and_reasons() -> None:
    page = Page(small().to_html(columns=["accuracy", "neutral_drift"], group=["regime"]))
    assert [caption["text"] for caption in page.all("caption")] == [
        "balanced · reviews · tiny",
        "imbalanced · reviews · tiny",
    ]
    columns = [element["text"] for element in page.all("th") if element["scope"] == "col"][:5]
    assert columns == ["method", "weights", "accuracyshare", "n.drift10⁻³ probability", "n"]
    assert all(element["scope"] in ("col", "row") for element in page.all("th"))
    cells = page.all("td")
    assert cells[0]["text"] == ".610±.010"
    assert cells[0]["title"].startswith("0.6 to 0.62, t interval of the mean over 3 seeds")
    assert (cells[1]["text"], cells[1]["title"]) == ("-", "not measured here")
    assert {one["class"] for one in page.all("tr") if "class" in one} == {"reference", "failed"}


def test_a_notebook_shows_the_tables_without_a_page_around_them() -> None:
    text = small()._repr_html_()
    assert text.startswith("<section>")
    assert text in small().to_html()
    assert Board(())._repr_html_() == "<p>No rows.</p>"
