"""What a cell says of its own rows: counts, groups of languages, shares of predictions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.counts import ratio
from leaderboard.reading.artifacts import read_predictions
from leaderboard.reading.sources import Found, Source
from leaderboard.reading.store import Cell
from leaderboard.statistics.intervals import BOOTSTRAP, bootstrap_sums, normal
from polyskew.errors import UserError
from polyskew.files import read_json

SPLITS = ("train", "validation", "test")
_PREDICTIONS = "predict/predictions.parquet"


def counts(cell: Cell) -> dict[str, NDArray[np.int64]] | None:
    """Return the rows of each language and label, ``[L, C]``, by split; None where the data are not drawn yet.

    Raises:
        UserError: ``data/counts.json`` is broken.
    """
    path = cell.folder / "data" / "counts.json"
    if not path.exists():
        return None
    told, shape = read_json(path), (len(cell.spec.languages), len(cell.spec.labels))
    try:
        tables = {split: np.array(told[split], dtype=np.int64) for split in SPLITS}
    except (KeyError, TypeError, ValueError):
        tables = {}
    if not tables or any(table.shape != shape for table in tables.values()):
        raise UserError(f"{path}: train, validation and test must each be {shape[0]} x {shape[1]} whole numbers")
    return tables


def language_groups(cell: Cell) -> list[tuple[str, ...]]:
    """Return the languages gathered by equal shares of labels in the cell's regime; one group where it has none."""
    spec = cell.spec
    found: dict[tuple[float, ...], list[str]] = {}
    for row, language in enumerate(spec.languages):
        shares = tuple(round(share, 9) for share in spec.shares[row]) if spec.shares else ()
        found.setdefault(shares, []).append(language)
    return [tuple(group) for group in found.values()]


@dataclass(frozen=True)
class PredictedShare:
    """Finds the share of a label among the predictions for a group of languages: the mean over its languages.

    Attributes:
        languages: of the group.
        label: the predicted one.
        alone: whether the cell is the only seed; then the interval over test rows is computed.
    """

    languages: tuple[str, ...]
    label: str
    alone: bool

    def __call__(self, cell: Cell) -> Found:
        """Find the share of one cell."""
        found = [
            Source("prediction_share", "predict", by={"language": language, "label": self.label})(cell)
            for language in self.languages
        ]
        values = [one.value for one in found if one.value is not None]
        if len(values) < len(found):
            return next(one for one in found if one.value is None)
        mean = sum(values) / len(values)
        interval = self._over_rows(cell, mean) if self.alone else None
        if interval is None:
            return Found(mean, made_by=found[0].made_by)
        return Found(mean, *interval, BOOTSTRAP, made_by=found[0].made_by)

    def _over_rows(self, cell: Cell, mean: float) -> tuple[float, float] | None:
        path = cell.folder / _PREDICTIONS
        if not path.exists():
            return None
        rows = read_predictions(path, len(cell.spec.labels))
        hit = rows.predicted == cell.spec.labels.index(self.label)
        parts = [np.stack([own & hit, own], axis=1) for own in (rows.language == name for name in self.languages)]
        sums = bootstrap_sums(np.concatenate(parts, axis=1).astype(np.float64), rows.group)
        return normal(mean, np.mean([ratio(sums[:, 2 * k], sums[:, 2 * k + 1]) for k in range(len(parts))], axis=0))
