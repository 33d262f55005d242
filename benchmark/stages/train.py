"""Stage ``train``: fine-tune, and keep the adapter (or the weights) in ``weights/`` beside the stage's folder."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from transformers import PreTrainedModel

from adapters.parts import positions
from benchmark import inputs
from benchmark.examples import Examples
from benchmark.job import Job, Trained
from benchmark.meter import memory
from benchmark.models.loading import device, load_model, load_tokenizer
from benchmark.progress import Report
from benchmark.rates import RateChoice
from benchmark.sampling import Draws
from benchmark.search import search
from benchmark.seeds import training_seed
from benchmark.spec import CellSpec
from benchmark.stages import Cell
from benchmark.stages.data import weights_of
from benchmark.stages.predict import forget
from benchmark.trackers import one_run
from benchmark.training import train
from benchmark.weighting_choice import SAMPLING
from polyskew.errors import UserError
from polyskew.files import atomic_folder, read_json, write_json


def run(cell: Cell, out: Path, report: Report) -> None:
    """Write ``history.json`` and ``cost.json``; the weights go to the cell's own folder, as they may be dropped."""
    forget()
    factors = cell.spec.recipe.search
    if factors is None:
        result = _train(cell, 1.0, cell.work, cell.weights, report)
    else:
        result = search(factors, cell.work, partial(_train, cell), cell.weights, report)
    write_json(out / "history.json", result.history)
    write_json(out / "cost.json", result.cost)


def _train(cell: Cell, factor: float, work: Path, weights: Path, report: Report) -> Trained:
    """Train at so many times the learning rates in force, in a folder for checkpoints, and save the weights."""
    before = memory()
    spec = cell.spec
    seed = training_seed(spec.seed or 0)
    assert spec.weighting is not None, "an untuned cell is not trained"
    method = spec.method.method
    base = load_model(spec.model, spec.task.task.labels, seed, device(), method.quantization)
    model = method.prepare(base)
    counts = read_json(cell.folder / "data" / "counts.json")
    training, validation = _examples(cell, counts, "train"), _examples(cell, counts, "validation")
    _check_lengths(spec, base)
    draws = None
    if spec.weighting.by == SAMPLING:
        draws = Draws(training.weights, training.languages * len(spec.task.task.labels) + training.labels)
        training = replace(training, weights=np.ones(len(training.labels)))
    job = Job(
        model=model,
        method=method,
        recipe=RateChoice(factor=factor).apply(spec.recipe, method),
        tokenizer=load_tokenizer(spec.model),
        training=training,
        validation=validation,
        folder=work,
        seed=seed,
        report_to=cell.report_to,
        run_name=spec.describe() + (f" x{factor:g}" if spec.recipe.search else ""),
        memory_before=before,
        loss=partial(spec.weighting.loss.prepare, np.array(counts["train"])),
        draws=draws,
    )
    with one_run(job.report_to, job.run_name):
        result = train(job, report)
    with atomic_folder(weights) as folder:
        method.save(model, folder)
        result.cost["artifact_bytes"] = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return result


def _examples(cell: Cell, counts: dict[str, object], part: str) -> Examples:
    """The rows of a split with their tokens and weights."""
    spec = cell.spec
    table = getattr(inputs.rows(spec), part)
    return Examples(
        encoded=inputs.tokens(spec, part),
        labels=table["label"].to_numpy(np.int64),
        weights=weights_of(cell, counts, table, part),
        languages=pd.Index(spec.task.task.languages).get_indexer(pd.Index(table["language"])),
    )


def _check_lengths(spec: CellSpec, base: PreTrainedModel) -> None:
    """Refuse texts that are longer than the encoder can place, before training ends at the first of them."""
    longest = max(int(inputs.tokens(spec, part).lengths.max()) for part in ("train", "validation", "test"))
    if longest > (room := positions(base)):
        raise UserError(f"a text has {longest} tokens, and {spec.model.name} takes {room}; set max_length to {room}")


def clear(cell: Cell) -> None:
    """Remove training checkpoints, once the stage is done."""
    shutil.rmtree(cell.work, ignore_errors=True)


def drop_weights(cell: Cell) -> None:
    """Remove the weights of full fine-tuning, once nothing reads them any more."""
    shutil.rmtree(cell.weights, ignore_errors=True)
