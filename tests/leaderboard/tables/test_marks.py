"""Marks and what captions say of them, on rows whose comparisons are known."""

from leaderboard.board import Board
from leaderboard.reading.columns import COLUMNS
from leaderboard.statistics.averaging import Number
from leaderboard.tables.marks import Mark, compared, marks, undecided
from tests.leaderboard.tables.made_up import row, small

COLUMN = {column.name: column for column in COLUMNS}
ACCURACY = COLUMN["accuracy"]


def family(values: dict[str, float], groups: dict[str, str], column: str = "accuracy", **told: str) -> list:
    return [row(name, numbers={column: value}, groups={column: groups[name]}, **told) for name, value in values.items()]


def test_the_best_and_those_that_share_a_letter_with_it() -> None:
    rows = family({"full": 0.6, "lora": 0.59, "houlsby": 0.5}, {"full": "a", "lora": "ab", "houlsby": "b"})
    assert marks(rows, ACCURACY) == [Mark(False, "a", "best"), Mark(False, "ab", "tied"), Mark(False, "b", "")]
    assert not undecided(rows, "accuracy")


def test_uptakes_and_leakage_have_letters_and_no_best() -> None:
    values, groups = {"full": -0.3, "lora": 0.1, "houlsby": 0.9}, {"full": "b", "lora": "b", "houlsby": "a"}
    for column in ("skew_uptake", "leakage_probe"):
        found = marks(family(values, groups, column), COLUMN[column])
        assert [mark.place for mark in found] == ["", "", ""]
        assert [mark.letters for mark in found] == ["b", "b", "a"]


def test_methods_are_set_against_those_of_their_own_regime_weighting_and_device_only() -> None:
    one = family({"full": 0.6, "lora": 0.5}, {"full": "a", "lora": "b"})
    other = family({"full": 0.4, "lora": 0.3}, {"full": "a", "lora": "b"}, regime="imbalanced")
    third = family({"ia3": 0.9}, {"ia3": "a"}, device="cuda")
    assert [mark.place for mark in marks([*one, *other, *third], ACCURACY)] == ["best", "", "best", "", ""]


def test_letters_stand_only_where_two_methods_are_told_apart() -> None:
    alike = family({"full": 0.6, "lora": 0.5}, {"full": "a", "lora": "a"})
    assert marks(alike, ACCURACY) == [Mark(), Mark()]
    assert undecided(alike, "accuracy")
    alone = family({"full": 0.6}, {"full": "a"})
    assert not undecided(alone, "accuracy")
    chain = family({"x": 3, "y": 2, "z": 1}, {"x": "a", "y": "ab", "z": "b"})
    assert [mark.letters for mark in marks(chain, ACCURACY)] == ["a", "ab", "b"]


def test_a_star_stands_below_five_percent_only() -> None:
    rows = [row(p={"accuracy": p}) for p in (0.0499, 0.05, None)]
    assert [mark.apart for mark in marks(rows, ACCURACY)] == [True, False, False]
    assert compared(rows, "accuracy")
    assert not compared([row(p={"accuracy": None}), row(), row(p={"accuracy": 1.0}, status="same as x")], "accuracy")


def test_captions_say_what_marks_mean_and_where_nothing_is_told_apart() -> None:
    rows = family({"full": 0.6, "lora": 0.5}, {"full": "a", "lora": "b"})
    rows.append(row("full", "imbalanced", numbers={"accuracy": 0.4}, p={"accuracy": 0.01, "skew_uptake": 0.2}))
    text = " ".join(Board(tuple(rows)).to_text().split())
    assert ".600±.010 ᵃ" in text.replace(".600±.010ᵃ", ".600±.010 ᵃ")
    assert ".400±.010*" in text
    assert "*: told apart from its reference" in text
    assert "No row is told apart from its reference in uptake" in text
    assert "share one cannot be told apart" in text
    assert "at 5%" in text
    assert "Bold" not in text
    markdown = Board(tuple(rows)).to_markdown()
    assert "| **.600**±.010ᵃ |" in markdown
    assert "| .400±.010\\* |" in markdown
    assert "Bold: the highest accuracy shown of a regime and weighting; italic: not told apart" in markdown
    assert "<strong>.600</strong>" in Board(tuple(rows)).to_html()
    assert r"\textbf{.600}\,$\pm$\,.010\rlap{\textsuperscript{a}}" in Board(tuple(rows)).to_latex()
    alike = Board(tuple(family({"full": 0.6, "lora": 0.5}, {"full": "a", "lora": "a"})))
    told = " ".join(alike.to_text().split())
    assert "No two methods of one regime and weighting can be told apart in accuracy" in told
    assert "told apart from its reference" not in told


def test_captions_say_what_is_estimated() -> None:
    several = " ".join(small().to_text().split())
    assert "several seeds: t interval of the mean over training runs on this test set" in several
    assert "one seed" not in several
    one = row(numbers={"accuracy": 0.6})
    one.numbers["accuracy"] = Number(0.6, 0.5, 0.7, "one seed: normal, bootstrap error (test rows)", 1)
    told = " ".join(Board((one,)).to_text().split())
    assert "one seed: bootstrap over groups of texts of that run, the variance between seeds is unknown" in told
    assert "several seeds" not in told
