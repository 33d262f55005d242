"""What docs/audit.md says of errors: ``python -m tests.tasks.audit.calibration``.

First the share of samples whose interval of V covers the true one; then, where POLYSKEW_DATA names the folder with the
real data, how often the identifier takes a rightly tagged sentence for wrong, and a wrongly tagged one for right.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.audit.association import associate, inverted, pearson
from tasks.audit.identification import identify
from tasks.audit.samples import Sampled
from tests.tasks.audit.test_association import concentrated, shares_with

_SHAPES = ((2, 2), (3, 5), (3, 12), (8, 3))
_STRENGTHS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)
_ROWS = (300, 3000, 30_000)


def coverage(shares: NDArray[np.float64], v: float, count: int, samples: int, rng: np.random.Generator) -> float:
    """Return the share of samples of ``count`` texts whose interval covers ``v``."""
    drawn = [
        associate(table) for table in rng.multinomial(count, shares.ravel(), size=samples).reshape(-1, *shares.shape)
    ]
    return float(np.mean([one is not None and one.v_low - 1e-12 <= v <= one.v_high + 1e-12 for one in drawn]))


def unstretched(shares: NDArray[np.float64], v: float, count: int, rng: np.random.Generator) -> float:
    """Return the same for the noncentral distribution alone."""
    scale = count * (min(shares.shape) - 1)
    drawn = rng.multinomial(count, shares.ravel(), size=1000).reshape(-1, *shares.shape)
    tables = (table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0] for table in drawn)
    found = [inverted(pearson(table), (table.shape[0] - 1) * (table.shape[1] - 1)) for table in tables]
    return float(np.mean([low <= scale * v**2 <= high for low, high in found]))


def over_tables(rows: int, columns: int, v: float, count: int) -> float:
    """Return the mean coverage over 20 random tables."""
    rng = np.random.default_rng(0)
    return float(np.mean([coverage(shares_with(v, rows, columns, rng), v, count, 100, rng) for _ in range(20)]))


def identifier(path: Path) -> None:
    """Print both error rates of the identifier by language."""
    frame = pd.read_parquet(path)
    by_language = {str(tag): [Sampled(text, 0, 0) for text in rows["text"]] for tag, rows in frame.groupby("language")}
    right = identify(by_language)
    print("language  sentences  taken for another")
    for tag, looks in right.items():
        print(f"{tag:>8}  {looks.checked:>9,}  {sum(looks.other.values())}")
    checked, wrong = sum(one.checked for one in right.values()), sum(sum(one.other.values()) for one in right.values())
    print(f"all: {wrong} of {checked:,} ({100 * wrong / checked:.2f}%)")
    tags = list(by_language)
    # Each language under the tag of the next one, and so on.
    found = asked = 0
    for turn in range(1, len(tags)):
        turned = {tags[(place + turn) % len(tags)]: by_language[tag] for place, tag in enumerate(tags)}
        for looks in identify(turned).values():
            found, asked = found + sum(looks.other.values()), asked + looks.checked
    print(f"wrong tags found: {found:,} of {asked:,} ({100 * found / asked:.2f}%)")


def main() -> None:
    """Print all."""
    print("share of samples whose 95% interval covers V, over random tables: worst and best over shapes")
    print("V      " + "  ".join(f"n = {count:>9,}" for count in _ROWS))
    for v in _STRENGTHS:
        cells = []
        for count in _ROWS:
            found = [over_tables(rows, columns, v, count) for rows, columns in _SHAPES]
            cells.append(f"{min(found):.3f} - {max(found):.3f}")
        print(f"{v:.2f}   " + "  ".join(cells), flush=True)
    print("all in one rare cell: 6 languages, one with 3% of texts; 4 labels, one with 5% (without stretching)")
    rng = np.random.default_rng(0)
    for v in (0.02, 0.05, 0.1, 0.2):
        shares = concentrated(v)
        cells = [
            f"{coverage(shares, v, count, 1000, rng):.3f} ({unstretched(shares, v, count, rng):.3f})" for count in _ROWS
        ]
        print(f"{v:.2f}   " + "  ".join(f"{cell:>13}" for cell in cells), flush=True)
    if os.environ.get("POLYSKEW_DATA"):
        identifier(Path(os.environ["POLYSKEW_DATA"]) / "leipzig_sentences_lid" / "test.parquet")


if __name__ == "__main__":
    main()
