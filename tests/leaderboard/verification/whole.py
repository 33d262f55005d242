"""Synthetic results folders in which everything fits together, as in one that was run: ids, shares, rows, checksums."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from safetensors.numpy import load_file, save_file

from adapters import get_loss, get_method, get_weighting
from leaderboard.measuring.measure import measure
from leaderboard.verification.specs import Registered
from polyskew.canonical import digest
from polyskew.files import MANIFEST, sha256, write_json
from tests.leaderboard.synthetic import LANGUAGES, Kind, grid, write_grid

LABELS = ["1", "2", "3", "4", "5"]
RATIOS = {language: [1, 2, 3, 4, 5] if place < 3 else [5, 4, 3, 2, 1] for place, language in enumerate(LANGUAGES)}
STAGES = ("data", "train", "predict", "features", "attributions")
REGISTERED = Registered(get_weighting, get_method, get_loss)
SIZES = {"rows": 60, "explained": 30, "hidden": 3}


def write_whole(results: Path, seeds: tuple[int, ...] = (0, 1), methods: tuple[str, ...] = ("full",)) -> Path:
    """Write and measure a grid of reference, skewed and weighted cells, with twins that point to the same work."""
    kinds = grid(seeds, methods)
    write_grid(results, kinds, **SIZES)
    for kind in kinds:
        _complete(results, kind)
    (results / "grid.yaml").write_text(grid_text(seeds, methods))
    measure(results)
    return results


def grid_text(seeds: tuple[int, ...], methods: tuple[str, ...] = ("full",)) -> str:
    """The grid of which these are the cells; balanced cells have no weightings."""
    return f"""version: 1
name: synthetic
tasks: [synthetic_reviews]
models: [synthetic-bert]
methods: [{", ".join(methods)}]
weightings: [none, global, per_language]
seeds: [{", ".join(map(str, seeds))}]
exclude: [{{regime: balanced, weighting: [global, per_language]}}]
recipe: demo
"""


def cell_id(kind: Kind) -> str:
    return digest(canonical(kind))


def folder_of(results: Path, regime: str | None = "balanced", weighting: str | None = "none", seed: int = 0) -> Path:
    return results / "cells" / cell_id(Kind(regime, "full", weighting, seed))


def canonical(kind: Kind) -> dict[str, Any]:
    task: dict[str, Any] = {"name": kind.task, "version": 1, "languages": list(LANGUAGES), "labels": LABELS}
    form: dict[str, Any] = {"task": task, "model": {"name": "synthetic-bert", "sha256": "0123456789abcdef"}}
    if kind.method == "untuned":
        return form | {"method": "untuned", "max_length": 64}
    if kind.regime == "imbalanced":
        task["regimes"] = {"imbalanced": RATIOS}
    form |= {"method": {"name": kind.method}, "regime": kind.regime, "seed": kind.seed, "recipe": {"epochs": 3}}
    return form if kind.weighting == "none" else form | {"weighting": kind.weighting}


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_table(path: Path, change: Any) -> None:
    """Change the columns of a parquet file, given as lists by name."""
    table = pyarrow.parquet.read_table(path)
    columns = table.to_pydict()
    change(columns)
    pyarrow.parquet.write_table(pyarrow.table(columns, schema=table.schema), path)


def seal(stage: Path) -> None:
    """Make a stage's manifest anew, as a forger would."""
    listing = {
        path.relative_to(stage).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size}
        for path in stage.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    write_json(stage / MANIFEST, {"files": listing})


