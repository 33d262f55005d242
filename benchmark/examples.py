"""Rows ready to train on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from benchmark.encoding import Encoded
from benchmark.sampling import FILLER


@dataclass(frozen=True)
class Examples:
    """Rows ready to train on.

    Attributes:
        encoded: their tokens.
        labels: class indices, int64 [N].
        weights: what each counts in the loss, float64 [N].
        languages: indices into the task's languages, int64 [N].
    """

    encoded: Encoded
    labels: np.ndarray
    weights: np.ndarray
    languages: np.ndarray


class Rows(Dataset[dict[str, Any]]):
    """Rows as the Trainer takes them."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        examples = self._examples
        if index == FILLER:
            # Some row, without a label.
            return {**examples.encoded.rows[0], "labels": -100, "weight": 0.0, "language": 0}
        return {
            **examples.encoded.rows[index],
            "labels": int(examples.labels[index]),
            "weight": float(examples.weights[index]),
            "language": int(examples.languages[index]),
        }
