"""Training cells again: equal on the machine that trained them, told apart where a record was forged."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from scipy import stats

from benchmark.cell import run_cell
from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.rerun import LEVEL, Number, expected, rerun
from benchmark.run import cells, record
from leaderboard.measuring.measure import measure
from leaderboard.reading.sources import Found
from leaderboard.verification.outcome import outcomes
from leaderboard.verification.verify import verify
from leaderboard.verification.writing import faults
from polyskew.errors import UserError
from polyskew.yamls import validate
from tests.benchmark import world
from tests.leaderboard.verification.whole import REGISTERED, edit_table, seal


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, reviews: Path, bert: Path) -> Path:
    """Two balanced cells of two seeds, with the task's file beside their grid."""
    results = tmp_path_factory.mktemp("finished") / "results"
    content = world.grid_of(reviews, bert, regimes=["balanced"], methods=["lora"], weightings=["none"], seeds=[0, 1])
    grid = validate(content, GridSpec, "grid")
    specs = expand(grid)
    record(grid, specs, results)
    shutil.copy(reviews, results)
    for cell in cells(grid, specs, results):
        assert run_cell(cell, lambda stage, share: None) == "done"
    measure(results)
    return results


def test_the_same_machine_gives_the_same_numbers(finished: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    (repeat,) = rerun(finished, 1, seed=3, workers=1)
    assert repeat.holds
    assert not repeat.failure
    assert [number.column for number in repeat.numbers] == ["accuracy", "leakage_probe"]
    assert all(number.equal for number in repeat.numbers)
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before, "nothing is written there"


def test_what_was_run_holds_and_a_logit_that_was_changed_does_not(finished: Path, tmp_path: Path) -> None:
    """In the very files that a run writes, even where everything was measured and signed again."""
    found = verify(finished, REGISTERED)
    assert not faults(found)
    assert {one.outcome for one in outcomes(found)} == {"holds"}
    results = Path(shutil.copytree(finished, tmp_path / "results"))
    (cell, _) = sorted(path.parent for path in results.glob("cells/*/predict"))
    explained = pyarrow.parquet.read_table(cell / "attributions" / "attributions.parquet").to_pylist()[0]

    def change(columns: dict[str, list[Any]]) -> None:
        row = list(zip(columns["language"], columns["id"], strict=True)).index((explained["language"], explained["id"]))
        columns["logits"][row] = columns["logits"][row][1:] + columns["logits"][row][:1]

    edit_table(cell / "predict" / "predictions.parquet", change)
    seal(cell / "predict")
    measure(results)
    (note,) = faults(verify(results, REGISTERED))
    assert (note.cell, note.file) == (cell.name, "predict/predictions.parquet")
    assert f"the text {explained['id']!r} ({explained['language']}) has" in note.text


def test_a_forged_record_is_told(finished: Path, tmp_path: Path) -> None:
    results = Path(shutil.copytree(finished, tmp_path / "results"))
    for path in results.glob("cells/*/metrics.json"):
        told = json.loads(path.read_text())
        for block in told["measures"]:
            if block["measure"] == "accuracy":
                block["values"][0]["value"] = 0.99  # in all seeds, so that their spread is none
        path.write_text(json.dumps(told))
    (repeat,) = rerun(results, 1, workers=1)
    assert not repeat.holds
    forged = {number.column: number for number in repeat.numbers}["accuracy"]
    assert (forged.recorded, forged.holds) == (0.99, False)


def test_more_cells_than_there_are_is_told(finished: Path) -> None:
    with pytest.raises(UserError, match="has 2 finished cells that were trained; 3 cannot"):
        rerun(finished, 3)


def test_a_grid_whose_data_are_not_here_is_told(finished: Path, tmp_path: Path) -> None:
    for name, change, told in (
        (
            "changed",
            lambda task: task.write_text(task.read_text().replace("cell: 20", "cell: 15")),
            "its data, its model",
        ),
        ("gone", Path.unlink, r"tiny_reviews\.yaml"),
        ("no_grid", lambda task: (task.parent / "grid.yaml").unlink(), r"no grid\*\.yaml in"),
    ):
        results = Path(shutil.copytree(finished, tmp_path / name))
        change(results / "tiny_reviews.yaml")
        with pytest.raises(UserError, match=told):
            rerun(results, 1)


def test_one_more_training_falls_into_the_interval_as_often_as_said() -> None:
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(4000):
        *seeds, new = generator.normal(0.5, 0.02, size=4).tolist()
        low, high = expected(Found(seeds[0]), seeds, LEVEL)
        inside += low <= new <= high
    assert inside / 4000 == pytest.approx(LEVEL, abs=0.012)


def test_with_one_seed_the_interval_over_test_rows_is_widened() -> None:
    low, high = expected(Found(0.5, 0.4, 0.6), [0.5], 0.99)
    half = 0.1 * stats.norm.ppf(0.995) / stats.norm.ppf(0.975)
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half))
    assert expected(Found(0.5), [0.5], 0.99) == (None, None)


@pytest.mark.parametrize(
    ("number", "holds"),
    [
        (Number("accuracy", 0.5, 0.5 + 1e-9, None, None), True),
        (Number("accuracy", 0.5, 0.51, None, None), False),
        (Number("accuracy", 0.5, 0.51, 0.45, 0.55), True),
        (Number("accuracy", 0.5, 0.56, 0.45, 0.55), False),
    ],
)
def test_a_number_holds_where_it_is_equal_or_expected(number: Any, holds: bool) -> None:
    assert number.holds == holds
