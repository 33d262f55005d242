"""What all formats share: titles, names, captions, numbers as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.board import Board
from leaderboard.reading.columns import COLUMNS
from leaderboard.statistics.averaging import Number
from leaderboard.tables.layout import layout, parted
from leaderboard.tables.writing import amount, short, written
from tests.leaderboard.tables.made_up import row, small

COLUMN = {column.name: column for column in COLUMNS}


@given(st.floats(-1e4, 1e4), st.integers(0, 4), st.booleans())
def test_a_short_number_is_the_rounded_number(value: float, digits: int, signed: bool) -> None:
    text = short(value, digits, signed=signed)
    assert float(text) == pytest.approx(round(value, digits), abs=1e-9)
    assert text.startswith(("+", "-")) is (float(text) != 0 and (signed or value < 0))
    assert not text.lstrip("+-").startswith("0.")


def test_numbers_are_written_by_their_unit() -> None:
    one = Number(0.01234, 0.01, 0.014, "t interval", 3)
    assert written(COLUMN["accuracy"], one) == (".012", ".002")
    assert written(COLUMN["neutral_drift"], one) == written(COLUMN["neutral_drift_at_0.05"], one) == ("+12", "2")
    assert written(COLUMN["neutral_drift_placebo"], one) == ("12", "2")
    assert written(COLUMN["skew_uptake"], one) == ("+.01", ".00")
    assert written(COLUMN["trainable_parameters"], Number(2_530_000.0, 1.0, 2.0)) == ("2.53M", "")
    assert written(COLUMN["accuracy"], Number(None, reason="why")) == ("-", "")
    assert [amount(Number(value)) for value in (12.34, 999.0, 1e3, 4.8e9)] == ["12.3", "999", "1k", "4.8G"]


def test_what_all_rows_of_a_section_share_stands_in_its_title() -> None:
    balanced, _ = layout(small(), ["accuracy"], ["regime"])
    assert balanced.title == "balanced · reviews · tiny"
    assert balanced.names == ("method", "weights")
    two = Board((row(), row(task="news"), row("lora", variant="recipe=gentle")))
    (section,) = layout(two, ["accuracy"], ["regime"])
    assert section.title == "balanced · tiny"
    assert section.names == ("task", "variant", "method", "weights")
    assert [line.names for line in section.lines][1:] == [
        ("news", "-", "full", "none"),
        ("reviews", "recipe=gentle", "lora", "none"),
    ]
    (alone,) = layout(Board((row(),)), ["accuracy"], ["method", "regime", "weighting"])
    assert alone.names == ()
    for write in ("to_text", "to_markdown", "to_latex", "to_html"):
        assert "full · balanced · none" in getattr(Board((row(),)), write)(
            group=["method", "regime", "weighting"]
        ).replace("$\\cdot$", "·")


def test_texts_can_be_columns() -> None:
    (section,) = layout(small(), ["status", "device", "seeds_done"], [])
    assert section.headings == ["status", "device", "seeds_done", "n"]
    assert section.worded == (True, True, False, False)
    assert [cell.value for cell in section.lines[-1].cells] == ["failed", "cpu", "0", "0/3"]


def test_names_alone_can_be_asked_for() -> None:
    (section,) = layout(small(), ["method"], [])
    assert section.headings == ["n"]
    assert small().to_csv(["method"]).splitlines()[1] == "reviews,tiny,,full,balanced,none,"


def test_a_row_that_failed_or_has_the_same_work_or_is_the_reference_says_so() -> None:
    twin = row("lora", "balanced", "global", status="same as lora/balanced/none")
    (section,) = layout(Board((*small().rows, twin)), ["accuracy", "accuracy_difference"], [])
    assert section.lines[0].cells[1].value == "reference"
    assert section.lines[4].cells[0].value == "failed"
    (other,) = layout(small(), ["skew_uptake", "accuracy"], [])
    assert [cell.value for cell in other.lines[4].cells] == ["failed", "-", "0/3"]
    assert section.lines[5].names == ("lora", "balanced", "global =")


def test_what_all_tables_say_stands_once_and_what_one_says_beside_it() -> None:
    board = Board(
        (row(numbers={"skew_uptake": 0.1}), row(task="news", numbers={"skew_uptake": 0.2}, skew_regime="odd"))
    )
    own, common = parted(layout(board, [], []))
    assert own == [
        ["uptake of the skew of imbalanced (ratio): 0 blind to language, 1 copies it"],
        ["uptake of the skew of odd (ratio): 0 blind to language, 1 copies it"],
    ]
    assert "n: finished seeds" in common
    text = board.to_text()
    assert text.count("n: finished seeds") == 1
    assert text.index("news · tiny") < text.index("skew of odd") < text.index("n: finished seeds")
    alone, none = parted(layout(small(), [], []))
    assert "n: finished seeds" in alone[0]
    assert none == []


def test_chance_and_the_untuned_model_stand_in_the_caption() -> None:
    untuned = {"leakage_probe": Number(0.8), "compression_probe": Number(5.5)}
    numbers = {"leakage_probe": 0.4, "leakage_probe_chance": 1 / 6, "leakage_probe_shuffled": 0.16}
    text = " ".join(Board((row(numbers=numbers, untuned=untuned),)).to_text().split())
    assert "tells from pooler vectors: chance .167, shuffled .160, untuned .800" in text
    assert "1 tells nothing, untuned 5.50" in text


def test_what_differs_between_tasks_is_not_told_of_a_table_that_mixes_them() -> None:
    numbers = {"leakage_probe": 0.4, "leakage_probe_chance": 1 / 6, "leakage_probe_shuffled": 0.16}
    rows = [
        row(numbers=numbers, untuned={"leakage_probe": Number(value), "compression_probe": Number(5.5)}, task=task)
        for task, value in (("reviews", 0.8), ("news", 0.3))
    ]
    text = Board(tuple(rows)).to_text(group=["regime"])
    assert "chance" not in text
    assert "untuned" not in text
    assert Board(tuple(rows)).to_text().count("untuned .") == 2


def test_a_column_that_is_not_of_the_core_says_its_unit() -> None:
    text = small().to_text(columns=["mutual_information", "neutral_drift_own"])
    assert "mutual_information: bits" in text
    assert "neutral_drift_own: thousandths of a probability" in text
