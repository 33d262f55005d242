"""From a results folder to a board: measuring, averaging, missing and failed cells, and the written forms."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from leaderboard.board import Board, board
from leaderboard.figure import draw
from leaderboard.measures import online_coding
from leaderboard.measuring.measure import measure
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.store import read_results
from leaderboard.tables.choosing import sections
from leaderboard.tables.fields import fields_of
from polyskew.errors import UserError
from tests.leaderboard.synthetic import ATTRIBUTIONS, SKEW, Kind, cost, grid, write_cell, write_grid

ROOT = Path(__file__).parents[2]
COMPARED = [column.name for column in COLUMNS if column.compared]
SIZES = {"rows": 120, "explained": 60, "hidden": 4}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = write_grid(tmp_path_factory.mktemp("results"), grid((0, 1, 2), ("full", "lora")), **SIZES)
    measure(results)
    return results


@pytest.fixture
def copy(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured, tmp_path / "results"))


def row(found: Board, *names: str) -> object:
    return next(row for row in found.rows if (row.method, row.regime, row.weighting) == names)


def values(results: Path, kind: Kind) -> dict[tuple[str, str], float | None]:
    """A cell's numbers, of the drift those at the threshold that the board shows."""
    told = json.loads((results / "cells" / kind.id / "metrics.json").read_text())
    return {
        (block["measure"], ",".join(value.get("by", {}).values())): value["value"]
        for block in told["measures"]
        if block.get("params", {}).get("threshold", 0.01) == 0.01
        for value in block["values"]
    }


def test_means_and_intervals_over_seeds_are_those_of_the_cells(measured: Path) -> None:
    treated = [Kind("imbalanced", "full", "none", seed) for seed in range(3)]
    accuracies = [values(measured, kind)["accuracy", ""] for kind in treated]
    references = [values(measured, Kind(seed=seed))["accuracy", ""] for seed in range(3)]
    found = row(board(measured), "full", "imbalanced", "none").numbers
    low, high = stats.t.interval(0.95, 2, loc=np.mean(accuracies), scale=stats.sem(accuracies))
    assert found["accuracy"].value == pytest.approx(np.mean(accuracies))
    assert (found["accuracy"].low, found["accuracy"].high) == pytest.approx((low, high))
    assert found["accuracy"].method == "t interval of the mean over 3 seeds (training runs on this test set)"
    gains = np.array(accuracies) - np.array(references)
    assert found["accuracy_difference"].value == pytest.approx(gains.mean())
    low, high = stats.t.interval(0.95, 2, loc=gains.mean(), scale=stats.sem(gains))
    assert (found["accuracy_difference"].low, found["accuracy_difference"].high) == pytest.approx((low, high))
    assert "paired by seed" in found["accuracy_difference"].method


def test_the_board_shows_what_was_put_into_the_synthetic_cells(measured: Path) -> None:
    found = board(measured)
    tilted, weighted = row(found, "full", "imbalanced", "none"), row(found, "full", "imbalanced", "per_language")
    for name in ("skew_uptake", "leakage_probe", "compression_probe", "neutral_drift", "neutral_uptake"):
        assert tilted.numbers[name].value > weighted.numbers[name].value
    assert tilted.numbers["neutral_uptake"].low > 0
    assert tilted.numbers["leakage_probe_chance"].value == pytest.approx(1 / 6)
    untuned = row(found, "untuned", "", "")
    assert tilted.untuned["leakage_probe"] == untuned.numbers["leakage_probe"]
    assert untuned.numbers["accuracy"].reason == "the untuned model makes no predictions"
    reference = row(found, "full", "balanced", "none")
    assert reference.reference
    assert reference.numbers["neutral_drift"].value is None
    assert reference.numbers["neutral_drift"].reason == "this is the reference cell"
    assert reference.numbers["neutral_drift_placebo"].value > 0


def test_neutral_drift_is_its_own_less_that_of_the_next_seeds_balanced_cell(measured: Path) -> None:
    results = read_results(measured)
    for seed, following in ((0, 1), (1, 2), (2, 0)):
        cell = results.cells[Kind("imbalanced", "lora", "none", seed).id]
        assert results.placebo(cell).spec.id == Kind(method="lora", seed=following).id
        told = values(measured, Kind("imbalanced", "lora", "none", seed))
        own, placebo = told["neutral_drift", "own"], told["neutral_drift", "placebo"]
        assert told["neutral_drift", ""] == pytest.approx(own - placebo, abs=1e-7)
        table = [[told["drift", f"{name},{label},neutral"] for label in "12345"] for name in cell.spec.languages]
        assert own == pytest.approx(np.abs(table).mean(), abs=1e-7)
        slope = (np.array(SKEW) * table).sum() / (np.array(SKEW) ** 2).sum()
        assert told["neutral_uptake", "imbalanced"] == pytest.approx(slope, abs=1e-7)


