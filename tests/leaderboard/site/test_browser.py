"""The page in a browser: what people do with it, with a mouse, with a keyboard, on a telephone."""

import csv
import io
import itertools
import re
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pyarrow.parquet
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from leaderboard.board import Board, board
from leaderboard.measuring.measure import measure
from leaderboard.site import write_site
from tests.leaderboard.site.folders import FAILED, HOSTILE, LAYERED
from tests.leaderboard.synthetic import Kind, write_predictions

KIND = Kind("imbalanced", "full", "none", 0)


@pytest.fixture(scope="module")
def found(results: Path) -> Board:
    return board(results)


def show(page: Page, site: Path, kind: Kind | None = None) -> None:
    page.goto(site.as_uri() + (f"#{kind.id}" if kind else ""))
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("#row figure svg:not([viewBox])")).to_have_count(0)  # all are drawn


def methods(page: Page) -> list[str]:
    return page.locator("#table tbody th[scope=row] a bdi").all_inner_texts()


def figure(page: Page, title: str) -> Locator:
    return page.locator("figure", has=page.get_by_role("heading", name=title, exact=True))


def lines(page: Page, title: str) -> list[list[str]]:
    """Open a figure's numbers; return the table's rows, its headings first."""
    numbers = figure(page, title).locator("details")
    numbers.locator("summary").click()
    return texts(numbers.locator("tr"))


def texts(rows: Locator) -> list[list[str]]:
    """Return the texts of rows' cells."""
    return rows.evaluate_all("rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText))")


def sizes(shapes: Locator, attribute: str) -> list[float]:
    """Return an attribute of all shapes but the first, which is the legend's."""
    return shapes.evaluate_all("(all, name) => all.slice(1).map((one) => Number(one.getAttribute(name)))", attribute)


def wide(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


def test_the_board_is_shown_and_sorts(page: Page, site: Path, found: Board) -> None:
    show(page, site)
    expect(page.get_by_role("status")).to_have_text(f"{len(found.rows)} rows")
    heading = page.locator("th", has=page.locator("[data-sort=accuracy]"))
    for direction, sign in (("descending", -1), ("ascending", 1)):
        page.click("[data-sort=accuracy]")
        expect(heading).to_have_attribute("aria-sort", direction)
        values = [(row.numbers["accuracy"].value, row.cells[0]) for row in found.rows]
        known = sorted((sign * value, cell) for value, cell in values if value is not None)
        shown = page.locator("#table a[data-row]").evaluate_all("links => links.map((link) => link.hash.slice(1))")
        accuracy = {cell: value for value, cell in values}
        assert [sign * accuracy[cell] for cell in shown[: len(known)]] == [value for value, _ in known]
        assert all(accuracy[cell] is None for cell in shown[len(known) :])
        expect(page.locator("[data-sort=accuracy]")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("sorted by accuracy, lowest first")
    page.click("[data-sort=method]")
    assert methods(page) == sorted(methods(page))


def test_search_and_filters_tell_how_much_is_left(page: Page, site: Path, found: Board) -> None:
    show(page, site)
    page.get_by_role("searchbox", name="Search").fill("lora")
    own = [row for row in found.rows if row.method == "lora"]
    expect(page.get_by_role("status")).to_have_text(f"{len(own)} of {len(found.rows)} rows")
    assert set(methods(page)) == {"lora"}
    page.get_by_label("regime").select_option("imbalanced")
    own = [row for row in own if row.regime == "imbalanced"]
    expect(page.get_by_role("status")).to_have_text(f"{len(own)} of {len(found.rows)} rows")
    page.get_by_role("searchbox", name="Search").fill("no such row")
    expect(page.get_by_role("status")).to_have_text(f"0 of {len(found.rows)} rows")


def test_columns_can_be_chosen(page: Page, site: Path) -> None:
    show(page, site)
    expect(page.locator("[data-sort=macro_f1]")).to_have_count(0)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("macro f1").check()
    expect(page.locator("[data-sort=macro_f1]")).to_have_count(1)
    page.get_by_label("compression", exact=True).uncheck()
    expect(page.locator("[data-sort=compression_probe]")).to_have_count(0)


def test_a_row_has_all_numbers_of_the_csv(page: Page, site: Path, found: Board) -> None:
    show(page, site, KIND)
    (line,) = (one for one in csv.DictReader(io.StringIO(found.to_csv())) if KIND.id in one["cells"])
    page.get_by_text(re.compile(r"All \d+ numbers")).click()
    part = page.locator("section.part", has=page.get_by_role("heading", name="Numbers of the board"))
    rows = part.locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((one) => one.innerText))"
    )
    assert [row[0] for row in rows] == [name for name in line if f"{name}_reason" in line]
    for name, *numbers in rows:
        for told, key in zip(numbers[:3], (name, f"{name}_low", f"{name}_high"), strict=True):
            if not line[key]:
                assert told.startswith("–")
            else:
                room = 1e-3 * abs(float(line[f"{name}_high"] or 0) - float(line[f"{name}_low"] or 0))
                assert float(told) == pytest.approx(float(line[key]), rel=1e-4, abs=room)
        assert line[f"{name}_reason"] in numbers[-2]


