"""One cell: what its stages leave, what runs again and when, and how it fails."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from filelock import FileLock
from safetensors.numpy import load_file

from benchmark import inputs
from benchmark.cell import run_cell
from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.run import cells, record
from benchmark.stages import Cell, pending, settled
from benchmark.trainer import DivergedError
from polyskew.errors import DataError
from polyskew.files import read_json
from polyskew.yamls import validate
from tests.benchmark import world


def make(results: Path, reviews: Path, bert: Path, **changes: Any) -> list[Cell]:
    """The untuned cell and one trained cell a method, in order."""
    content = world.grid_of(
        reviews, bert, **{"regimes": ["imbalanced"], "weightings": ["per_language"], "methods": ["lora"], **changes}
    )
    grid = validate(content, GridSpec, "grid")
    specs = expand(grid)
    record(grid, specs, results)
    return cells(grid, specs, results)


def go(cell: Cell) -> str:
    return run_cell(cell, lambda stage, share: None)


def journal(cell: Cell) -> list[tuple[str, str]]:
    path = cell.folder / "journal.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(entry["stage"], entry["event"]) for entry in map(json.loads, lines)]


def finished(cell: Cell) -> Counter[str]:
    return Counter(stage for stage, event in journal(cell) if event == "finished")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, reviews: Path, bert: Path) -> Path:
    """A results folder with a finished lora cell and an untuned one."""
    results = tmp_path_factory.mktemp("pristine")
    for cell in make(results, reviews, bert):
        assert go(cell) == "done", (cell.folder / "failure.json").read_text()
    return results


@pytest.fixture
def done(pristine: Path, tmp_path: Path, reviews: Path, bert: Path) -> Cell:
    """A copy of the finished lora cell."""
    shutil.copytree(pristine, tmp_path / "results")
    return make(tmp_path / "results", reviews, bert)[1]


STAGES = ["data", "train", "predict", "features", "attributions"]


def test_a_cell_runs_each_stage_once_in_order(done: Cell) -> None:
    assert journal(done) == [(stage, event) for stage in STAGES for event in ("started", "finished")]
    assert pending(done) == []
    assert settled(done)
    assert not done.work.exists(), "checkpoints go when training is done"
    assert not (done.folder / "failure.json").exists()
    assert sorted(path.name for path in done.folder.iterdir() if path.name.startswith(".")) in ([], [".lock"])


def test_the_artifacts_of_data(done: Cell) -> None:
    rows = pd.read_parquet(done.folder / "data" / "rows.parquet")
    assert set(rows.columns) == {"split", "id", "group", "language", "label", "weight"}
    counts = read_json(done.folder / "data" / "counts.json")
    # 60 rows a language in 1:2:3:4:5, equation 2 of the paper: n_l / (C * n[l, c]).
    wanted = np.array([[4, 8, 12, 16, 20], [20, 16, 12, 8, 4]])
    assert counts["train"] == wanted.tolist()
    np.testing.assert_allclose(counts["weights"], 60 / (5 * wanted))
    assert counts["test"] == [[4] * 5] * 2
    found = rows[rows["split"] == "train"].groupby(["language", "label"]).size()
    assert found["fr"].tolist() == wanted[0].tolist()
    for row in rows.itertuples():
        at = ["fr", "en"].index(row.language)
        assert row.weight == (1.0 if row.split == "test" else 60 / (5 * wanted[at][row.label]))
    tokens = read_json(done.folder / "data" / "tokens.json")
    assert set(tokens) == {"fr", "en"}
    assert set(tokens["fr"]) == {"tokens_per_text", "unknown_share", "truncated_share"}
    assert 0 < tokens["fr"]["truncated_share"] <= 1


def test_the_artifacts_of_train_and_predict(done: Cell) -> None:
    cost = read_json(done.folder / "train" / "cost.json")
    numbers = {
        "trainable_parameters", "total_parameters", "artifact_bytes", "peak_memory_bytes", "seconds", "examples",
        "examples_per_second", "micro_batch", "accumulation", "out_of_memory", "device", "precision",
    }  # fmt: skip
    assert numbers <= set(cost)
    assert cost["examples"] == 120
    assert (cost["micro_batch"], cost["accumulation"], cost["out_of_memory"]) == (8, 2, 0)
    weights = [path for path in done.weights.rglob("*") if path.is_file() and path.name != "manifest.json"]
    assert cost["artifact_bytes"] == sum(path.stat().st_size for path in weights)
    assert 0 < cost["trainable_parameters"] < cost["total_parameters"]
    assert any("eval_loss" in entry for entry in read_json(done.folder / "train" / "history.json"))
    rows = pd.read_parquet(done.folder / "data" / "rows.parquet")
    test = rows[rows["split"] == "test"].reset_index(drop=True)
    found = pd.read_parquet(done.folder / "predict" / "predictions.parquet")
    assert list(found.columns) == ["id", "group", "language", "label", "logits"]
    assert found["label"].dtype == np.int64
    columns = ["id", "group", "language", "label"]
    pd.testing.assert_frame_equal(found[columns], test[columns], check_dtype=False)
    logits = np.stack(found["logits"])
    assert logits.shape == (40, 5)
    assert logits.dtype == np.float32


def test_the_artifacts_of_features_and_attributions(done: Cell) -> None:
    predictions = pd.read_parquet(done.folder / "predict" / "predictions.parquet")
    for name, count in (("test", 40), ("probe", 16)):
        vectors = load_file(done.folder / "features" / f"{name}.safetensors")
        table = pd.read_parquet(done.folder / "features" / f"{name}.parquet")
        assert set(vectors) == {"cls", "pooler"}
        assert all(block.shape == (count, world.WIDTH) and block.dtype == np.float32 for block in vectors.values())
        assert len(table) == count
        if name == "test":
            assert table["id"].tolist() == predictions["id"].tolist()
    found = pd.read_parquet(done.folder / "attributions" / "attributions.parquet")
    assert len(found) == 4, "two texts a language"
    assert found["language"].value_counts().to_dict() == {"fr": 2, "en": 2}
    probabilities = {
        (row.language, row.id): torch.tensor(row.logits).double().softmax(-1).numpy()
        for row in predictions.itertuples()
    }
    for found_ in found.to_dict("records"):
        values = found_["values"].reshape(len(found_["token_ids"]), 5)
        np.testing.assert_allclose(found_["base"] + values.sum(axis=0), found_["output"], atol=1e-5)
        np.testing.assert_allclose(found_["output"], probabilities[found_["language"], found_["id"]], atol=1e-5)
        assert found_["mode"] == "permutations", "texts of 22 tokens ask more than 100 rows"
        assert 20 < found_["rows"] <= min(100, found_["evaluations"])
        assert values.dtype == np.float32
        errors = found_["errors"].reshape(values.shape)
        assert 0 < np.sqrt(np.mean(errors**2)) < np.abs(values).max()
        assert len(found_["pieces"]) == found_["second"] == len(found_["token_ids"])


def test_features_are_those_of_the_trained_body(done: Cell) -> None:
    from benchmark.inference import body
    from benchmark.stages.predict import trained_model

    model = trained_model(done)
    table = inputs.rows(done.spec).test
    encoded = inputs.tokens(done.spec, "test")
    vectors = load_file(done.folder / "features" / "test.safetensors")
    logits = np.stack(pd.read_parquet(done.folder / "predict" / "predictions.parquet")["logits"])
    assert len(table) == len(encoded.rows)
    with torch.inference_mode():
        for place in (0, 17, 39):
            row = {name: torch.tensor([ids]) for name, ids in encoded.rows[place].items()}
            output = body(model)(**row)
            np.testing.assert_allclose(vectors["cls"][place], output.last_hidden_state[0, 0].numpy(), atol=1e-5)
            np.testing.assert_allclose(vectors["pooler"][place], output.pooler_output[0].numpy(), atol=1e-5)
            np.testing.assert_allclose(logits[place], model(**row).logits[0].numpy(), atol=1e-5)


def test_the_untuned_cell_has_features_only(pristine: Path, reviews: Path, bert: Path) -> None:
    cell = make(pristine, reviews, bert)[0]
    assert cell.spec.untuned
    assert [stage for stage, event in journal(cell) if event == "finished"] == ["data", "features"]
    assert not (cell.folder / "train").exists()
    assert set(load_file(cell.folder / "features" / "probe.safetensors")) == {"cls", "pooler"}


def test_no_local_path_is_kept(done: Cell, reviews: Path, bert: Path) -> None:
    for path in [*done.folder.rglob("*.json"), done.folder / "journal.jsonl"]:
        text = path.read_text()
        for local in (str(done.folder), str(reviews.parent), str(bert)):
            assert local not in text, path


# What runs again


def again(cell: Cell) -> list[str]:
    """The stages that a run of the cell does now."""
    before = len(journal(cell))
    assert go(cell) == "done"
    assert settled(cell)
    return [stage for stage, event in journal(cell)[before:] if event == "finished"]


def test_nothing_runs_twice(done: Cell) -> None:
    assert again(done) == []


@pytest.mark.parametrize("stage", ["predict", "features", "attributions"])
def test_a_lost_stage_runs_alone(done: Cell, stage: str) -> None:
    before = {name: (done.folder / name / "manifest.json").stat().st_mtime_ns for name in STAGES}
    shutil.rmtree(done.folder / stage)
    assert [item.name for item in pending(done)] == [stage]
    assert again(done) == [stage]
    after = {name: (done.folder / name / "manifest.json").stat().st_mtime_ns for name in STAGES}
    assert {name for name in STAGES if before[name] != after[name]} == {stage}


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("predict/predictions.parquet", "cut"),
        ("features/test.safetensors", "cut"),
        ("attributions/attributions.parquet", "gone"),
        ("attributions/manifest.json", "cut"),
        ("predict/stage.json", "cut"),
    ],
)
def test_a_damaged_artifact_is_made_again(done: Cell, file: str, damage: str) -> None:
    path = done.folder / file
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        path.unlink()
    assert again(done) == [file.split("/")[0]]
    if "manifest" not in file:
        assert path.read_bytes() == whole, "the same bytes"


def test_a_lost_training_trains_again_and_all_that_follows(done: Cell) -> None:
    shutil.rmtree(done.folder / "train")
    logits = pd.read_parquet(done.folder / "predict" / "predictions.parquet")
    assert again(done) == ["train", "predict", "features", "attributions"]
    pd.testing.assert_frame_equal(pd.read_parquet(done.folder / "predict" / "predictions.parquet"), logits)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"attributions": {"max_rows": 80}}, ["attributions"]),
        ({"attributions": {"max_rows": 100, "words": True}}, ["attributions"]),
        ({"explained_texts": 3}, ["attributions"]),
        ({"probe_rows": 9}, ["features"]),
        ({"probe_rows": 0}, ["features"]),
        ({"explained_texts": 0}, []),
    ],
)
def test_other_measurements_ask_for_their_stage_alone(
    done: Cell, reviews: Path, bert: Path, change: dict[str, Any], wanted: list[str]
) -> None:
    measure = {**world.MEASURE, **change}
    cell = make(done.folder.parent.parent, reviews, bert, measure=measure)[1]
    assert cell.folder == done.folder
    assert again(cell) == wanted


def test_weights_of_full_fine_tuning_go_and_a_new_measurement_trains_again(
    tmp_path: Path, reviews: Path, bert: Path
) -> None:
    cell = make(tmp_path, reviews, bert, methods=["full"])[1]
    assert go(cell) == "done"
    assert not cell.weights.exists()
    assert again(cell) == [], "weights that nothing reads are not missed"
    logits = pd.read_parquet(cell.folder / "predict" / "predictions.parquet")
    other = make(
        tmp_path, reviews, bert, methods=["full"], measure={**world.MEASURE, "attributions": {"max_rows": 80}}
    )[1]
    assert [stage.name for stage in pending(other)] == ["train", "predict", "features", "attributions"]
    assert again(other) == ["train", "predict", "features", "attributions"]
    pd.testing.assert_frame_equal(pd.read_parquet(cell.folder / "predict" / "predictions.parquet"), logits)
    kept = make(tmp_path / "kept", reviews, bert, methods=["full"], keep_weights=True)[1]
    assert go(kept) == "done"
    assert (kept.weights / "config.json").exists()
    shutil.rmtree(kept.folder / "attributions")
    assert again(kept) == ["attributions"]


def test_a_run_killed_while_tidying_up_is_tidied_by_the_next(done: Cell) -> None:
    (done.folder / "provenance.json").unlink()
    (done.work / "checkpoint-1").mkdir(parents=True)
    (done.folder / ".predict.99999.tmp").mkdir()
    assert pending(done) == []
    assert not settled(done)
    assert again(done) == []
    assert (done.folder / "provenance.json").exists()
    assert not done.work.exists()
    assert not (done.folder / ".predict.99999.tmp").exists()
    (done.folder / "failure.json").write_text("{}")
    assert not settled(done)
    assert again(done) == []
    assert not (done.folder / "failure.json").exists()


def test_a_cell_that_another_run_holds_is_busy(done: Cell) -> None:
    shutil.rmtree(done.folder / "attributions")
    with FileLock(done.folder / ".lock"):
        assert go(done) == "busy"
    assert not (done.folder / "attributions").exists()
    assert not (done.folder / "failure.json").exists()
    assert again(done) == ["attributions"]


# How it fails


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DataError("rows.csv, row 3: no label"), "data"),
        (DivergedError("loss is nan at step 3"), "nan"),
        (torch.OutOfMemoryError("no room\nfor this"), "out of memory"),
        (MemoryError(), "out of memory"),
        (ZeroDivisionError("division by zero"), "code"),
        (RuntimeError(""), "code"),
    ],
)
def test_a_failure_is_recorded_with_its_kind_and_goes_when_the_cause_is_gone(
    done: Cell, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str
) -> None:
    import benchmark.stages.features as stage

    def broken(cell: Cell, out: Path, report: Any) -> None:
        (out / "half.txt").write_text("half")
        raise error

    shutil.rmtree(done.folder / "features")
    with monkeypatch.context() as patch:
        patch.setattr(stage, "run", broken)
        assert go(done) == "failed"
    found_ = read_json(done.folder / "failure.json")
    assert (found_["stage"], found_["kind"]) == ("features", kind)
    assert found_["message"]
    assert "\n" not in found_["message"]
    assert found_["at"].endswith("Z")
    assert not (done.folder / "features").exists()
    assert (done.folder / "predict").exists(), "what was done is kept"
    assert again(done) == ["features"]
    assert not (done.folder / "failure.json").exists()


def test_a_diverged_training_is_told_as_such(tmp_path: Path, reviews: Path, bert: Path) -> None:
    recipe = {
        "base": "small",
        "change": {"batch_size": 8, "max_length": 24, "max_grad_norm": 0, "rates": {"body": 1e30, "head": 1e30}},
        "by_method": {"lora": {"rates": {"body": 1e30, "head": 1e30}}},
    }
    cell = make(tmp_path, reviews, bert, recipe=recipe)[1]
    assert go(cell) == "failed"
    found = read_json(cell.folder / "failure.json")
    assert (found["stage"], found["kind"]) == ("train", "nan")
    assert not (cell.folder / "train").exists()


def test_a_text_too_long_for_exact_values_fails_that_stage_alone_and_says_what_to_do(
    done: Cell, reviews: Path, bert: Path
) -> None:
    measure = {**world.MEASURE, "attributions": {"mode": "exact", "max_rows": 100}}
    cell = make(done.folder.parent.parent, reviews, bert, measure=measure)[1]
    assert go(cell) == "failed"
    found = read_json(cell.folder / "failure.json")
    assert (found["stage"], found["kind"]) == ("attributions", "input")
    assert "more than max_rows, 100; raise max_rows, or take mode auto" in found["message"]
    assert again(make(done.folder.parent.parent, reviews, bert)[1]) == [], "what was there before is still right"


@pytest.mark.parametrize("mode", ["partition", "reference", "layer_integrated_gradients"])
def test_other_modes_are_labelled_and_state_no_errors(done: Cell, reviews: Path, bert: Path, mode: str) -> None:
    settings = {"mode": mode, "evaluations": 30, "steps": 20, "precision": "bf16"}
    cell = make(done.folder.parent.parent, reviews, bert, measure={**world.MEASURE, "attributions": settings})[1]
    assert again(cell) == ["attributions"]
    found = pd.read_parquet(cell.folder / "attributions" / "attributions.parquet")
    budget = 20 if mode == "layer_integrated_gradients" else 30
    assert set(found["mode"]) == {f"{mode.replace('_', '-')}-{budget}"}
    assert found["errors"].isna().all()
    told = read_json(cell.folder / "attributions" / "precision.json")
    assert told["precision"] == "bf16"
    assert told["sample"] == 4
    assert 0 < told["max_absolute"] < 0.2
    for row in found.to_dict("records"):
        assert len(row["values"]) == 5 * len(row["token_ids"]) == 5 * len(row["pieces"])