def test_identical_cells_show_the_numbers_of_the_cell_that_did_the_work(measured: Path) -> None:
    found = board(measured)
    twin, worker = row(found, "lora", "imbalanced", "global"), row(found, "lora", "imbalanced", "none")
    assert twin.status == "same as lora/imbalanced/none"
    assert twin.numbers == worker.numbers
    assert not (measured / "cells" / Kind("imbalanced", "lora", "global").id / "metrics.json").exists()


def test_one_seed_has_an_interval_over_test_rows_and_no_placebo(tmp_path: Path) -> None:
    write_grid(tmp_path, grid((4,), ("full",)), **SIZES)
    measure(tmp_path)
    found = row(board(tmp_path), "full", "imbalanced", "none").numbers
    assert found["accuracy"].method.startswith("one seed: normal, bootstrap error over groups of test rows")
    assert found["accuracy"].low < found["accuracy"].value < found["accuracy"].high
    assert found["accuracy_difference"].low < found["accuracy_difference"].high
    assert found["neutral_drift"].value is None
    assert found["neutral_drift"].reason == "no placebo: the balanced cell has one seed"
    assert found["neutral_drift_own"].value > 0
    assert found["neutral_uptake"].value > 0


def test_measuring_again_changes_nothing_and_runs_no_probe(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online_coding, "online_bits", lambda *a, **k: pytest.fail("a probe ran again"))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.glob("cells/*/metrics.json")}
    measure(copy)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in copy.glob("cells/*/metrics.json")} == before


