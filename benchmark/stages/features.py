"""Stage ``features``: frozen vectors of the test rows and of the probe corpus."""

from pathlib import Path

import pandas as pd
import torch
from safetensors.numpy import save_file

from benchmark import inputs
from benchmark.encoding import Encoded
from benchmark.inference import extract
from benchmark.models.loading import device, load_model, load_tokenizer
from benchmark.progress import Report
from benchmark.seeds import training_seed
from benchmark.stages import Cell
from benchmark.stages.predict import trained_model


def run(cell: Cell, out: Path, report: Report) -> None:
    """Write ``test`` and ``probe``: a ``.parquet`` of rows and a ``.safetensors`` of their vectors, in one order.

    The rows have id, group, language, tokens and characters; test rows their label, and probe rows their source where
    the corpus names it.
    """
    spec = cell.spec
    model: torch.nn.Module
    if spec.untuned:
        model = load_model(spec.model, spec.task.task.labels, training_seed(0), device())
    else:
        model = trained_model(cell)
    encoded = inputs.tokens(spec, "test")
    parts: dict[str, tuple[pd.DataFrame, Encoded]] = {"test": (_rows(inputs.rows(spec).test, encoded), encoded)}
    if cell.measure.probe_rows:
        encoded = inputs.probe_tokens(spec, cell.measure.probe_rows)
        parts["probe"] = (_rows(inputs.probe_rows(spec, cell.measure.probe_rows), encoded), encoded)
    total = sum(len(table) for table, _ in parts.values())
    done = 0
    for name, (table, encoded) in parts.items():
        before = done

        def said(share: float, before: int = before, size: int = len(table)) -> None:
            report((before + share * size) / total)

        vectors = extract(model, load_tokenizer(spec.model), encoded, said, layers=cell.measure.probe_layers)
        save_file(vectors, out / f"{name}.safetensors")
        table.to_parquet(out / f"{name}.parquet", index=False, compression="zstd")
        done += len(table)


def _rows(corpus: pd.DataFrame, encoded: Encoded) -> pd.DataFrame:
    """Return what is kept of each text: all but the text itself, and how long it is."""
    kept = [name for name in ("id", "group", "language", "label", "source") if name in corpus]
    characters = corpus["text"].str.len()
    if "text_pair" in corpus:
        characters += corpus["text_pair"].str.len()
    return corpus[kept].assign(tokens=encoded.lengths.astype("int32"), characters=characters.astype("int32"))