def test_a_chosen_row_is_in_the_address_and_opens_again(page: Page, site: Path) -> None:
    show(page, site)
    page.locator(f"#table a[href='#{KIND.id}']").click()
    heading = page.get_by_role("heading", name="full · imbalanced · none")
    expect(heading).to_be_focused()
    expect(page.locator("#table tr.chosen")).to_have_count(1)
    assert page.url.endswith(f"#{KIND.id}")
    page.reload()
    expect(heading).to_be_visible()
    page.go_back()
    page.wait_for_selector("html[data-ready=board]")
    expect(page.locator("#row")).to_be_hidden()


def test_shares_are_drawn_from_the_table(page: Page, site: Path) -> None:
    show(page, site, KIND)
    head, *rows = lines(page, "Predictions by language and label")
    assert head[:2] == ["language", "label"]
    heights = sizes(figure(page, "Predictions by language and label").locator("svg rect.bar"), "height")
    values = [float(row[2]) for row in rows]
    assert len(heights) == len(values) == 30
    unit = max(heights) / max(values)
    assert heights == pytest.approx([unit * value for value in values], abs=0.05)
    trained = {(row[0], row[1]): float(row[head.index("trained on")]) for row in rows}
    assert trained["fr", "5"] == pytest.approx(1 / 3, abs=1e-4)


def test_drift_is_drawn_from_the_table(page: Page, site: Path) -> None:
    show(page, site, KIND)
    _, *rows = lines(page, "Drift of explanations")
    drawn = figure(page, "Drift of explanations")
    known = [(row[2], abs(float(row[3].replace("−", "-")))) for row in rows if not row[3].startswith("–")]
    for kind in ("base", "positive", "neutral", "negative"):
        heights = sizes(drawn.locator(f"svg rect.bar.{kind}"), "height")
        values = [value for own, value in known if own == kind]
        assert len(heights) == len(values)
        unit = max(heights) / max(values)
        for height, value in zip(heights, values, strict=True):
            assert height == pytest.approx(unit * value, abs=0.05) or height == 0.5  # a line where a bar has no height
    assert drawn.locator("svg rect.placebo").count() == 1 + 6 * 5 * 3


def test_points_are_drawn_from_the_table(page: Page, site: Path) -> None:
    show(page, site, KIND)
    head, *rows = lines(page, "Language-ID leakage")
    svg = figure(page, "Language-ID leakage").locator("svg")
    places = sizes(svg.locator("circle.own"), "cx")
    values = [float(row[1]) for row in rows]
    assert len(places) == len(values) > 5
    slope = (max(places) - min(places)) / (max(values) - min(values))
    assert places == pytest.approx([places[0] + slope * (value - values[0]) for value in values], abs=0.1)
    assert float(rows[0][head.index("chance")]) == pytest.approx(1 / 6, abs=1e-4)


def test_layers_are_drawn_where_they_were_probed(page: Page, site: Path) -> None:
    show(page, site, LAYERED)
    _, *rows = lines(page, "Language by layer")
    told = {(row[0], row[1], row[2]) for row in rows}
    assert told == set(itertools.product(("leakage", "compression"), ("test", "probe"), "012"))
    assert figure(page, "Language by layer").locator("svg circle").count() == 2 + len(rows)
    assert not [row for row in lines(page, "Language-ID leakage") if "layer" in row[0]]


