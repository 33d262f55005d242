"""Stage ``predict``: the logits of every test row."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from benchmark import inputs
from benchmark.inference import logits
from benchmark.models.loading import device, load_model, load_tokenizer
from benchmark.progress import Report
from benchmark.seeds import training_seed
from benchmark.spec import CellSpec
from benchmark.stages import Cell
from benchmark.trainer import DivergedError
from polyskew.files import MANIFEST, sha256


def run(cell: Cell, out: Path, report: Report) -> None:
    """Write ``predictions.parquet``: id, group, language, label, logits (list of float32, one a class).

    Raises:
        DivergedError: a logit is not a number.
    """
    spec = cell.spec
    found = logits(trained_model(cell), load_tokenizer(spec.model), inputs.tokens(spec, "test"), report)
    if not np.isfinite(found).all():
        raise DivergedError(f"{(~np.isfinite(found)).any(axis=1).sum()} test rows have logits that are not numbers")
    table = inputs.rows(spec).test[["id", "group", "language", "label"]]
    table.assign(logits=list(found)).to_parquet(out / "predictions.parquet", index=False, compression="zstd")


def trained_model(cell: Cell) -> torch.nn.Module:
    """Return the cell's model as it was saved, so that a resumed run and an uninterrupted one measure the same."""
    return _trained(cell.spec, cell.weights, sha256(cell.weights / MANIFEST))


@lru_cache(maxsize=1)
def _trained(spec: CellSpec, weights: Path, _checksum: str) -> torch.nn.Module:
    method = spec.method.method
    base = load_model(spec.model, spec.task.task.labels, training_seed(spec.seed or 0), device(), method.quantization)
    return method.load(base, weights).eval()


def forget() -> None:
    """Let go of the model that is held in memory."""
    _trained.cache_clear()
