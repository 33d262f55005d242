"""Stage ``data``: which rows the cell sees, what each counts, and how its language fares in the tokenizer."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark import inputs
from benchmark.encoding import token_statistics
from benchmark.models.loading import load_tokenizer
from benchmark.progress import Report
from benchmark.spec import CellSpec
from benchmark.stages import Cell
from benchmark.weighting_choice import SAMPLING
from polyskew.files import write_json


def run(cell: Cell, out: Path, report: Report) -> None:
    """Write ``rows.parquet``, ``counts.json`` and ``tokens.json``."""
    spec = cell.spec
    drawn = inputs.rows(spec)
    parts = {"test": drawn.test}
    counts: dict[str, object] = {"test": _counts(spec, drawn.test).tolist(), "dropped": inputs.dropped(spec)}
    if spec.weighting is not None:
        parts = {"train": drawn.train, "validation": drawn.validation, "test": drawn.test}
        training, validation = _counts(spec, drawn.train), _counts(spec, drawn.validation)
        counts |= {
            "train": training.tolist(),
            "validation": validation.tolist(),
            "weights": spec.weighting.weigh(training).tolist(),
        }
        if spec.weighting.by == SAMPLING:
            counts["by"] = SAMPLING
    write_json(out / "counts.json", counts)
    listing = [
        table[["id", "group", "language", "label"]].assign(split=name, weight=weights_of(cell, counts, table, name))
        for name, table in parts.items()
    ]
    pd.concat(listing, ignore_index=True).to_parquet(out / "rows.parquet", index=False, compression="zstd")
    # Tokens of what is learned, or of the test rows where nothing is.
    part = "test" if spec.untuned else "train"
    statistics = token_statistics(inputs.tokens(spec, part), parts[part]["language"], load_tokenizer(spec.model))
    write_json(out / "tokens.json", statistics)
    report(1.0)


def weights_of(cell: Cell, counts: dict[str, object], table: pd.DataFrame, part: str) -> np.ndarray:
    """Return each row's weight, float64 [N]: by the training counts; test rows count 1."""
    if part == "test":
        return np.ones(len(table))
    languages = pd.Index(cell.spec.task.task.languages)
    weights = np.asarray(counts["weights"], dtype=np.float64)
    return np.asarray(weights[languages.get_indexer(pd.Index(table["language"])), table["label"].to_numpy()])


def _counts(spec: CellSpec, table: pd.DataFrame) -> np.ndarray:
    """Rows of each (language, label), int64 [L, C], in the order the task declares them."""
    task = spec.task.task
    languages = pd.Index(task.languages).get_indexer(pd.Index(table["language"]))
    cells = languages * len(task.labels) + table["label"].to_numpy()
    shape = (len(task.languages), len(task.labels))
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
