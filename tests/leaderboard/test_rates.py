"""Learning rates as an axis, searches of them, and names with options and plug-ins, on the board."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.board import Board, board
from leaderboard.gathering import _place, _rate
from leaderboard.measuring.measure import measure
from leaderboard.site.listing import listing
from leaderboard.site.prose import prose
from leaderboard.tables.choosing import sections
from polyskew.files import write_json
from tests.leaderboard.synthetic import Kind, spec, write_predictions
from tests.leaderboard.tables.made_up import row

RATES = ("", "x0.3", "x3", "5e-05", "0.001")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("rates") / "results"
    for place, rate in enumerate(RATES):
        for regime in ("balanced", "imbalanced"):
            for seed in (0, 1):
                kind = Kind(regime, "full", "none", seed, rate=rate, skill=1.0 + 0.3 * place)
                write_predictions(results, kind, rate_body=0.5**place, rate_head=0.25)
    measure(results)
    return results


def test_rates_are_rows_of_one_table_in_their_order(measured: Path) -> None:
    found = board(measured)
    ((title, rows),) = sections(found)
    assert title == "synthetic_reviews · synthetic-bert"
    assert [one.learning_rate for one in rows if one.regime == "balanced"] == list(RATES)
    assert {one.variant for one in rows} == {""}
    assert {one.planned for one in rows} == {2}
    records = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [record["learning_rate"] for record in records[::2]] == list(RATES)
    assert [float(record["rate_body"]) for record in records[::2]] == [0.5**place for place in range(5)]
    assert records[0]["search_trainings_reason"] == "no search"


def test_tables_have_a_column_of_rates_only_where_there_are_some(measured: Path) -> None:
    found = board(measured)
    heading, _, first, *_ = found.to_text().splitlines()[1:]
    assert heading.split()[:4] == ["method", "rate", "regime", "weights"]
    assert first.split()[:4] == ["full", "own", "balanced", "none"]
    for text in (found.to_markdown(), found.to_html(), found.to_latex()):
        assert "x0.3" in text
    own = found.where('learning_rate == ""')
    assert len(own.rows) == 2
    assert own.to_text().splitlines()[1].split()[:3] == ["method", "regime", "weights"]
    assert [title for title, _ in sections(found, ["learning_rate"])][:2] == ["own rate", "x0.3"]


def test_each_rate_has_its_own_reference_and_all_are_compared(measured: Path) -> None:
    found = board(measured)
    for one in found.rows:
        if not one.reference:
            assert one.numbers["accuracy_difference"].value is not None
            assert one.against_reference["accuracy"].seeds == 2
            reference = next(o for o in found.rows if o.reference and o.learning_rate == one.learning_rate)
            mean = one.numbers["accuracy"].value - reference.numbers["accuracy"].value
            assert one.against_reference["accuracy"].difference == pytest.approx(mean)
    letters = [one.groups["accuracy"] for one in found.rows if one.regime == "balanced"]
    assert all(letters), "five rates of one method are five entrants"
    assert "methods and learning rates of one regime" in found.to_text().replace("\n ", " ")


def test_the_site_has_the_rates(measured: Path) -> None:
    told = listing(board(measured))
    names = [told["shared"][place] for place in told["names"]["learning_rate"]]
    assert names[::2] == list(RATES)


@given(st.permutations(RATES))
def test_rates_are_ordered_by_size(rates: list[str]) -> None:
    assert sorted(rates, key=_rate) == list(RATES)


WEIGHTINGS = ("none", "per_language", "per_language+focal(gamma=2)", "per_language+focal(gamma=10)", "effective_number")
REGIMES = ("balanced", "imbalanced", "imbalanced@0.25", "imbalanced@0.5", "odd", "odd@0.5")


@given(st.permutations(WEIGHTINGS), st.permutations(REGIMES))
def test_names_are_ordered_by_what_they_add_to(weightings: list[str], regimes: list[str]) -> None:
    for names, order, known in (
        (weightings, WEIGHTINGS, ("none", "global", "per_language")),
        (regimes, REGIMES, ("balanced", "imbalanced")),
    ):
        assert tuple(sorted(names, key=lambda name: _place(name, known))) == order


def searched(tmp_path: Path) -> Board:
    search = {"factors": [0.3, 1, 3], "losses": [0.9, 0.7, 0.8], "chosen": 1, "at_edge": False}
    for seed in (0, 1):
        told = {"search": search | {"at_edge": seed == 1}, "search_trainings": 3, "search_seconds": 61.0}
        write_predictions(tmp_path, Kind(seed=seed), **told)
        told["search"] = search
        write_predictions(tmp_path, Kind("imbalanced", seed=seed), **told)
        write_predictions(tmp_path, Kind(method="lora", seed=seed))
    measure(tmp_path)
    return board(tmp_path)


def test_the_footnote_says_what_searches_cost_and_where_they_ended(tmp_path: Path) -> None:
    found = searched(tmp_path)
    sentence = "Learning rates were searched by 12 trainings, of 244 s in all; 1 of 2 rows chose an end of the range"
    assert sentence in found.to_text(1000)
    assert sentence in found.to_markdown()
    assert any(sentence in told for told in prose(found, tmp_path)["caption"])
    one = found.rows[0].numbers
    assert (one["search_trainings"].value, one["search_seconds"].value, one["search_at_edge"].value) == (3, 61, 0.5)
    assert found.rows[2].numbers["search_seconds"].reason == "no search"
    assert "searched" not in found.where('method == "lora"').to_text()
    assert "no search" not in found.to_text(columns=["search_at_edge"])


NAME = "per_language+focal(gamma=1, at='a|b')"


def test_names_with_options_go_through_every_format() -> None:
    found = Board((row("lora(rank=4, targets=['a_b'])", weighting=NAME, learning_rate="0.001/0.002"),))
    record = next(csv.DictReader(io.StringIO(found.to_csv())))
    assert (record["weighting"], record["learning_rate"]) == (NAME, "0.001/0.002")
    assert json.loads(found.to_json())["rows"][0]["weighting"] == NAME
    quoted = NAME.replace("'", '"')
    assert len(found.where(f'''weighting == "{NAME}" and learning_rate == "0.001/0.002"''').rows) == 1
    assert not found.where(f"weighting == '{quoted}'").rows
    assert "per_language+focal(gamma=1, at='a\\|b')" in found.to_markdown()
    assert "at=&#x27;a|b&#x27;)" in found.to_html()
    assert r"per\_language+focal(gamma=1, at={'}a\textbar{}b{'})" in found.to_latex()
    assert NAME in found.to_text(200)


def test_identical_work_at_another_rate_is_called_by_it(measured: Path, tmp_path: Path) -> None:
    results = Path(shutil.copytree(measured, tmp_path / "results"))
    for seed in (0, 1):
        worker = Kind("imbalanced", "full", "none", seed, rate="x3")
        write_json(
            results / "cells" / (twin := replace(worker, weighting="global", same_as=worker.id)).id / "spec.json",
            spec(twin),
        )
    (found,) = board(results).where('weighting == "global"').rows
    assert found.status == "same as full/imbalanced/none/x3"


def test_a_reference_that_lacks_a_seed_is_said_to_lack_it_and_not_to_lack_a_reference(
    measured: Path, tmp_path: Path
) -> None:
    results = Path(shutil.copytree(measured, tmp_path / "results"))
    for stage in ("predict", "metrics.json"):
        path = results / "cells" / Kind("balanced", "full", "none", 1, rate="x3").id / stage
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    text = board(results).to_text()
    assert "accuracy: 1 of 2 seeds missing" in text
    assert "this is the reference cell" not in text