def test_the_front_is_not_surpassed(page: Page, site: Path) -> None:
    show(page, site, KIND)
    _, *rows = lines(page, "Cost against accuracy and leakage")
    points = [(float(row[2]), float(row[3]), row[4]) for row in rows if not row[3].startswith("–")]
    for cost, accuracy, front in points:
        better = [
            one for one in points if (one[0] <= cost and one[1] > accuracy) or (one[0] < cost and one[1] >= accuracy)
        ]
        assert (front == "yes") == (not better)
    page.get_by_label("seconds of training").check()
    axis = figure(page, "Cost against accuracy and leakage").locator("svg text", has_text="seconds of training")
    expect(axis).to_have_count(2)


def test_example_texts_are_the_explained_ones(page: Page, site: Path, results: Path) -> None:
    show(page, site, KIND)
    table = pyarrow.parquet.read_table(results / "cells" / KIND.id / "attributions/attributions.parquet")
    first = table.filter(pyarrow.compute.equal(table.column("language"), "fr")).slice(0, 1).to_pylist()[0]
    article = page.locator("article.text").first
    assert article.locator(".shaded").first.inner_text().strip() == "".join(first["pieces"]).strip()
    assert article.locator(".shaded").count() == 2  # the row's and its reference's
    article.locator("summary").click()
    values = [float(cell) for cell in article.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert values == pytest.approx(first["values"][first["label"] :: 5], abs=1e-4)


def test_what_is_missing_says_why(page: Page, site: Path) -> None:
    show(page, site, FAILED)
    notices = page.locator("#row .notice")
    expect(notices.first).to_have_text("failed")
    expect(page.locator("#row")).to_contain_text("failed in train (MemoryError): no room")
    expect(page.locator("#row figure")).to_have_count(1)  # the cost of the others
    expect(page.locator("#row .nofigure")).to_have_count(5)
    row = page.locator("#table tr.failed")
    expect(row).to_contain_text("failed")
    expect(row.locator("td.number").first).to_have_text("–missing: failed in train (MemoryError): no room")


def test_a_keyboard_alone_is_enough(page: Page, site: Path) -> None:
    show(page, site)
    page.keyboard.press("Tab")
    expect(page.get_by_text("To the board")).to_be_focused()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('a[data-row]')"):
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.row") == "2"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#row-heading")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Back to the board")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('figure') !== null")
    page.get_by_text("Back to the board").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#table a[data-row='2']")).to_be_focused()


def test_figures_and_tables_have_names(page: Page, site: Path) -> None:
    show(page, site, KIND)
    figures = page.locator("#row figure")
    assert figures.count() == 6
    for one in figures.all():
        picture = one.get_by_role("img")
        expect(picture).to_have_accessible_name(re.compile(r"\w{4}.* .*\."))  # the title, then the description
        one.locator("summary").click()
        expect(one.get_by_role("table")).to_have_accessible_name(re.compile(r"\w{4}"))
        assert one.locator("thead th[scope=col]").count() > 2
        assert one.locator("tbody th[scope=row]").count() > 0
    expect(page.get_by_role("table", name="One row for each training")).to_be_visible()


def test_the_theme_is_remembered(context: BrowserContext, page: Page, site: Path) -> None:
    show(page, site)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch to dark colours").click()
    dark = page.evaluate(ground)
    assert light != dark
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(ground) == dark
    other = context.new_page()
    other.emulate_media(color_scheme="dark")
    show(other, site)
    other.get_by_role("button", name="Switch to light colours").click()
    assert other.evaluate(ground) == light


def test_a_narrow_screen_scrolls_the_table_alone(page: Page, site: Path) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    show(page, site, KIND)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    expect(page.locator("details table.numbers")).to_have_count(6 + 4 + 1 + 6)  # figures, provenance, board, texts
    assert wide(page) == 360
    table = page.locator("#table")
    before = page.locator("#table tbody th.method").first.bounding_box()
    table.evaluate("box => { box.scrollLeft = 200; }")
    assert table.evaluate("box => box.scrollLeft") == 200
    assert page.locator("#table tbody th.method").first.bounding_box() == before