def test_a_new_reference_renews_the_drift_and_keeps_the_probes(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    treated = Kind("imbalanced", "full", "none", 1)
    before = values(copy, treated)
    attributions = copy / "cells" / Kind(seed=1).id / "attributions"
    shutil.rmtree(attributions)
    shutil.copytree(copy / "cells" / Kind(seed=2).id / "attributions", attributions)
    monkeypatch.setattr(online_coding, "online_bits", lambda *a, **k: pytest.fail("a probe ran again"))
    measure(copy, [Kind(seed=1).id])
    after = values(copy, treated)
    changed = {name for name in before if before[name] != after[name]}
    assert {name for name, _ in changed} <= {"drift", "base_difference", "neutral_drift", "neutral_uptake"}
    assert ("neutral_drift", "own") in changed


def test_metrics_do_not_depend_on_the_order_of_measuring(measured: Path, tmp_path: Path) -> None:
    kinds = [Kind("imbalanced", "full", "none", 0), Kind(seed=1), Kind(seed=0)]
    for kind in kinds:  # as a running grid does it: each cell is measured when it is finished
        write_cell(tmp_path, kind, **SIZES)
        measure(tmp_path, [kind.id])
    one = tmp_path / "cells" / kinds[0].id / "metrics.json"
    before = one.read_bytes()
    one.unlink()
    measure(tmp_path)
    assert one.read_bytes() == before


@pytest.mark.parametrize("what", ["mode", "tokens"])
def test_attributions_that_cannot_be_compared_are_missing_with_the_reason(copy: Path, what: str) -> None:
    import pyarrow
    import pyarrow.parquet

    from polyskew.files import atomic_folder

    folder = copy / "cells" / Kind("imbalanced", "full", "none", 0).id / "attributions"
    table = pyarrow.parquet.read_table(folder / "attributions.parquet").to_pydict()
    if what == "mode":
        table["mode"][3] = "permutations"
    else:
        table["token_ids"][3][0] += 1
    with atomic_folder(folder) as out:
        columns = {name: pyarrow.array(column, ATTRIBUTIONS[name]) for name, column in table.items()}
        pyarrow.parquet.write_table(pyarrow.table(columns), out / "attributions.parquet")
    measure(copy)
    found = row(board(copy), "full", "imbalanced", "none").numbers["neutral_drift"]
    assert found.seeds == 2
    assert {"mode": "different modes", "tokens": "other tokens"}[what] in found.reason


def test_failed_missing_and_unfinished_cells_are_shown_as_such(copy: Path) -> None:
    failed = copy / "cells" / Kind("imbalanced", "full", "none", 2).id
    shutil.rmtree(failed / "train")
    for name in ("predict", "features", "attributions"):
        shutil.rmtree(failed / name)
    (failed / "metrics.json").unlink()
    (failed / "failure.json").write_text('{"stage": "train", "kind": "nan", "message": "the loss is not a number"}')
    for seed in range(3):
        planned = copy / "cells" / Kind("imbalanced", "lora", "per_language", seed).id
        for path in planned.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
        (planned / "metrics.json").unlink()
    found = board(copy)
    one, two = row(found, "full", "imbalanced", "none"), row(found, "lora", "imbalanced", "per_language")
    assert (one.status, one.planned, one.done, one.numbers["accuracy"].seeds) == ("partly done", 3, 2, 2)
    assert one.notes == ("seed 2 failed in train (nan): the loss is not a number",)
    assert (two.status, two.numbers["accuracy"].value) == ("not run", None)
    assert two.numbers["accuracy"].reason == "not run yet"
    text = found.to_text()
    assert "seed 2 failed in train (nan): the loss is not a number" in text
    assert "not run" in text


def test_a_cell_with_a_stage_to_come_is_running_even_if_its_accuracy_is_known(tmp_path: Path) -> None:
    folder = write_cell(tmp_path, Kind(), **SIZES)
    shutil.rmtree(folder / "attributions")
    measure(tmp_path)
    found = row(board(tmp_path), "full", "balanced", "none")
    assert (found.status, found.done) == ("unfinished", 0)
    assert found.numbers["accuracy"].value > 0.3
    assert found.numbers["neutral_drift"].reason == "the stage 'attributions' is not finished"
    spec = json.loads((folder / "spec.json").read_text()) | {"stages": ["predict", "features"]}
    (folder / "spec.json").write_text(json.dumps(spec))
    assert row(board(tmp_path), "full", "balanced", "none").status == "done"


def test_different_recipes_and_devices_are_rows_of_their_own_with_the_difference_named(tmp_path: Path) -> None:
    for group in ("g1", "g2"):
        for seed in (0, 1):
            write_cell(tmp_path, Kind(seed=seed, group=group), **SIZES)
    elsewhere = tmp_path / "cells" / Kind(seed=1).id / "train" / "cost.json"
    elsewhere.write_text(json.dumps(cost(Kind(), np.random.default_rng(0)) | {"device": "cuda:1"}))
    rows = board(tmp_path).rows
    assert len(rows) == 3
    assert sorted((row.planned, row.variant) for row in rows) == [
        (1, "device=cpu, recipe.epochs=3"),
        (1, "device=cuda, recipe.epochs=3"),
        (2, "device=cpu, recipe.epochs=5"),
    ]


def test_a_reference_that_was_trained_elsewhere_is_named_and_not_tested_against(copy: Path) -> None:
    for seed in range(3):
        path = copy / "cells" / Kind(seed=seed).id / "train" / "cost.json"
        path.write_text(path.read_text().replace('"cpu"', '"cuda:0"').replace('"fp32"', '"bf16"'))
    found = row(board(copy), "full", "imbalanced", "none")
    assert found.against_reference == {}
    assert found.numbers["accuracy_difference"].value is not None
    assert [note for note in found.notes if "its reference on cuda in bf16" in note]
    assert not row(board(copy), "lora", "imbalanced", "none").notes
    assert not row(board(copy), "full", "balanced", "none").notes


def test_what_was_made_for_other_settings_is_missing(copy: Path) -> None:
    """After a re-run with other settings that failed or has not come so far, the earlier numbers are not shown."""
    kind = Kind("imbalanced", tilt=3.0)
    folder = copy / "cells" / kind.id
    content = json.loads((folder / "spec.json").read_text())
    wanted = {"version": 2, "settings": {"explained_texts": 60}}
    (folder / "attributions" / "stage.json").write_text(json.dumps({"asked": wanted | {"inputs": {}}}))
    (folder / "spec.json").write_text(json.dumps(content | {"asked": {"attributions": wanted}}))
    before = row(board(copy), "full", "imbalanced", "none")
    assert before.status == "done"
    assert before.numbers["neutral_drift"].value is not None
    other = wanted | {"settings": {"explained_texts": 90}}
    (folder / "spec.json").write_text(json.dumps(content | {"asked": {"attributions": other}}))
    after = row(board(copy), "full", "imbalanced", "none")
    assert after.status == "partly done"
    assert after.numbers["neutral_drift"].seeds == before.numbers["neutral_drift"].seeds - 1
    assert "the stage 'attributions' is not finished" in after.numbers["neutral_drift"].reason
    assert after.numbers["accuracy"] == before.numbers["accuracy"]
    measure(copy)
    assert "neutral_drift" not in read_results(copy).cells[kind.id].blocks
    # What was made from an earlier training is missing with it.
    old = {"train": {"version": 2, "settings": {}}}
    (folder / "train" / "stage.json").write_text(json.dumps({"asked": {"version": 1, "settings": {}, "inputs": {}}}))
    (folder / "spec.json").write_text(json.dumps(content | {"asked": old}))
    untrained = row(board(copy), "full", "imbalanced", "none").numbers
    for name in ("accuracy", "leakage_probe", "seconds"):
        assert untrained[name].seeds == before.numbers[name].seeds - 1


@pytest.mark.parametrize("content", ["{}", '{"files": {}}', "[]", '{"files": {"predictions.parquet": {}}}', "no JSON"])
def test_a_wrong_manifest_is_one_sentence_and_does_not_stop_the_others(copy: Path, content: str) -> None:
    broken, other = (copy / "cells" / Kind("imbalanced", seed=seed, tilt=3.0).id for seed in (0, 1))
    (broken / "predict" / "manifest.json").write_text(content)
    (other / "metrics.json").unlink()
    for workers in (1, 2):
        with pytest.raises(UserError, match=r"predict/manifest\.json"):
            measure(copy, workers=workers)
    assert (other / "metrics.json").exists()


def test_several_recipes_have_sections_of_their_own(tmp_path: Path) -> None:
    kinds = [Kind(method="untuned", regime=None, weighting=None, seed=None), Kind(), Kind(method="lora")]
    for kind in [*kinds, Kind(group="g2")]:
        write_cell(tmp_path, kind, rows=60, explained=0)
        path = tmp_path / "cells" / kind.id / "spec.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps(content | {"recipe": "gentle" if kind.group == "g2" else "demo"}))
    rows = board(tmp_path).rows
    assert sorted((row.method, row.variant) for row in rows) == [
        ("full", "recipe=demo"),
        ("full", "recipe=gentle"),
        ("lora", "recipe=demo"),
        ("untuned", ""),
    ]
    found = {title.rpartition(" · ")[2]: [row.method for row in part] for title, part in sections(board(tmp_path))}
    assert found == {"recipe=demo": ["untuned", "full", "lora"], "recipe=gentle": ["full"]}


def test_seeds_measured_by_different_versions_are_rows_of_their_own(copy: Path) -> None:
    path = copy / "cells" / Kind(seed=1).id / "metrics.json"
    path.write_text(path.read_text().replace('"measure":"accuracy","version":1', '"measure":"accuracy","version":2'))
    found = [one for one in board(copy).rows if (one.method, one.regime, one.weighting) == ("full", "balanced", "none")]
    assert [(one.planned, one.variant) for one in found] == [(2, "measured=accuracy 1"), (1, "measured=accuracy 2")]
    assert [one.numbers["accuracy"].seeds for one in found] == [2, 1]
    treated = row(board(copy), "full", "imbalanced", "none")
    assert treated.against_reference["accuracy"].seeds == 2
    assert treated.against_reference["leakage_probe"].seeds == 3


def test_a_row_says_that_an_earlier_version_of_a_measure_made_it(copy: Path) -> None:
    for seed in range(3):
        path = copy / "cells" / Kind(seed=seed).id / "metrics.json"
        path.write_text(path.read_text().replace('"measure":"leakage","version":2', '"measure":"leakage","version":1'))
    found = board(copy)
    assert row(found, "full", "balanced", "none").notes == (
        "measured by earlier versions (leakage 1); `polyskew run` measures again",
    )
    assert not row(found, "lora", "balanced", "none").notes


@pytest.mark.parametrize("name", ["spec.json", "metrics.json", "train/cost.json", "data/tokens.json"])
def test_a_broken_file_is_one_sentence_that_names_it(copy: Path, name: str) -> None:
    path = copy / "cells" / Kind().id / name
    path.write_text(path.read_text()[:-20])
    with pytest.raises(UserError, match="is not valid JSON") as error:
        board(copy)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_another_schema_and_a_folder_without_cells_are_refused(copy: Path, tmp_path: Path) -> None:
    path = copy / "cells" / Kind().id / "spec.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 9'))
    with pytest.raises(UserError, match="schema 9; this version of polyskew reads schema 1"):
        board(copy)
    with pytest.raises(UserError, match="is not a results folder"):
        board(tmp_path / "nowhere")


def test_a_broken_artifact_does_not_stop_the_other_cells(copy: Path) -> None:
    broken = copy / "cells" / Kind().id
    (broken / "predict" / "predictions.parquet").write_bytes(b"no parquet")
    for kind in (Kind(), Kind(seed=1)):
        (copy / "cells" / kind.id / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"predictions\.parquet is not a readable parquet file"):
        measure(copy)
    assert (copy / "cells" / Kind(seed=1).id / "metrics.json").exists()


def test_csv_has_the_documented_columns_and_all_rows(measured: Path) -> None:
    found = board(measured)
    records = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert len(records) == len(found.rows)
    assert list(records[0]) == list(fields_of(COLUMNS))
    assert all(column.name in records[0] for column in COLUMNS)
    text = (ROOT / "docs" / "board.md").read_text()
    assert [name for name in list(fields_of(COLUMNS)) if not _is_part(name) and f"`{name}`" not in text] == []
    one = next(record for record in records if (record["method"], record["weighting"]) == ("lora", "per_language"))
    assert float(one["accuracy_low"]) < float(one["accuracy"]) < float(one["accuracy_high"])


def _is_part(name: str) -> bool:
    parts = [f"{c.name}_{part}" for c in COLUMNS for part in ("low", "high", "interval", "seeds", "reason")]
    against = ("vs_reference", "vs_reference_low", "vs_reference_high", "vs_reference_p", "group")
    return name in parts or name in [f"{column}_{part}" for column in COMPARED for part in against]


def test_json_is_json_and_names_units(measured: Path) -> None:
    told = json.loads(board(measured).to_json())
    assert told["schema"] == 1
    assert told["units"]["mutual_information"] == "bits"
    assert {"value", "low", "high", "method", "seeds", "reason", "made_by"} == set(
        told["rows"][1]["numbers"]["accuracy"]
    )


def test_markdown_keeps_bars_and_newlines_inside_their_cells(copy: Path) -> None:
    failed = copy / "cells" / Kind("imbalanced", "full", "none", 2).id / "failure.json"
    failed.write_text(json.dumps({"stage": "train", "kind": "code", "message": "a | b\nc"}))
    text = board(copy).to_markdown()
    assert "a \\| b c" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in table} == {14}


