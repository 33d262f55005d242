"""One explained text: what is read, how it is compared with the reference, how it is shaded and written."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from leaderboard.reading.store import read_results
from leaderboard.shading.explained import read_text
from leaderboard.shading.html import html
from leaderboard.shading.terminal import NOT_REDISTRIBUTED, account, luminance, shade, signed, terminal, visible
from leaderboard.shading.text import ShadedText, shaded_text
from polyskew.errors import DataError, UserError
from tests.leaderboard.explained_texts import PIECES, row, values_of, write_attributions, write_cell, write_results

ELEMENTS = {
    *("figure", "figcaption", "strong", "bdi", "br", "p", "div", "span"),
    *("details", "summary", "table", "thead", "tbody", "tr", "th", "td"),
}


class Reader(HTMLParser):
    """What a browser would make of a snippet: its elements, texts and comments, and whether every one is closed."""

    def __init__(self, snippet: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.comments: list[str] = []
        self.feed(snippet)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((self.open[-1] if self.open else "", data))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, *tags: str) -> str:
        return "".join(word for tag, word in self.words if not tags or tag in tags)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_results(tmp_path / "results")


def read(results: Path, cell: str, *arguments: Any) -> ShadedText:
    found = read_results(results)
    return shaded_text(found, found.cells[cell], *arguments)


def printed(text: ShadedText, *, colour: bool = False, width: int = 120) -> str:
    console = Console(width=width, force_terminal=colour, color_system="truecolor" if colour else None)
    with console.capture() as capture:
        console.print(terminal(text, colour=colour))
    return capture.get()


def test_the_values_are_those_of_the_file(results: Path) -> None:
    text = read(results, "skewed", "t1", "fr")
    own, other = values_of(("t1", "fr")), values_of(("t1", "fr"), seed=1)
    np.testing.assert_allclose(text.own.values, own[:, 1], atol=1e-7)
    assert text.reference is not None
    np.testing.assert_allclose(text.reference.values, other[:, 1], atol=1e-7)
    assert (text.reference_id, text.truth, text.label, text.mode) == ("level", "good", "good", "exact")
    assert "".join(text.pieces) == "Un très mauvais livre, vraiment"
    assert text.own.output == pytest.approx(0.4 + own[:, 1].sum(), abs=1e-6)
    assert text.own.predicted == ("good" if own[:, 1].sum() > 0.1 else "bad")
    assert text.scale == pytest.approx(max(abs(own[:, 1]).max(), abs(other[:, 1]).max()))
    bad = read(results, "skewed", "t1", "fr", "bad")
    np.testing.assert_allclose(bad.own.values, own[:, 0], atol=1e-7)
    assert (bad.truth, bad.label, bad.own.base) == ("good", "bad", pytest.approx(0.6))


def test_the_drift_of_a_text_is_the_sum_by_hand(tmp_path: Path) -> None:
    key = ("t1", "ja")
    reference = [[0, 0.2], [0, -0.03], [0, 0.01], [0, -0.01], [0, 0.004]]
    own = [[0, 0.15], [0, -0.01], [0, 0.05], [0, 0.02], [0, -0.3]]
    write_cell(tmp_path, "cell", [row(key, np.array(own))])
    write_cell(tmp_path, "level", [row(key, np.array(reference))], regime="balanced")
    text = read(tmp_path, "cell", "t1")
    assert text.sets == ["positive", "negative", "neutral", "neutral", "neutral"]
    assert text.drift["positive"] == pytest.approx(-0.05, abs=1e-7)
    assert text.drift["negative"] == pytest.approx(0.02, abs=1e-7)
    assert text.drift["neutral"] == pytest.approx(0.04 + 0.03 - 0.304, abs=1e-7)
    out = printed(text)
    assert "positive -0.0500, negative +0.0200, neutral -0.2340; base +0.0000, output -0.2640" in out
    assert "this cell: base 0.4000 + tokens -0.0900 = output 0.3100" in out
    bad = read(tmp_path, "cell", "t1", None, "bad")
    assert bad.drift == {"positive": None, "negative": None, "neutral": 0.0}
    assert "positive none, negative none, neutral +0.0000" in printed(bad)


def test_an_output_that_the_values_do_not_add_up_to_is_told(tmp_path: Path) -> None:
    write_cell(tmp_path, "cell", [row(("t1", "ja"), np.full((5, 2), 0.02), output=[0.3, 0.9])])
    text = read(tmp_path, "cell", "t1")
    assert (
        account("this cell", text.own) == "this cell: base 0.4000 + tokens +0.1000 = 0.5000, but the output is 0.9000"
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_the_shade_grows_with_the_value(sign: int) -> None:
    assert shade(sign * 0.01, 0.5) is None
    assert shade(0.0, 0.0) is None
    last = 1.0
    for size in np.linspace(0.0101, 0.5, 200):
        colours = shade(sign * float(size), 0.5)
        assert colours is not None
        background, foreground = (list(bytes.fromhex(colour[1:])) for colour in colours)
        light = luminance(background)
        assert light < last + 1e-3, "never lighter than a smaller value"
        last = min(light, last)
        assert (background[0] > background[2]) == (sign > 0), "red for, blue against"
        low, high = sorted((light, luminance(foreground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, "the text on it can be read"
    assert shade(sign * 0.5, 0.5) == (("#b2182b", "#ffffff") if sign > 0 else ("#2166ac", "#ffffff"))


def test_numbers_and_tokens_are_written_plainly() -> None:
    assert [signed(value) for value in (0.01234, -0.5, -0.00001, 0.0)] == ["+0.0123", "-0.5000", "+0.0000", "+0.0000"]
    assert [visible(piece) for piece in (" a ", "b", " ", "")] == [
        (" ", "a", " "),
        ("", "b", ""),
        (" ", "␣", ""),
        ("", "∅", ""),
    ]


@pytest.mark.parametrize("key", PIECES)
def test_html_has_every_token_with_its_numbers_and_nothing_else_runs(results: Path, key: tuple[str, str]) -> None:
    text = read(results, "skewed", *key)
    assert text.reference is not None
    page = Reader(html(text))
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    names = {name for _, attributes in page.elements for name in attributes}
    assert names == {"class", "style", "title", "lang", "dir", "scope"}
    assert not re.search(r"url\(|@import|https?:", html(text))
    titles = [span["title"] for span in page.all("span")]
    own, other = ([signed(value) for value in side.values] for side in (text.own, text.reference))
    assert titles == [f"{a} (reference {b})" for a, b in zip(own, other, strict=True)] + [
        f"{b} (this cell {a})" for a, b in zip(own, other, strict=True)
    ]
    assert page.elements[0] == ("figure", {"class": "polyskew-text", "lang": "en", "dir": "ltr"} | page.elements[0][1])
    assert {"background:#ffffff", "color:#1a1a1a"} <= set(str(page.elements[0][1]["style"]).split(";"))
    shown = page.text("span", "div")
    if key[0] != "emoji":
        assert shown == "".join(text.pieces) * 2
    assert all(value in page.text("td") for value in own + other)
    assert not page.comments


def test_html_of_hostile_data_is_harmless(tmp_path: Path) -> None:
    bad = '"><img src=x onerror=alert(1)> <!-- --> \u202e'
    rows = [{**row(("evil", "en")), "id": bad, "language": bad, "mode": bad}]
    write_cell(tmp_path, "cell", rows, task=bad, labels=[bad, bad + "2"], languages=[bad], method=bad)
    page = Reader(html(read(tmp_path, "cell", bad)))
    assert not page.all("img")
    assert not page.all("script")
    assert not page.comments
    assert all(bad in word for tag, word in page.words if tag == "bdi" and "img" in word)
    assert [element["lang"] for element in page.all("div")] == [bad]


def test_right_to_left_text_keeps_its_order_and_takes_its_own_direction(results: Path) -> None:
    text = read(results, "skewed", "t2")
    page = Reader(html(text))
    blocks = page.all("div")
    assert len(blocks) == 2
    assert all((block["lang"], block["dir"]) == ("ar", "auto") for block in blocks)
    assert "padding" not in "".join(str(span.get("style")) for span in page.all("span")), "letters stay joined"
    assert "هذا الكتاب سيئ جدا (3/10)" in printed(text)


def test_tokens_without_a_text_of_their_own_are_marked_where_they_speak(results: Path) -> None:
    text = read(results, "skewed", "emoji")
    out = printed(text)
    assert "👩\u200d🚀" in out
    assert re.search(r"∅ .*neutral", out)
    assert re.search(r"␣ .*positive", out)
    shown = Reader(html(text)).text("span", "div")
    assert shown == "So good 👩\u200d🚀\n␣!<b>" * 2, "the neutral one leaves the text alone"


def test_a_pair_is_parted(results: Path) -> None:
    text = read(results, "skewed", "t3")
    out = printed(text, colour=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    assert plain.count("  A man sleeps.\n  ────\n  Nobody is awake.\n") == 2
    page = Reader(html(text))
    assert len(page.all("div")) == 4
    assert len(page.all("tbody")) == 2
    assert "A man sleeps.Nobody is awake." in page.text("span", "div")


def test_a_terminal_shades_and_a_file_tabulates(results: Path) -> None:
    text = read(results, "skewed", "t1", "fr")
    coloured = printed(text, colour=True)
    background, foreground = shade(text.own.values[1], text.scale) or ("", "")
    codes = [";".join(str(part) for part in bytes.fromhex(colour[1:])) for colour in (foreground, background)]
    assert f"\x1b[38;2;{codes[0]};48;2;{codes[1]}mtrès\x1b[0m" in coloured
    assert "  Un \x1b" in coloured, "a neutral token has no background"
    assert f"full colour at {text.scale:.4f}" in coloured
    assert "difference" not in coloured
    plain = printed(text)
    assert "\x1b" not in plain
    assert "Un très mauvais livre, vraiment" in plain
    assert "full colour" not in plain
    for piece, own, set_ in zip(text.pieces, text.own.values, text.sets, strict=True):
        assert re.search(rf"^ {re.escape(piece.strip())} +{re.escape(signed(own))} .* {set_} *$", plain, re.MULTILINE)


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_is_given_no_orders(results: Path, colour: bool) -> None:
    out = printed(read(results, "skewed", "evil"), colour=colour)
    assert "\x1b[31m" not in out
    assert "\N{REPLACEMENT CHARACTER}[31m" in out
    assert "[/" not in printed(read(results, "skewed", "evil")), "markup is not read"


def test_the_reference_and_cells_without_one_stand_alone(tmp_path: Path, results: Path) -> None:
    text = read(results, "level", "t2")
    assert (text.reference, text.alone) == (None, "this is the reference cell")
    assert text.drift == {}
    out = printed(text)
    assert "shown alone: this is the reference cell" in out
    assert "reference:" not in out
    assert "less" not in out
    page = Reader(html(text))
    assert [span["title"] for span in page.all("span")] == [signed(value) for value in text.own.values]
    assert len(page.all("th")) == 2 + len(text.pieces)
    write_cell(tmp_path / "other", "cell", [row(("t2", "ar"))])
    assert "there is no reference cell" in read(tmp_path / "other", "cell", "t2").alone
    write_cell(tmp_path / "other", "level", regime="balanced")
    assert read(tmp_path / "other", "cell", "t2").alone == "the reference cell level has no attributions yet"


def test_a_cell_that_did_no_work_is_answered_by_the_one_that_did(results: Path) -> None:
    text, other = read(results, "twin", "t2"), read(results, "skewed", "t2")
    np.testing.assert_array_equal(text.own.values, other.own.values)
    assert (text.cell, text.work, text.reference_id) == ("twin", "skewed", "level")
    assert "identical to that of skewed" in printed(text)
    write_cell(results, "even", regime="balanced", weighting="per_language", same_as="level")
    assert read(results, "even", "t2").alone == "its work is that of the reference cell"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "permutations"}, "computed in the mode 'exact', the reference cell's in 'permutations'"),
        ({"token_ids": list(range(5))}, "the text has other tokens in the reference cell level"),
        ({"id": "t8"}, "level/attributions/attributions.parquet explains no text with the id 't1'"),
        ({"pieces": None}, "level/attributions/attributions.parquet was made by an earlier version"),
    ],
)
def test_what_cannot_be_compared_is_not(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    write_cell(tmp_path, "cell", [row(("t1", "ja"))])
    other = row(("t1", "ja")) | changes
    write_cell(
        tmp_path, "level", [{key: entry for key, entry in other.items() if entry is not None}], regime="balanced"
    )
    text = read(tmp_path, "cell", "t1")
    assert text.reference is None
    assert reason in text.alone
    assert str(tmp_path) not in text.alone
    assert reason in printed(text, width=200)


def test_standard_errors_are_told_where_there_are_some(tmp_path: Path) -> None:
    key = ("t1", "ja")
    errors = [0.0, 0.001] * 4 + [0.0, 0.0042]
    write_cell(tmp_path, "cell", [row(key, errors=errors)])
    write_cell(tmp_path, "level", [row(key)], regime="balanced")
    assert "largest standard error of a value: 0.0042 (this cell), 0.0000 (reference)" in printed(
        read(tmp_path, "cell", "t1")
    )
    write_cell(tmp_path, "none", [row(key, errors=None)], seed=1)
    assert "standard error" not in printed(read(tmp_path, "none", "t1"))
    assert "standard error" not in printed(read(tmp_path, "level", "t1"))


def test_texts_that_may_not_be_passed_on_say_so(tmp_path: Path) -> None:
    text = read(write_results(tmp_path, redistribute=False), "skewed", "t2")
    assert NOT_REDISTRIBUTED in printed(text)
    page = Reader(html(text))
    assert [comment.strip() for comment in page.comments] == [NOT_REDISTRIBUTED]
    assert NOT_REDISTRIBUTED in page.text("figcaption")


@pytest.mark.parametrize(
    ("cell", "arguments", "sentence"),
    [
        ("skewed", ("t1",), "the text 't1' is explained in several languages (fr, ja); name one with --language"),
        ("skewed", ("t2", "xx"), "the text 't2' is not explained in 'xx', but in ar"),
        ("skewed", ("emojis",), "explains no text with the id 'emojis'; it has 5 ids; did you mean 'emoji'?"),
        ("skewed", ("9",), "explains no text with the id '9'; it has 5 ids, for example emoji, evil, t1, t2, t3"),
        ("skewed", ("t2\udcff",), "explains no text with the id 't2\\udcff'; it has 5 ids; did you mean 't2'?"),
        ("skewed", ("t2", None, "goood"), "the task tiny_reviews has no label 'goood'; did you mean 'good'?"),
        ("empty", ("t2",), "the cell empty has no attributions yet"),
        ("untuned", ("t2",), "the cell untuned is not fine-tuned, so it is not explained"),
    ],
)
def test_a_wrong_name_is_told(results: Path, cell: str, arguments: tuple[str | None, ...], sentence: str) -> None:
    write_cell(results, "empty")
    write_cell(results, "untuned", method="untuned", regime=None, weighting=None, seed=None)
    with pytest.raises(UserError) as told:
        read(results, cell, *arguments)
    assert str(told.value).endswith(sentence)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pieces": ...}, "was made by an earlier version, without 'pieces'; `polyskew run` makes it again"),
        ({"values": ...}, "has no column 'values'"),
        ({"values": [0.1] * 3}, "does not have a piece, an id and 2 values for each token"),
        ({"values": [float("nan")] * 10}, "does not have a piece"),
        ({"values": None}, "does not have a piece"),
        ({"pieces": ["a"]}, "does not have a piece"),
        ({"base": [0.1]}, "does not have a piece"),
        ({"label": 2}, "does not have a piece"),
        ({"id": 7}, "is not a readable parquet file"),
    ],
)
def test_a_broken_file_is_told(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    broken = row(("t1", "ja")) | changes
    folder = write_cell(tmp_path, "cell")
    write_attributions(folder, [{key: entry for key, entry in broken.items() if entry is not ...}])
    with pytest.raises(DataError, match=re.escape(words)) as told:
        read(tmp_path, "cell", "t1")
    assert "attributions.parquet" in str(told.value)


def test_a_text_that_stands_twice_is_told(tmp_path: Path) -> None:
    write_cell(tmp_path, "cell", [row(("t1", "ja")), row(("t1", "ja"))])
    with pytest.raises(DataError, match="has the text 't1' in 'ja' 2 times"):
        read(tmp_path, "cell", "t1", "ja")


def test_folders_named_like_partitions_add_no_column(tmp_path: Path) -> None:
    results = write_results(tmp_path / "mode=1" / "id=t2")
    assert read_text(read_results(results).cells["skewed"], "t2").mode == "exact"
