"""The texts that a cell's features stand for, and what the blocks of a probe on them say."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import leakage
from leaderboard.measures.base import Measure
from leaderboard.measuring.jobs import block
from leaderboard.probes.runs import PROBE_ROWS, PROBE_SEED, Texts
from leaderboard.reading import artifacts
from leaderboard.reading.measured import Block
from leaderboard.reading.sources import BOARD_VECTORS
from leaderboard.reading.store import Cell
from leaderboard.statistics.intervals import PROBE_BOOTSTRAP
from polyskew.files import checksums

SCALED = "all texts / these texts"
"""By what the C of the probe ``paper`` is multiplied where it is run on a part of the texts."""


@dataclass(frozen=True)
class Corpus:
    """The test set or the probe corpus, as a cell's model saw it.

    Attributes:
        name: ``test`` or ``probe``.
        folder: of the cell's features.
        labels: names of the task's labels.
        checksums: SHA-256 of the table and of the vectors, by file.
    """

    name: str
    folder: Path
    labels: tuple[str, ...]
    checksums: dict[str, str]

    def vectors(self) -> list[str]:
        """Return the names of the vectors, reading the file's header only."""
        return artifacts.feature_names(self.folder / f"{self.name}.safetensors")

    def board_vectors(self) -> str | None:
        """Return the vectors that the board's probes read, if the model has them."""
        return next((name for name in BOARD_VECTORS if name in self.vectors()), None)

    def rows(self) -> artifacts.FeatureRows:
        """Read the table."""
        return artifacts.read_feature_rows(self.folder / f"{self.name}.parquet", len(self.labels))

    def texts(self, rows: artifacts.FeatureRows, vectors: str) -> Texts:
        """Read vectors of the rows."""
        features = artifacts.read_features(self.folder / f"{self.name}.safetensors", vectors, len(rows.id))
        return texts_of(rows, features)

    def block(self, measure: Measure, probe: str, **params: Any) -> Block:
        """Return a block without values: of the probe ``paper``, ``default`` or ``online``, on this corpus.

        Vectors are named in ``params`` where the probe reads any; else the table alone is its input.
        """
        common = {"probe": probe, "corpus": self.name, "seed": PROBE_SEED} | params
        if probe in leakage.PROBES:
            common |= {"C": leakage.PROBES[probe], "folds": leakage.FOLDS}
        if probe != "paper":
            common |= {"rows": PROBE_ROWS}
        return block(measure, common, self.inputs(vectors="vectors" in params), PROBE_BOOTSTRAP)

    def inputs(self, *, vectors: bool) -> dict[str, str]:
        """Return the checksums of the table and, where asked for, of the vectors."""
        names = [f"{self.name}.parquet", *([f"{self.name}.safetensors"] if vectors else [])]
        return {f"features/{name}": self.checksums[name] for name in names}


def corpora(cell: Cell) -> Iterator[Corpus]:
    """Yield the corpora that a cell has features of."""
    folder = cell.folder / "features"
    recorded = checksums(folder)
    for name in ("test", "probe"):
        if f"{name}.parquet" in recorded and f"{name}.safetensors" in recorded:
            yield Corpus(name, folder, cell.spec.labels, recorded)


def texts_of(rows: artifacts.FeatureRows, features: NDArray[Any]) -> Texts:
    """Return what a probe sees of these rows, given features ``[N, H]``."""
    return Texts(features, languages_of(rows), rows.group)


def languages_of(rows: artifacts.FeatureRows) -> NDArray[np.int64]:
    """Return the languages of these rows as class indices, ``[N]``."""
    _, language = np.unique(rows.language.astype(str), return_inverse=True)
    return language.astype(np.int64)
