"""The paper's numbers: Jung and van der Plas (2024), Tables 1 to 7 and appendix A.4, as printed."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.skew_uptake import skew_uptake

TASKS = {"amazon_reviews": "Amazon reviews", "xnli": "XNLI"}
MODELS = {"mbert": "mBERT", "xlm-r": "XLM-R"}
SETUPS = {
    ("balanced", "none"): "balanced",
    ("imbalanced", "none"): "imbalanced",
    ("imbalanced", "per_language"): "imbalanced+per_language",
}
"""The paper's three training setups, by regime and weighting."""


@dataclass(frozen=True)
class Published:
    """One number as printed."""

    text: str

    @property
    def number(self) -> float:
        """Its value; ``524k`` is 524000."""
        return float(self.text.removesuffix("k")) * (1000 if self.text.endswith("k") else 1)

    @property
    def digits(self) -> int:
        """Digits after the point."""
        return len(self.text.removesuffix("k").partition(".")[2])


@cache
def rows() -> tuple[dict[str, str], ...]:
    """Return the rows of ``paper.csv``."""
    with (Path(__file__).parent / "paper.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def published(table: str, **where: str) -> Published | None:
    """Return the number of a table at ``where`` (columns of ``paper.csv``), or None where the paper has none."""
    found = [row for row in rows() if row["table"] == table and all(row[key] == text for key, text in where.items())]
    return Published(found[0]["value"]) if len(found) == 1 else None


def groups(table: str) -> list[tuple[str, ...]]:
    """Return the language groups of Table 1a, 1b, 2a or 2b, in the paper's order."""
    return list(dict.fromkeys(tuple(row["languages"].split("+")) for row in rows() if row["table"] == table))


def labels(table: str) -> list[str]:
    """Return the labels of Table 1a, 1b, 2a or 2b, in the paper's order."""
    return list(dict.fromkeys(row["label"] for row in rows() if row["table"] == table))


def paper_uptake(task: str) -> float:
    """Return the skew uptake of the paper's imbalanced mBERT model, computed from its Table 2 (0.36 and 0.34).

    The skew is that of Table 1, as printed; the test set is balanced.

    Args:
        task: ``Amazon reviews`` or ``XNLI``.
    """
    part = "a" if task == "Amazon reviews" else "b"
    training, predicted = (_percents(f"{number}{part}") for number in (1, 2))
    shares = training / training.sum(axis=1, keepdims=True)
    even = np.full_like(shares, 1 / shares.shape[1])
    return float(skew_uptake(shares - even, predicted / predicted.sum(axis=1, keepdims=True), even))


def _percents(table: str) -> NDArray[np.float64]:
    found = [row for row in rows() if row["table"] == table]
    return np.array([float(row["value"]) for row in found]).reshape(len(groups(table)), len(labels(table)))
