"""Made-up tasks and rows for the tests of this room."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks import Splits, Task


def rows(languages: tuple[str, ...], cells: np.ndarray, split: str) -> pd.DataFrame:
    """Canonical rows, ``cells[l, c]`` of each language and label; two rows a group."""
    records = [
        (f"{split}-{label}-{number:04d}", f"{split}-{language}-{label}-{number // 2}", label, language)
        for (row, language), label in itertools.product(enumerate(languages), range(cells.shape[1]))
        for number in range(cells[row, label])
    ]
    frame = pd.DataFrame(records, columns=["id", "group", "label", "language"])
    return frame.assign(text="text of " + frame["language"] + " " + frame["id"])


def splits(task: Task, train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> Splits:
    """Canonical rows of all splits."""
    parts = {"train": train, "validation": validation, "test": test}
    return Splits(**{name: rows(task.languages, cells, name) for name, cells in parts.items()}, report={})


def write_csv(folder: Path, languages: tuple[str, ...] = ("fr", "en"), count: int = 12) -> dict[str, str]:
    """Write three small csv files, labels ``no`` and ``yes`` in turn; return their paths by split."""
    paths = {}
    for split in ("train", "validation", "test"):
        frame = pd.DataFrame(
            {
                "id": [f"{split}{number}" for number in range(count)] * len(languages),
                "text": [f"{language} {split} text {number}" for language in languages for number in range(count)],
                "label": ["no", "yes"] * (count // 2 * len(languages)),
                "language": [language for language in languages for _ in range(count)],
            }
        )
        frame.to_csv(folder / f"{split}.csv", index=False)
        paths[split] = str(folder / f"{split}.csv")
    return paths


def task(files: dict[str, Any], **settings: Any) -> Task:
    """A task on files as `write_csv` makes them."""
    declared: dict[str, Any] = {
        "name": "made_up",
        "languages": ("fr", "en"),
        "labels": ("no", "yes"),
        "source": {"files": files},
        "columns": {"id": "id", "language": "language"},
    }
    return Task(**{**declared, **settings})
