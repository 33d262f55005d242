"""Results folders made of random numbers, in the format that `benchmark` writes. Nothing here was trained."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from safetensors.numpy import save_file

from polyskew.files import atomic_folder, write_json

LANGUAGES = ("fr", "es", "ja", "de", "en", "zh")
SKEW = (np.array([[1, 2, 3, 4, 5]] * 3 + [[5, 4, 3, 2, 1]] * 3) / 15 - 0.2).tolist()
_FLOATS = pyarrow.list_(pyarrow.float32())
ATTRIBUTIONS = {
    "id": pyarrow.string(),
    "group": pyarrow.string(),
    "language": pyarrow.string(),
    "label": pyarrow.int64(),
    "mode": pyarrow.string(),
    "evaluations": pyarrow.int64(),
    "rows": pyarrow.int64(),
    "token_ids": pyarrow.list_(pyarrow.int32()),
    "pieces": pyarrow.list_(pyarrow.string()),
    "second": pyarrow.int32(),
    "values": _FLOATS,
    "errors": _FLOATS,
    "base": _FLOATS,
    "output": _FLOATS,
}
"""The columns of ``attributions.parquet`` and their types."""


@dataclass(frozen=True)
class Kind:
    """One synthetic cell and the strength of each effect in it.

    SHAP values of the mode ``permutations`` have an error of ``noise`` a token, which is stated; those of
    ``partition-500`` state none.
    """

    regime: str | None = "balanced"
    method: str = "full"
    weighting: str | None = "none"
    seed: int | None = 0
    task: str = "synthetic_reviews"
    group: str = "g1"
    tilt: float = 0.0
    skill: float = 2.0
    separation: float = 0.15
    same_as: str | None = None
    mode: str = "exact"
    noise: float = 0.01
    rate: str = ""

    @property
    def id(self) -> str:
        parts = [self.task, self.regime, self.method, self.weighting, self.seed, self.group]
        parts += [self.rate.replace("/", "+")] if self.rate else []
        return "-".join(str(part) for part in parts)


def spec(kind: Kind) -> dict[str, object]:
    skew = {} if kind.method == "untuned" else {"imbalanced": SKEW}
    rates = {"learning_rate": kind.rate} if kind.rate else {}
    recipe = {"epochs": 3 if kind.group == "g1" else 5} | ({"rates": {"body": kind.rate}} if kind.rate else {})
    return rates | {
        "schema": 1,
        "id": kind.id,
        "task": kind.task,
        "task_version": 1,
        "regime": kind.regime,
        "model": "synthetic-bert",
        "method": kind.method,
        "weighting": kind.weighting,
        "seed": kind.seed,
        "recipe": "demo",
        "same_as": kind.same_as,
        "canonical": {"task": kind.task, "recipe": recipe, "seed": kind.seed},
        "languages": list(LANGUAGES),
        "labels": ["1", "2", "3", "4", "5"],
        "pair": False,
        "group": kind.group + kind.rate,
        "shares": None,
        "skew": skew,
        "redistribute": True,
    }


def write_cell(results: Path, kind: Kind, *, rows: int = 900, explained: int = 60, hidden: int = 16) -> Path:
    """Write all stages of one cell; the true effects are those of ``kind``, the noise is seeded by its seed."""
    folder = results / "cells" / kind.id
    write_json(folder / "spec.json", spec(kind))
    if kind.same_as is not None:
        return folder
    rng = np.random.default_rng([kind.seed or 0, len(kind.method), len(kind.weighting or ""), len(kind.regime or "")])
    fixed = np.random.default_rng(5)  # what all cells share: texts, their languages and labels
    language = np.arange(rows) % 6
    label = (np.arange(rows) // 6) % 5
    columns = _rows(language)
    trained = kind.method != "untuned"
    if trained:
        with atomic_folder(folder / "data") as out:
            write_json(out / "tokens.json", {name: _tokens(place) for place, name in enumerate(LANGUAGES)})
        with atomic_folder(folder / "train") as out:
            write_json(out / "cost.json", cost(kind, rng))
        with atomic_folder(folder / "predict") as out:
            logits = fixed.normal(size=(rows, 5)) + 0.25 * rng.normal(size=(rows, 5))
            logits += kind.skill * np.exp(-np.abs(np.arange(5) - label[:, None])) + kind.tilt * np.array(SKEW)[language]
            _write(out / "predictions.parquet", columns | {"label": label, "logits": list(logits.astype(np.float32))})
    with atomic_folder(folder / "features") as out:
        for corpus in ("test", "probe"):
            centres = np.random.default_rng(7).normal(size=(6, hidden))
            noise = rng.normal(size=(rows, hidden))
            x = (kind.separation * centres[language] + noise).astype(np.float32)
            told = {"label": label} if corpus == "test" else {"source": [f"site{row // 6 % 2}" for row in range(rows)]}
            _write(out / f"{corpus}.parquet", columns | told | lengths(rows))
            save_file({"cls": x, "pooler": np.tanh(x)}, out / f"{corpus}.safetensors")
    if trained and explained:
        with atomic_folder(folder / "attributions") as out:
            _write(out / "attributions.parquet", attributions(kind, language[:explained], label[:explained], rng))
    return folder


def attributions(
    kind: Kind, language: np.ndarray, label: np.ndarray, rng: np.random.Generator
) -> dict[str, pyarrow.Array]:
    texts = np.random.default_rng(11)
    noise = kind.noise if kind.mode == "permutations" else 0.0
    tokens, values, base, output = [], [], [], []
    for place in language:
        length = int(texts.integers(6, 20))
        tokens.append(texts.integers(5, 999, length))
        # Most tokens say nothing, some say something.
        value = texts.normal(size=(length, 5)) * np.where(texts.random((length, 1)) < 0.6, 0.003, 0.06)
        value += 0.004 * rng.normal(size=value.shape) + 0.004 * kind.tilt * np.array(SKEW)[place]
        values.append(value + noise * rng.normal(size=value.shape))
        base.append(np.full(5, 0.2) + 0.01 * rng.normal(size=5))
        output.append(base[-1] + values[-1].sum(axis=0))
    stated = [None if kind.mode == "partition-500" else np.full(value.size, noise) for value in values]
    columns = _rows(language) | {
        "label": label,
        "mode": [kind.mode] * len(label),
        "evaluations": [500] * len(label),
        "rows": [400] * len(label),
        "token_ids": tokens,
        "pieces": [[f" w{token}" for token in own] for own in tokens],
        "second": [len(own) for own in tokens],
        "values": [value.ravel() for value in values],
        "errors": stated,
        "base": base,
        "output": output,
    }
    return {name: pyarrow.array(column, ATTRIBUTIONS[name]) for name, column in columns.items()}


def cost(kind: Kind, rng: np.random.Generator) -> dict[str, object]:
    trainable = {"full": 4_800_000, "lora": 74_000, "houlsby": 182_000}.get(kind.method, 1)
    return {
        "trainable_parameters": trainable,
        "total_parameters": 4_900_000,
        "artifact_bytes": trainable * 4,
        "peak_memory_bytes": 900_000_000,
        "seconds": 20 + rng.random(),
        "examples": 6000,
        "examples_per_second": 300.0,
        "micro_batch": 32,
        "accumulation": 4,
        "out_of_memory": 0,
        "device": "cpu",
        "precision": "fp32",
    }


def grid(seeds: tuple[int, ...] = (0, 1, 2), methods: tuple[str, ...] = ("full", "lora", "houlsby")) -> list[Kind]:
    """The demo's grid with plausible effects: skewed training tilts predictions, per-language weights undo most."""
    kinds = [Kind(None, "untuned", None, None, separation=0.3)]
    for seed in seeds:
        for place, method in enumerate(methods):
            base = Kind(method=method, seed=seed, skill=2.0 - 0.25 * place, separation=0.2 + 0.05 * place)
            kinds.append(base)
            for weighting, tilt in (("none", 3.0 - 0.5 * place), ("per_language", 0.6)):
                separation = base.separation + 0.1 * tilt
                kinds.append(
                    Kind("imbalanced", method, weighting, seed, skill=base.skill, tilt=tilt, separation=separation)
                )
            twin = Kind("imbalanced", method, "none", seed)
            kinds.append(Kind("imbalanced", method, "global", seed, same_as=twin.id))
    return kinds


