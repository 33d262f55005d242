"""One cell's artifacts as the samples that measures of plug-ins are given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from leaderboard.measures.probing import group_index
from leaderboard.measures.samples import ExplainedTexts, FeatureVectors, PredictedRows, Sample
from leaderboard.measuring.jobs import ATTRIBUTIONS, PREDICTIONS, inputs_of, skews
from leaderboard.probes.corpus import corpora
from leaderboard.reading import artifacts
from leaderboard.reading.artifacts import Rows
from leaderboard.reading.store import Cell, Results

_CORPORA = {"features": "test", "probe": "probe"}


@dataclass(frozen=True)
class Wanted:
    """What a measure is given of one cell.

    Attributes:
        params: which of several it is, for the block.
        inputs: SHA-256 of each file that is read.
        read: reads it.
    """

    params: dict[str, Any]
    inputs: dict[str, str]
    read: Callable[[], Sample]


def wanted(results: Results, cell: Cell, needs: str) -> Wanted | None:
    """Return what a measure is given that needs this; None where the cell does not have it.

    Args:
        results: in which the reference cell stands.
        cell: one that did its own work, and has the stage.
        needs: as in `CellMeasure`.
    """
    if needs == "predict":
        return Wanted({}, inputs_of(cell, PREDICTIONS), lambda: _predicted(cell))
    if needs == "attributions":
        other = results.reference(cell)
        if other is None or other.spec.id == cell.spec.id or not other.has("attributions"):
            return Wanted({}, inputs_of(cell, ATTRIBUTIONS), lambda: _explained(cell, None))
        inputs = inputs_of(cell, ATTRIBUTIONS) | inputs_of(other, ATTRIBUTIONS, foreign=True)
        return Wanted({"reference": other.spec.id}, inputs, lambda: _explained(cell, other))
    corpus = next((one for one in corpora(cell) if one.name == _CORPORA[needs]), None)
    vectors = corpus.board_vectors() if corpus else None
    if corpus is None or vectors is None:
        return None
    params, inputs = {"corpus": corpus.name, "vectors": vectors}, corpus.inputs(vectors=True)
    return Wanted(params, inputs, lambda: _vectors(cell, corpus.name, vectors))


def _predicted(cell: Cell) -> PredictedRows:
    rows = artifacts.read_predictions(cell.folder / PREDICTIONS, len(cell.spec.labels))
    return PredictedRows(label=rows.label, logits=rows.logits, **_common(cell, PREDICTIONS, rows))


def _vectors(cell: Cell, corpus: str, vectors: str) -> FeatureVectors:
    name = f"features/{corpus}.parquet"
    rows = artifacts.read_feature_rows(cell.folder / name, len(cell.spec.labels))
    found = artifacts.read_features(cell.folder / f"features/{corpus}.safetensors", vectors, len(rows.id))
    return FeatureVectors(label=rows.label, vectors=found, **_common(cell, name, rows))


def _explained(cell: Cell, reference: Cell | None) -> ExplainedTexts:
    path, classes = cell.folder / ATTRIBUTIONS, len(cell.spec.labels)
    own = artifacts.read_attributions(path, classes)
    other = artifacts.read_attributions(reference.folder / ATTRIBUTIONS, classes) if reference else None
    alike = other is not None and all(
        np.array_equal(getattr(own, name), getattr(other, name)) for name in ("language", "id", "mode", "token_ids")
    )
    return ExplainedTexts(
        label=artifacts.read_table(path, ["label"]).column("label").to_numpy().astype(np.int64),
        base=own.base,
        text=own.text,
        token_ids=own.token_ids,
        values=own.values,
        reference=other.values if other is not None and alike else None,
        **_common(cell, ATTRIBUTIONS, own),
    )


def _common(cell: Cell, name: str, rows: Rows) -> dict[str, Any]:
    spec = cell.spec
    return {
        "language": rows.language_index(spec.languages, cell.folder / name),
        "group": group_index(rows.group)[0],
        "languages": spec.languages,
        "labels": spec.labels,
        "shares": None if spec.shares is None else np.array(spec.shares, dtype=np.float64),
        "skew": skews(spec),
    }