def _complete(results: Path, kind: Kind) -> None:
    old = results / "cells" / kind.id
    folder = old.rename(old.with_name(cell_id(kind)))
    form = canonical(kind)
    trained = kind.method != "untuned"
    stages = STAGES if trained else ("data", "features")
    ratio = np.array([RATIOS[name] for name in LANGUAGES] if kind.regime == "imbalanced" else np.full((6, 5), 3))
    asked = {stage: {"version": 1, "settings": {}} for stage in stages}
    shared = {key: value for key, value in form.items() if key not in ("regime", "seed", "weighting", "task")}
    twin = Kind(kind.regime, kind.method, "none", kind.seed)
    edit_json(
        folder / "spec.json",
        id=folder.name,
        canonical=form,
        same_as=cell_id(twin) if kind.same_as else None,
        group=digest(shared),
        shares=(ratio / ratio.sum(axis=1, keepdims=True)).tolist() if trained else None,
        stages=list(stages),
        asked=asked,
    )
    if kind.same_as:
        return
    _write_data(folder / "data", kind, ratio)
    _spare_probes(folder / "features")
    if trained:
        _agree(folder)
    write_json(folder / "provenance.json", {"asked": form})
    for stage in stages:
        needs = [name for name in ("data", "train") if name in stages and STAGES.index(name) < STAGES.index(stage)]
        inputs = {name: sha256(folder / name / MANIFEST)[:16] for name in needs}
        told = {"asked": asked[stage] | {"inputs": inputs}, "in_force": {"packages": {}}}
        write_json(folder / stage / "stage.json", told)
        seal(folder / stage)


def _spare_probes(features: Path) -> None:
    """Keep one kind of vectors of the test set: probes take most of the time of measuring."""
    for path in features.glob("probe.*"):
        path.unlink()
    save_file({"cls": load_file(features / "test.safetensors")["cls"]}, features / "test.safetensors")


def _write_data(out: Path, kind: Kind, ratio: np.ndarray) -> None:
    out.mkdir(exist_ok=True)
    test = pyarrow.parquet.read_table(out.parent / "features" / "test.parquet").to_pydict()
    rows = {name: list(test[name]) for name in ("id", "group", "language", "label")}
    rows |= {"split": ["test"] * len(test["id"]), "weight": [1.0] * len(test["id"])}
    counts = {"test": _count(rows)}
    if kind.method == "untuned":
        (out / "tokens.json").write_text(json.dumps(_tokens()))
    else:
        weights = get_weighting(str(kind.weighting))(ratio)
        counts |= {"train": ratio.tolist(), "validation": [[0] * 5] * 6, "weights": weights.tolist()}
        for place, language in enumerate(LANGUAGES):
            for label in range(5):
                for number in range(ratio[place, label]):
                    name = hashlib.sha256(f"{kind.seed}/{language}/{label}/{number}".encode()).hexdigest()[:12]
                    new = {"id": name, "group": name, "language": language, "label": label, "split": "train"}
                    for column, value in (new | {"weight": float(weights[place, label])}).items():
                        rows[column].append(value)
    write_json(out / "counts.json", counts)
    pyarrow.parquet.write_table(pyarrow.table(rows), out / "rows.parquet")


def _count(rows: dict[str, list[Any]]) -> list[list[int]]:
    pairs = list(zip(rows["language"], rows["label"], strict=True))
    return [[pairs.count((language, label)) for label in range(5)] for language in LANGUAGES]


def _tokens() -> dict[str, Any]:
    return {name: {"tokens_per_text": 9.0, "unknown_share": 0.0, "truncated_share": 0.0} for name in LANGUAGES}


def _agree(folder: Path) -> None:
    """Give explained texts the outputs of their logits, and base values to which the SHAP values add up."""
    told = pyarrow.parquet.read_table(folder / "predict" / "predictions.parquet").to_pydict()
    logits = dict(zip(zip(told["language"], told["id"], strict=True), told["logits"], strict=True))

    def change(columns: dict[str, list[Any]]) -> None:
        for row, key in enumerate(zip(columns["language"], columns["id"], strict=True)):
            powers = np.exp(logits[key])
            output = powers / powers.sum()
            columns["output"][row] = output.tolist()
            columns["base"][row] = (output - np.reshape(columns["values"][row], (-1, 5)).sum(axis=0)).tolist()

    edit_table(folder / "attributions" / "attributions.parquet", change)