@pytest.mark.parametrize("width", [360, 1280])
def test_hostile_names_are_harmless(page: Page, hostile_site: Path, width: int) -> None:
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.set_viewport_size({"width": width, "height": 740})
    show(page, hostile_site, KIND)
    assert wide(page) == width
    expect(page.get_by_role("heading", level=1)).to_have_text("polyskew · <script>alert(5)</script>")
    expect(page.locator("#table .section").first).to_contain_text(HOSTILE["synthetic_reviews"])
    expect(page.locator("#row-heading")).to_contain_text(HOSTILE["full"])
    expect(page.locator("article.text").first).to_contain_text("</script><i> w")
    assert page.locator("main script, main i, main b, main img, main [onload], main [onclick]").count() == 0
    with page.expect_download() as told:
        page.get_by_role("button", name="Save CSV").click()
    rows = list(csv.DictReader(io.StringIO(told.value.path().read_text())))
    assert {row["method"] for row in rows} >= {f"'{HOSTILE['full']}", HOSTILE["lora"]}


def test_figures_are_saved(page: Page, site: Path) -> None:
    show(page, site, KIND)
    title = "Predictions by language and label"
    shown = lines(page, title)
    saved = {}
    for kind in ("SVG", "PNG", "CSV"):
        with page.expect_download() as told:
            figure(page, title).get_by_role("button", name=kind).click()
        assert told.value.suggested_filename == f"{KIND.id}_shares.{kind.lower()}"
        saved[kind] = told.value.path().read_bytes()
    head, *rows = csv.reader(io.StringIO(saved["CSV"].decode()))
    assert [head, *([row[0], row[1]] for row in rows)] == [shown[0], *(row[:2] for row in shown[1:])]
    assert [float(row[2]) for row in rows] == [float(row[2]) for row in shown[1:]]
    svg = ElementTree.fromstring(saved["SVG"])
    bars = svg.findall(".//{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 1 + 30  # ground, legend, bars
    assert {bar.get("fill") for bar in bars[1:]} == {"rgb(0, 114, 178)"}  # needs no style of the page's
    width, height = struct.unpack(">II", saved["PNG"][16:24])
    assert saved["PNG"].startswith(b"\x89PNG")
    assert (width, height) == (2 * int(svg.get("width")), 2 * int(svg.get("height")))


def test_the_saved_board_is_what_is_shown(page: Page, site: Path, found: Board) -> None:
    show(page, site)
    page.get_by_role("searchbox", name="Search").fill("lora")
    with page.expect_download() as told:
        page.get_by_role("button", name="Save CSV").click()
    rows = list(csv.DictReader(io.StringIO(told.value.path().read_text())))
    own = [row for row in found.rows if row.method == "lora"]
    assert [row["cells"] for row in rows] == [" ".join(row.cells) for row in own]
    for line, row in zip(rows, own, strict=True):
        number = row.numbers["accuracy"]
        assert float(line["accuracy"]) == pytest.approx(number.value, rel=1e-4)
        assert float(line["accuracy_low"]) == pytest.approx(number.low, abs=1e-3 * abs(number.high - number.low) + 1e-5)


def test_learning_rates_have_a_column_a_filter_and_an_order(page: Page, site: Path, tmp_path: Path) -> None:
    show(page, site)
    expect(page.locator("#table th.learning_rate")).to_have_count(0)
    for rate in ("", "x0.3", "0.001"):
        write_predictions(tmp_path / "results", Kind(rate=rate))
    measure(tmp_path / "results")
    show(page, write_site(tmp_path / "results", tmp_path / "site"))
    rates = page.locator("#table tbody td.learning_rate")
    assert rates.all_inner_texts() == ["own", "x0.3", "0.001"]
    page.locator("[data-sort=learning_rate]").click()
    assert rates.all_inner_texts() == ["x0.3", "own", "0.001"]
    page.locator("select[data-filter=learning_rate]").select_option("x0.3")
    assert rates.all_inner_texts() == ["x0.3"]
