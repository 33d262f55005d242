"""Stage ``train``: fine-tune, and keep the adapter (or the weights) in ``weights/`` beside the stage's folder."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark import inputs
from benchmark.meter import memory
from benchmark.models.loading import device, load_model, load_tokenizer
from benchmark.progress import Report
from benchmark.seeds import training_seed
from benchmark.stages import Cell
from benchmark.stages.data import weights_of
from benchmark.stages.predict import forget
from benchmark.training import Examples, Job, train
from polyskew.files import atomic_folder, read_json, write_json


def run(cell: Cell, out: Path, report: Report) -> None:
    """Write ``history.json`` and ``cost.json``; the weights go to the cell's own folder, as they may be dropped."""
    forget()
    before = memory()
    spec = cell.spec
    seed = training_seed(spec.seed or 0)
    method = spec.method.method
    base = load_model(spec.model, spec.task.task.labels, seed, device())
    model = method.prepare(base)
    counts = read_json(cell.folder / "data" / "counts.json")
    drawn = inputs.rows(spec)
    parts = {
        name: Examples(
            encoded=inputs.tokens(spec, name),
            labels=table["label"].to_numpy(np.int64),
            weights=weights_of(cell, counts, table, name),
            languages=pd.Index(spec.task.task.languages).get_indexer(pd.Index(table["language"])),
        )
        for name, table in (("train", drawn.train), ("validation", drawn.validation))
    }
    result = train(
        Job(
            model=model,
            method=method,
            recipe=spec.recipe,
            tokenizer=load_tokenizer(spec.model),
            training=parts["train"],
            validation=parts["validation"],
            folder=cell.work,
            seed=seed,
            report_to=cell.report_to,
            run_name=spec.describe(),
            memory_before=before,
        ),
        report,
    )
    with atomic_folder(cell.weights) as folder:
        method.save(model, folder)
        result.cost["artifact_bytes"] = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    write_json(out / "history.json", result.history)
    write_json(out / "cost.json", result.cost)


def clear(cell: Cell) -> None:
    """Remove training checkpoints, once the stage is done."""
    shutil.rmtree(cell.work, ignore_errors=True)


def drop_weights(cell: Cell) -> None:
    """Remove the weights of full fine-tuning, once nothing reads them any more."""
    shutil.rmtree(cell.weights, ignore_errors=True)
