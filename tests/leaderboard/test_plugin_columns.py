"""Measures of plug-ins on the board: known by the results alone, never averaged over versions, and compared."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leaderboard.board import Board, board
from leaderboard.measures import PredictedRows
from leaderboard.measuring import measure as measuring
from leaderboard.measuring.measure import measure
from leaderboard.publishing.parquet import write_rows
from leaderboard.reading import index, summary
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.plugin_columns import RESERVED, wrong_name
from leaderboard.reading.store import read_results
from leaderboard.site.listing import listing
from leaderboard.tables.fields import fields_of
from polyskew.errors import UserError
from tests.leaderboard.measuring.plugged import Register, register, unregister
from tests.leaderboard.synthetic import Kind, write_predictions

__all__ = ["register", "unregister"]
METHODS, SEEDS = ("full", "lora", "houlsby"), range(3)
KINDS = [Kind(regime, method, "none", seed, tilt=2.0) for regime in ("balanced", "imbalanced") for method in METHODS
         for seed in SEEDS]  # fmt: skip
VALUES = {"full": 0.2, "lora": 0.5, "houlsby": 0.9}


def made(rows: PredictedRows) -> float:
    """A number that was made up; <b>not</b> from the rows."""
    return CURRENT[0]


CURRENT = [0.0]


@pytest.fixture
def measured(
    tmp_path: Path, register: Register, unregister: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Every method has its own number in a measure whose lower end is the better; the plug-in is gone now.

    The suite's own measures are left out, which takes no time.
    """
    monkeypatch.setattr(measuring, "jobs", lambda *_: iter(()))
    results = tmp_path / "results"
    register("made_up", made, better="lower", unit="ratio", resamples=0)
    register("idle", lambda rows: float("nan"), resamples=0)
    noise = iter(np.random.default_rng(0).normal(scale=0.001, size=len(KINDS)))
    for kind in KINDS:
        write_predictions(results, kind)
        CURRENT[0] = VALUES[kind.method] + next(noise)
        measure(results, [kind.id])
    unregister("made_up")
    unregister("idle")
    return results


def row(found: Board, method: str, regime: str = "imbalanced") -> object:
    return next(one for one in found.rows if (one.method, one.regime) == (method, regime))


def test_every_format_has_the_column_without_the_plug_in(measured: Path, tmp_path: Path) -> None:
    found = board(measured)
    assert [column.name for column in found.columns[len(COLUMNS) :]] == ["idle", "made_up"]
    record = next(csv.DictReader(io.StringIO(found.to_csv())))
    assert float(record["made_up"]) == pytest.approx(0.2, abs=0.01)
    assert list(record) == list(fields_of(found.columns))
    assert list(record)[: len(fields_of(COLUMNS))] == list(fields_of(COLUMNS)), "all others stand before it"
    assert record["idle_reason"] == "it cannot be computed from these rows"
    assert "idle_vs_reference" not in record, "what has no better end is not compared"
    told = json.loads(found.to_json(["made_up"]))
    assert told["units"] == {"made_up": "ratio"}
    assert set(told["rows"][0]["numbers"]) == {"made_up"}
    for text in (found.to_text(), found.to_markdown(), found.to_html(), found.to_latex()):
        assert "made" in text
        assert "A number that was made up" in text
        assert "<b>not</b>" not in text or text in (found.to_text(), found.to_latex())
    assert [one.method for one in found.where("made_up < .3").sort("-regime").rows] == ["full", "full"]
    assert [one.method for one in found.where('regime == "balanced"').sort("-made_up").rows] == [*reversed(METHODS)]
    with pytest.raises(UserError, match="did you mean 'made_up'"):
        found.to_text(columns=["made_upp"])
    write_rows(found, tmp_path / "rows.parquet")
    columns = {column["name"]: column for column in listing(found)["columns"]}
    assert columns["made_up"]["plugin"]
    assert columns["made_up"]["shown"]


def test_it_is_compared_and_the_lowest_is_the_best(measured: Path) -> None:
    found = board(measured)
    letters = {method: row(found, method).groups["made_up"] for method in METHODS}
    assert letters == {"houlsby": "a", "lora": "b", "full": "c"}, "an a has the largest mean, as in all columns"
    assert row(found, "lora").against_reference["made_up"].seeds == 3
    assert "idle" not in row(found, "lora").against_reference
    text = found.to_markdown(["made_up"], ["regime"])
    best = [line for line in text.splitlines() if "**" in line]
    assert len(best) == 2
    assert all("full" in line for line in best)
    assert "Bold: the lowest made_up shown" in found.to_markdown().replace("\\_", "_")


def test_the_index_and_several_processes_give_the_same_board(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (measured / "cells" / KINDS[0].id / "metrics.json").unlink()
    shutil.rmtree(measured / "cells" / KINDS[3].id / "predict")
    first = board(measured)
    assert board(measured) == first, "from the index"
    (measured / index.INDEX).unlink()
    monkeypatch.setattr(summary, "_BATCH", 2)
    assert board(measured) == first
    (measured / index.INDEX).unlink()
    monkeypatch.setattr(summary, "_BATCHES_A_WORKER", 1)
    assert board(measured, workers=2) == first
    reason = row(first, "full", "balanced").numbers["made_up"].reason
    assert "1 of 3 seeds missing: not measured yet" in reason
    assert "the stage 'predict' is not finished" in row(first, "lora", "balanced").numbers["made_up"].reason


def test_a_column_goes_with_the_last_cell_that_has_it(measured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_SETTLED", 0.0)
    assert "made_up" in fields_of(board(measured).columns)
    for path in measured.glob("cells/*/metrics.json"):
        told = json.loads(path.read_text())
        told["measures"] = [one for one in told["measures"] if "plugin" not in one]
        path.write_text(json.dumps(told))
    assert board(measured).columns == COLUMNS


def test_numbers_of_another_file_are_rows_of_their_own(measured: Path, register: Register) -> None:
    register("made_up", made, "9f9f", better="lower", unit="ratio", resamples=0)
    CURRENT[0] = 0.4
    measure(measured, [Kind("imbalanced", "lora", "none", 2, tilt=2.0).id])
    rows = [one for one in board(measured).rows if (one.method, one.regime) == ("lora", "imbalanced")]
    assert [(one.planned, one.variant) for one in rows] == [
        (2, "measured=made_up 1 (plugin=mine.py (ab12))"),
        (1, "measured=made_up 1 (plugin=mine.py (9f9f))"),
    ]
    assert rows[1].numbers["made_up"].value == 0.4


def test_a_name_that_no_column_can_have_is_one_sentence(measured: Path) -> None:
    path = measured / "cells" / KINDS[0].id / "metrics.json"
    for name in ("accuracy", "made_up_low", "<script>", "a" * 41, "task"):
        whole = path.read_text()
        path.write_text(whole.replace('"measure":"made_up"', f'"measure":"{name}"'))
        with pytest.raises(UserError, match=r"metrics\.json: .* cannot be the name of a plug-in's measure"):
            board(measured)
        path.write_text(whole)


def test_no_plug_in_can_take_a_name_that_the_board_has() -> None:
    texts = {name for name, field in fields_of(COLUMNS).items() if field.column == name}
    assert texts <= RESERVED
    assert [name for name in fields_of(COLUMNS) if not wrong_name(name)] == []


def test_a_measure_of_the_suite_is_never_taken_from_a_plug_in(measured: Path) -> None:
    cell = read_results(measured).cells[KINDS[0].id]
    assert "made_up" not in cell.blocks
    assert set(cell.plugin_blocks) == {"made_up", "idle"}
