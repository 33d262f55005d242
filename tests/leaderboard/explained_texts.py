"""Small results folders with explained texts whose values are written by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from polyskew.files import atomic_folder, write_json

LABELS = ("bad", "good")
LANGUAGES = ("fr", "ja", "ar", "en")
PIECES: dict[tuple[str, str], list[str]] = {
    ("t1", "fr"): ["Un", " très", " mauvais", " livre", ",", " vrai", "ment"],
    ("t1", "ja"): ["とても", "悪い", "本", "です", "。"],
    ("t2", "ar"): ["هذا", " الك", "تاب", " سي", "ئ", " جدا", " (3", "/", "10)"],
    ("t3", "en"): ["A", " man", " sleeps", ".", "Nobody", " is", " awake", "."],
    ("evil", "en"): ["<script>", "alert(1)", "</script>", ' "&', " \x1b[31m\u202e"],
    ("emoji", "en"): ["So", " good", " 👩\u200d🚀", "", "\n", "!", "<b>"],
}
"""Surface texts by id and language; those of ``t3`` are a pair's, its second side begins at 4."""


def values_of(key: tuple[str, str], seed: int = 0) -> np.ndarray:
    """Values [T, 2] that sum to zero over the labels: every third token is neutral, the others are not."""
    tokens = np.arange(len(PIECES[key]))
    rng = np.random.default_rng([seed, len(tokens)])
    good = np.where(tokens % 3 == 0, 0.004, np.where(tokens % 3 == 1, 0.11, -0.07)) + rng.normal(size=len(tokens)) / 300
    return np.stack([-good, good], axis=1)


def row(key: tuple[str, str], values: np.ndarray | None = None, **changes: Any) -> dict[str, Any]:
    """One row of ``attributions.parquet``; the true label is ``good``."""
    found = values_of(key) if values is None else np.asarray(values, dtype=np.float64)
    base = np.array([0.6, 0.4])
    return {
        "id": key[0],
        "group": key[0],
        "language": key[1],
        "label": 1,
        "mode": "exact",
        "evaluations": 64,
        "rows": 40,
        "token_ids": [int(np.frombuffer(piece.encode() + b"1234", np.uint8).sum()) for piece in PIECES[key]],
        "pieces": PIECES[key],
        "second": 4 if key[0] == "t3" else len(PIECES[key]),
        "values": found.ravel().tolist(),
        "errors": np.zeros(found.size).tolist(),
        "base": base.tolist(),
        "output": (base + found.sum(axis=0)).tolist(),
    } | changes


def write_cell(results: Path, name: str, rows: list[dict[str, Any]] | None = None, **changes: Any) -> Path:
    """Write one cell's ``spec.json`` and, with rows, its attributions; by default an imbalanced cell of seed 0."""
    folder = results / "cells" / name
    spec = {
        "schema": 1,
        "id": name,
        "task": "tiny_reviews",
        "task_version": 1,
        "regime": "imbalanced",
        "model": "tiny-bert",
        "method": "lora",
        "weighting": "none",
        "seed": 0,
        "recipe": "demo",
        "same_as": None,
        "canonical": {},
        "languages": list(LANGUAGES),
        "labels": list(LABELS),
        "pair": False,
        "redistribute": True,
        "group": "g",
        "shares": None,
        "skew": {},
    }
    write_json(folder / "spec.json", spec | changes)
    if rows is not None:
        write_attributions(folder, rows)
    return folder


def write_attributions(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Write the rows with the column types of the format; a column that no row has is left out."""
    numbers = pyarrow.list_(pyarrow.float32())
    types = {
        "token_ids": pyarrow.list_(pyarrow.int32()),
        "pieces": pyarrow.list_(pyarrow.string()),
        "second": pyarrow.int32(),
        **dict.fromkeys(("values", "errors", "base", "output"), numbers),
    }
    columns = {
        name: pyarrow.array([row[name] for row in rows], type=types.get(name)) for name in (rows[0] if rows else ())
    }
    with atomic_folder(folder / "attributions") as out:
        pyarrow.parquet.write_table(pyarrow.table(columns), out / "attributions.parquet")


def write_results(results: Path, **changes: Any) -> Path:
    """Write a cell ``skewed``, its reference ``level`` and a cell ``twin`` whose work is that of ``skewed``."""
    write_cell(results, "skewed", [row(key) for key in PIECES], **changes)
    write_cell(results, "level", [row(key, values_of(key, seed=1)) for key in PIECES], regime="balanced", **changes)
    write_cell(results, "twin", weighting="global", same_as="skewed", **changes)
    return results