def write_grid(results: Path, kinds: list[Kind], **sizes: int) -> Path:
    for kind in kinds:
        write_cell(results, kind, **sizes)
    return results


def write_predictions(results: Path, kind: Kind, **told: object) -> Path:
    """Write a cell of which predictions alone are measured, which takes no time; ``told`` goes into its cost."""
    folder = write_cell(results, kind, rows=120, explained=0, hidden=2)
    shutil.rmtree(folder / "features")
    for path, changes in (("spec.json", {"stages": ["data", "train", "predict"]}), ("train/cost.json", told)):
        write_json(folder / path, json.loads((folder / path).read_text()) | changes)
    return folder


def clone_cells(measured: Path, results: Path, number: int) -> None:
    """Write ``number`` cells with the small files that the board reads, copied from a measured folder."""
    cells = [folder for folder in sorted((measured / "cells").iterdir()) if (folder / "predict").exists()]
    for count in range(number):
        source = cells[count % len(cells)]
        told = json.loads((source / "spec.json").read_text())
        old = told["id"]
        told |= {"task": f"task{count // len(cells) // 3}", "seed": count // len(cells) % 3, "id": f"{count:016x}"}
        folder = results / "cells" / told["id"]
        for name in ("train/cost.json", "train/manifest.json", "data/tokens.json", "data/manifest.json"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, folder / name)
        for stage in ("predict", "features", "attributions"):
            (folder / stage).mkdir()
            shutil.copyfile(source / stage / "manifest.json", folder / stage / "manifest.json")
        (folder / "spec.json").write_text(json.dumps(told, indent=1))
        metrics = (source / "metrics.json").read_text().replace(f'"cell":"{old}"', f'"cell":"{told["id"]}"', 1)
        (folder / "metrics.json").write_text(metrics)


def lengths(rows: int) -> dict[str, object]:
    """Tokens and characters of texts, the same in all languages."""
    tokens = np.random.default_rng(13).integers(5, 60, rows).astype(np.int32)
    return {"tokens": tokens, "characters": tokens * 4}


def _rows(language: np.ndarray) -> dict[str, object]:
    number = np.arange(len(language))
    return {
        "id": [f"t{row // 6}" for row in number],
        "group": [f"t{row // 6}" for row in number],
        "language": [LANGUAGES[place] for place in language],
    }


def _tokens(place: int) -> dict[str, float]:
    return {"tokens_per_text": 12.0 + place, "unknown_share": 0.01, "truncated_share": 0.0}


def _write(path: Path, columns: dict[str, object]) -> None:
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
