"""One seeded order of the rows of each (language, label) cell, whatever their order in the file."""

import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def cells(frame: pd.DataFrame, languages: tuple[str, ...], classes: int) -> list[list[np.ndarray]]:
    """Return the rows of each cell, sorted by id.

    Args:
        frame: canonical rows.
        languages: L language codes.
        classes: the number C of labels; 1 if ``frame`` has no labels.

    Returns:
        By language and label, int64 positions in ``frame``.
    """
    language = pd.Index(languages).get_indexer(pd.Index(frame["language"]))
    cell = language * classes + (frame["label"].to_numpy() if classes > 1 else 0)
    by_id = pc.sort_indices(pa.array(frame["id"], from_pandas=True)).to_numpy()
    by_id = by_id[language[by_id] >= 0]
    order = by_id[np.argsort(cell[by_id], kind="stable")]
    ends = np.searchsorted(cell[order], np.arange(1, len(languages) * classes))
    parts = np.split(order, ends)
    return [parts[start : start + classes] for start in range(0, len(parts), classes)]


def shuffled(rows: np.ndarray, *key: str | int) -> np.ndarray:
    """Return ``rows`` in an order that depends on ``key`` and on their number only.

    Args:
        rows: positions, in an order of their own that does not depend on the file.
        key: what names the order: task, split, language, label, data seed.
    """
    digest = hashlib.sha256(json.dumps(key, ensure_ascii=False).encode()).digest()
    seed = np.random.SeedSequence(np.frombuffer(digest, dtype="<u4").tolist())
    return np.random.default_rng(seed).permutation(rows)