def test_the_terminal_table_fits_120_columns_and_explains_itself(measured: Path) -> None:
    text = board(measured).to_text(120)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 120
    for word in ("chance .167", "untuned", "t interval", "thousandths of a probability", "imbalanced", "pooler"):
        assert word in text


def test_figure_is_written_and_refuses_an_unknown_suffix(measured: Path, tmp_path: Path) -> None:
    for name in ("board.png", "board.svg"):
        draw(board(measured), tmp_path / name, "synthetic numbers")
        assert (tmp_path / name).stat().st_size > 5000
    with pytest.raises(UserError, match=r"\.png, \.svg or \.pdf"):
        draw(board(measured), tmp_path / "board.gif")


def test_reading_a_board_imports_no_heavy_library(measured: Path) -> None:
    code = (
        f"import sys; from leaderboard.board import board; board({str(measured)!r}).to_text();"
        "print([m for m in ('torch','sklearn','scipy.stats','matplotlib','pandas','pyarrow') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_evaluate_metrics_work_offline() -> None:
    evaluate_metrics = pytest.importorskip("leaderboard.evaluate_metrics")
    found = evaluate_metrics.Accuracy().compute(
        predictions=[0, 1, 1], references=[0, 1, 0], languages=["fr", "fr", "de"]
    )
    assert found == {"accuracy": pytest.approx(2 / 3), "accuracy_de": 0.0, "accuracy_fr": 1.0}
    rng = np.random.default_rng(0)
    language = np.arange(60) % 2
    features = (rng.normal(size=(60, 3)) + 6 * language[:, None]).tolist()
    names = ["fr" if one else "de" for one in language]
    found = evaluate_metrics.Leakage().compute(
        features=features, languages=names, groups=[str(n) for n in range(60)], probe="default"
    )
    assert found["leakage"] > 0.95
    assert found["chance"] == 0.5
    found = evaluate_metrics.Drift().compute(
        predictions=[[0.2, 0.0], [0.1, 0.0]],
        references=[[0.0, 0.0], [0.005, 0.0]],
        texts=[0, 1],
        languages=["fr", "fr"],
    )
    assert found["neutral_drift"] == pytest.approx((0.2 + 0.095) / 2 / 2)
