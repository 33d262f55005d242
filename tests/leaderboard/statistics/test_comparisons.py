"""Rows against their references and each other: against scipy, on made-up numbers, and by simulation."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from leaderboard.board import board
from leaderboard.measuring.measure import measure
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.founds import Founds, gather
from leaderboard.reading.sources import Found
from leaderboard.rows import Row
from leaderboard.statistics.comparisons import Entrant, compare_rows
from leaderboard.statistics.spread import spread
from tests.leaderboard.synthetic import Kind, grid, spec, write_cell, write_grid

COMPARED = [column.name for column in COLUMNS if column.compared]
PLACE = {column.name: place for place, column in enumerate(COLUMNS)}
SIZES = {"rows": 120, "explained": 30, "hidden": 4}


def founds(values: np.ndarray) -> Founds:
    """Cells with these numbers, ``[N, len(COMPARED)]``, in the compared columns and nothing in the others."""
    cells = []
    for row in values:
        found = [Found(None, reason="not here")] * len(COLUMNS)
        for name, value in zip(COMPARED, row, strict=True):
            found[PLACE[name]] = Found(float(value), made_by=name)
        cells.append(found)
    return gather(cells, (), len(COLUMNS))


def entrants(methods: int, settings: int, seeds: int) -> list[Entrant]:
    """A table of every method in a reference setting and ``settings`` others; cells are numbered row by row."""
    found = []
    for method in range(methods):
        for setting in range(settings + 1):
            first = (method * (settings + 1) + setting) * seeds
            home = method * (settings + 1) * seeds
            reference = {seed: home + seed for seed in range(seeds)} if setting else {}
            found.append(Entrant("table", setting, {seed: first + seed for seed in range(seeds)}, reference))
    return found


def test_differences_intervals_and_p_values_are_those_of_scipy_and_statsmodels() -> None:
    seeds, rng = 4, np.random.default_rng(0)
    rows = entrants(methods=3, settings=2, seeds=seeds)
    values = rng.normal(size=(len(rows) * seeds, len(COMPARED))) + np.repeat(rng.normal(size=len(rows)), seeds)[:, None]
    found = compare_rows(rows, founds(values))
    cube = values.reshape(len(rows), seeds, len(COMPARED))
    for column, name in enumerate(COMPARED):
        paired = COLUMNS[PLACE[name]].paired
        tested = [place for place, one in enumerate(rows) if one.reference]
        raw = []
        for place in tested:
            home = place - rows[place].setting
            gains = cube[place, :, column] - (0 if paired else cube[home, :, column])
            told = found[place].against_reference[name]
            assert told.difference == pytest.approx(gains.mean())
            expected = stats.t.interval(0.95, seeds - 1, gains.mean(), stats.sem(gains))
            assert (told.low, told.high) == pytest.approx(expected)
            raw.append(stats.ttest_1samp(gains, 0.0).pvalue)
        corrected = multipletests(raw, method="holm")[1]
        assert [found[place].against_reference[name].p for place in tested] == pytest.approx(list(corrected))
        pairs = [
            (one, other) for one, other in combinations(range(len(rows)), 2) if rows[one].setting == rows[other].setting
        ]
        p = [stats.ttest_rel(cube[one, :, column], cube[other, :, column]).pvalue for one, other in pairs]
        for (one, other), apart in zip(pairs, multipletests(p, alpha=0.05, method="holm")[0], strict=True):
            assert bool(set(found[one].groups[name]) & set(found[other].groups[name])) == (not apart)


def test_the_group_of_the_largest_mean_is_a() -> None:
    rows = entrants(methods=3, settings=0, seeds=5)
    noise = np.random.default_rng(1).normal(scale=0.001, size=(15, len(COMPARED)))
    values = np.repeat([0.3, 0.5, 0.5], 5)[:, None] + noise
    assert [one.groups["accuracy"] for one in compare_rows(rows, founds(values))] == ["b", "a", "a"]


def test_identical_work_is_one_test() -> None:
    seeds, rng = 4, np.random.default_rng(2)
    rows = entrants(methods=1, settings=2, seeds=seeds)
    values = rng.normal(1.0, 0.4, size=(len(rows) * seeds, len(COMPARED)))
    values[:seeds] = rng.normal(0.0, 0.4, size=(seeds, len(COMPARED)))
    alone = compare_rows(rows[:2], founds(values))[1].against_reference["accuracy"]
    twin = Entrant("table", 9, rows[1].cells, rows[1].reference)
    found = compare_rows([*rows[:2], twin], founds(values))
    assert found[1].against_reference["accuracy"] == found[2].against_reference["accuracy"] == alone


def test_a_row_of_its_references_work_is_no_test() -> None:
    seeds, rng = 4, np.random.default_rng(2)
    rows = entrants(methods=1, settings=1, seeds=seeds)
    values = rng.normal(size=(len(rows) * seeds, len(COMPARED)))
    twin = Entrant("table", 9, rows[0].cells, rows[0].cells)
    found = compare_rows([*rows, twin], founds(values))
    assert found[2].against_reference == {}
    assert found[1] == compare_rows(rows, founds(values))[1]


def test_seeds_that_differ_by_the_same_but_for_rounding_are_not_tested() -> None:
    """Hits of 1,200 rows: 650 and 681 against 700 and 731. As they are written, the differences are not quite equal."""
    rows = entrants(methods=2, settings=1, seeds=2)
    hits = np.array([700, 731, 650, 681, 700, 731, 700, 731]) / 1200
    values = np.repeat([float(f"{one:.9g}") for one in hits], len(COMPARED)).reshape(8, -1)
    found = compare_rows(rows, founds(values))
    told = found[1].against_reference["accuracy"]
    assert told.difference == pytest.approx(-50 / 1200)
    assert (told.p, "no spread" in told.reason) == (None, True)
    assert found[3].against_reference["accuracy"].p == 1.0
    assert [one.groups["accuracy"] for one in found] == ["a", "", "a", ""]


@pytest.mark.parametrize("seeds", [2, 3])
def test_the_family_wise_error_holds_for_accuracies_on_a_small_test_set(seeds: int) -> None:
    """Shares of 300 rows with nine digits: many seeds differ by exactly the same."""
    rng, tables, methods = np.random.default_rng(1), 400, 6
    rows, cells = [], []
    for number in range(tables):
        for one in entrants(methods, 1, seeds):
            shift = number * methods * 2 * seeds
            moved, home = ({seed: place + shift for seed, place in own.items()} for own in (one.cells, one.reference))
            rows.append(Entrant(number, one.setting, moved, home))
        cells.append(rng.binomial(300, 0.6, size=(methods * 2 * seeds, len(COMPARED))))
    values = np.vectorize(lambda hits: float(f"{hits / 300:.9g}"))(np.concatenate(cells))
    found = compare_rows(rows, founds(values))
    wrong = []
    for number in range(tables):
        own = found[number * methods * 2 : (number + 1) * methods * 2]
        told = [one.against_reference["accuracy"].p for one in own if one.against_reference]
        wrong.append(any(p is not None and p < 0.05 for p in told))
    assert np.mean(wrong) <= 0.05 + 2.58 * np.sqrt(0.05 * 0.95 / tables)


def test_one_seed_has_a_difference_and_no_test() -> None:
    rows = entrants(methods=2, settings=1, seeds=1)
    found = compare_rows(rows, founds(np.arange(4 * len(COMPARED), dtype=float).reshape(4, -1)))
    told = found[1].against_reference["accuracy"]
    assert (told.difference, told.low, told.p, told.seeds) == (7.0, None, None, 1)
    assert "seeds is unknown" in told.reason
    assert {one.groups["accuracy"] for one in found} == {""}


def test_numbers_made_by_different_versions_are_not_compared() -> None:
    rows = entrants(methods=1, settings=1, seeds=2)
    cells = founds(np.random.default_rng(0).normal(size=(4, len(COMPARED))))
    cells.made_by[2:, PLACE["accuracy"]] = cells.made_by[2, PLACE["macro_f1"]]
    told = compare_rows(rows, cells)[1].against_reference
    assert told["accuracy"].difference is None
    assert "made alike" in told["accuracy"].reason
    assert told["leakage_probe"].difference is not None


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_family_wise_error_is_at_most_5_percent(seeds: int) -> None:
    """Rows of one table that do not differ in truth: how often are any two told apart, in a column?"""
    rng = np.random.default_rng(seeds)
    tables, methods = 500, 4
    rows, cells = [], []
    for number in range(tables):
        for one in entrants(methods, 1, seeds):
            shift = number * methods * 2 * seeds
            moved = {seed: place + shift for seed, place in one.cells.items()}
            home = {seed: place + shift for seed, place in one.reference.items()}
            rows.append(Entrant(number, one.setting, moved, home))
        # Seeds are shared by all rows of a table, as the order of the data is.
        cells.append(rng.normal(size=(methods * 2, seeds, len(COMPARED))) + rng.normal(size=(1, seeds, 1)))
    values = np.concatenate([one.reshape(-1, len(COMPARED)) for one in cells])
    found = compare_rows(rows, founds(values))
    plain = [name for name in COMPARED if not COLUMNS[PLACE[name]].paired]
    against, groups = [], []
    for number in range(tables):
        own = found[number * methods * 2 : (number + 1) * methods * 2]
        for name in plain:
            against.append(any(one.against_reference[name].p < 0.05 for one in own if one.against_reference))
            groups.append(any(one.groups[name] != "a" for one in own))
    error = 2.58 * np.sqrt(0.05 * 0.95 / len(against))  # of the simulation
    assert 0.005 < np.mean(against) <= 0.05 + error
    assert 0.005 < np.mean(groups) <= 0.05 + error


def row(rows: tuple[Row, ...], *names: str) -> Row:
    (found,) = [one for one in rows if (one.method, one.regime, one.weighting) == names]
    return found


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = write_grid(tmp_path_factory.mktemp("results"), grid((0, 1, 2), ("full", "lora")), **SIZES)
    measure(results)
    return results


def test_the_board_says_which_rows_differ_from_their_reference(measured: Path) -> None:
    rows = board(measured).rows
    skewed = row(rows, "full", "imbalanced", "none")
    told = skewed.against_reference["skew_uptake"]
    assert told.difference == pytest.approx(
        skewed.numbers["skew_uptake"].value - row(rows, "full", "balanced", "none").numbers["skew_uptake"].value
    )
    assert told.difference > 0
    assert told.p < 0.05
    assert told.low < told.difference < told.high
    assert told.seeds == 3
    assert row(rows, "full", "imbalanced", "global").against_reference == skewed.against_reference
    assert row(rows, "full", "balanced", "none").against_reference == {}
    assert row(rows, "untuned", "", "").against_reference == {}
    for name in ("neutral_drift", "neutral_uptake"):
        number, told = skewed.numbers[name], skewed.against_reference[name]
        assert (told.difference, told.low, told.high) == pytest.approx((number.value, number.low, number.high))


def test_an_uptake_is_compared_with_the_references_uptake_of_the_same_skew(tmp_path: Path) -> None:
    """The reference's own number is of one skewed regime; a row of another is set against the other one."""
    for seed in (0, 1, 2):
        for kind in (Kind(seed=seed), Kind("imbalanced", seed=seed, tilt=2.0), Kind("switched", seed=seed, tilt=-2.0)):
            folder = write_cell(tmp_path, kind, **SIZES)
            told = spec(kind)
            skew = told["skew"]["imbalanced"]
            both = {"imbalanced": skew, "switched": [[-one for one in line] for line in skew]}
            told["skew"] = both if kind.regime == "balanced" else {kind.regime: both[kind.regime]}
            (folder / "spec.json").write_text(json.dumps(told))
    measure(tmp_path)
    rows = board(tmp_path).rows
    home = row(rows, "full", "balanced", "none").numbers["skew_uptake"].value
    for regime, sign in (("imbalanced", 1), ("switched", -1)):
        found = row(rows, "full", regime, "none")
        told = found.against_reference["skew_uptake"]
        assert told.difference == pytest.approx(found.numbers["skew_uptake"].value - sign * home)


def test_the_mean_of_an_entrant_is_that_of_the_board(measured: Path) -> None:
    found = row(board(measured).rows, "lora", "imbalanced", "none")
    values = []
    for seed in range(3):
        folder = measured / "cells" / Kind("imbalanced", "lora", "none", seed).id
        told = json.loads((folder / "metrics.json").read_text())["measures"]
        values.append(next(one for one in told if one["measure"] == "accuracy")["values"][0]["value"])
    number = found.numbers["accuracy"]
    expected = spread(np.array(values))
    assert number.value == pytest.approx(float(expected.mean))
    assert number.high - number.value == pytest.approx(float(expected.half))
