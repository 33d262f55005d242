"""The rows that a cell was given, against what its spec says of them: counts, the regime's shares, weights."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading import artifacts
from leaderboard.reading.artifacts import Rows, Strings
from leaderboard.reading.schema import Spec
from leaderboard.reading.store import SPEC, Cell
from leaderboard.verification.findings import Findings
from leaderboard.verification.specs import Registered, canonical_weighting, ratios, same_matrix, weights_of
from polyskew.errors import DataError

_TRUSTED = 5.0  # expected rows of a cell; with fewer the suite's test draws random tables
_LEVEL = 0.01
DATA, COUNTS = "data/rows.parquet", "data/counts.json"


@dataclass(frozen=True)
class Drawn(Rows):
    """``data/rows.parquet``.

    Attributes:
        split: ``train``, ``validation`` or ``test``, ``[N]``.
        label: class indices, ``[N]``.
        weight: what each row counts in the loss, ``[N]``.
    """

    split: Strings
    label: NDArray[np.int64]
    weight: NDArray[np.float64]

    def splits(self) -> list[tuple[Any, ...]]:
        """Return split, language and id of each row."""
        return list(zip(self.split, self.language, self.id, strict=True))

    def keyed(self) -> list[tuple[Any, ...]]:
        """Return split, language, id, label and group of each row."""
        return list(zip(self.split, self.language, self.id, self.label.tolist(), self.group, strict=True))


def read_drawn(path: Path, classes: int) -> Drawn:
    """Read drawn rows; raises `DataError` where the file is broken or a label is none of ``classes``."""
    rows = artifacts.read_feature_rows(path, classes)
    table = artifacts.read_table(path, ["split", "label", "weight"])
    weight = table.column("weight").to_numpy().astype(np.float64)
    if rows.label is None or not np.isfinite(weight).all():
        raise DataError(f"{path}: each row needs a finite weight")
    split = table.column("split").to_numpy(zero_copy_only=False).astype(object)
    return Drawn(rows.id, rows.group, rows.language, split, rows.label, weight)


def check_drawn(cell: Cell, drawn: Drawn, registered: Registered, findings: Findings) -> None:
    """Compare ``counts.json`` with the rows, the training rows with the regime, and weights with the weighting."""
    spec, path = cell.spec, cell.folder / COUNTS
    shape = (len(spec.languages), len(spec.labels))
    index = drawn.language_index(spec.languages, path) * shape[1] + drawn.label
    counts = {
        split: np.bincount(index[drawn.split == split], minlength=shape[0] * shape[1]).reshape(shape)
        for split in ("train", "validation", "test")
    }
    told: dict[str, Any] = {}
    if path.exists():
        told = json.loads(path.read_bytes())
        for split in ("test",) if spec.is_untuned else counts:
            if told.get(split) != counts[split].tolist():
                findings.fault(COUNTS, f"the rows of {split!r} are not counted as they stand in {DATA}")
    elif not any(note.file == COUNTS for note in findings.gaps):
        findings.gap(COUNTS, "is not here")
    _check_test_set(spec, counts["test"], findings)
    if spec.is_untuned:
        return
    training, ratio = counts["train"], ratios(spec)
    if ratio is not None:
        expected = training.sum(axis=1, keepdims=True) * ratio / ratio.sum(axis=1, keepdims=True)
        if np.abs(training - expected).max() > 1.0:  # the paper's own sizes are off by one row
            findings.fault(DATA, f"the training rows are not spread as in the regime {spec.regime!r}")
    else:
        _check_skew(spec, training, findings)
    if told and told.get("by") != canonical_weighting(spec).get("by"):
        findings.fault(COUNTS, f"how the weights act is not as in the weighting {spec.weighting!r}")
    weights = weights_of(spec, registered, training)
    if isinstance(weights, str):
        findings.gap(DATA, f"{weights}, so weights cannot be computed")
        return
    chosen = drawn.split == "train"
    if not np.allclose(drawn.weight[chosen], weights.ravel()[index[chosen]], rtol=1e-9, atol=0):
        findings.fault(DATA, f"the weights are not those of the weighting {spec.weighting!r}")


def _check_skew(spec: Spec, training: NDArray[np.int64], findings: Findings) -> None:
    """Compare the skew of data as they are with the training rows: 0 unless a chi-squared test at 1% tells of one."""
    said = (spec.skew or {}).get(str(spec.regime))
    table = training[:, training.sum(axis=0) > 0]
    if said is None or not table.sum(axis=1).all():
        return
    share = training / training.sum(axis=1, keepdims=True)
    if np.any(said) and not same_matrix(said, share - share.mean(axis=0)):
        findings.fault(SPEC, f"the skew of {spec.regime!r} is not that of the training rows")
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    if min(table.shape) > 1 and expected.min() >= _TRUSTED:
        from scipy.special import chdtrc

        statistic = ((table - expected) ** 2 / expected).sum()
        chance = float(chdtrc((len(table) - 1) * (table.shape[1] - 1), statistic))
        if (chance < _LEVEL) != bool(np.any(said)):
            findings.fault(
                SPEC, f"by its training rows the regime {spec.regime!r} has {'a' if chance < _LEVEL else 'no'} skew"
            )


def _check_test_set(spec: Spec, test: NDArray[np.int64], findings: Findings) -> None:
    """Check that there are as many test rows of each label in each language, and no more than the task asks for."""
    task = spec.canonical.get("task")
    limit = task.get("test_cell") if isinstance(task, dict) else None
    if test.min() != test.max() or test.max() == 0:
        findings.fault(DATA, "the test set has not as many rows of each label in each language")
    elif isinstance(limit, int) and test.max() > limit:
        findings.fault(DATA, f"the test set has {test.max()} rows of each label and language; the task has {limit}")
