"""How long drawing a regime from 1.2 million rows takes, beside ``groupby.sample`` of pandas in the same run.

``python -m tests.speed.regime_drawing`` prints the median of several runs, in seconds. The aim is under 5 seconds.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from tasks import Splits, Task, draw, get_task

LANGUAGES, CLASSES, CELL, RUNS = ("fr", "es", "ja", "de", "en", "zh"), 5, 40_000, 5


def make_rows(cell: int, split: str, seed: int = 0) -> pd.DataFrame:
    """Return made-up rows, ``cell`` of each language and label, in random order."""
    count = len(LANGUAGES) * CLASSES * cell
    cells = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(LANGUAGES) * CLASSES), cell))
    ids = pd.Series([f"{split}-{number:07d}" for number in range(count)], dtype="str")
    return pd.DataFrame(
        {
            "id": ids,
            "group": ids,
            "text": "a made-up text of the length of a short product review, number " + ids,
            "label": cells % CLASSES,
            "language": pd.Series(np.array(LANGUAGES)[cells // CLASSES], dtype="str"),
        }
    )


def pandas_sample(task: Task, splits: Splits, regime: str, seed: int) -> pd.DataFrame:
    """Draw the training rows as one would with pandas alone: no order of its own, no nested prefixes."""
    ratio = task.regimes.get(regime, dict.fromkeys(LANGUAGES, (1,) * CLASSES))
    rows = 3 * CELL
    parts = [
        part.sample(rows * ratio[language][label] // sum(ratio[language]), random_state=seed)
        for (language, label), part in splits.train.groupby(["language", "label"])
    ]
    return pd.concat(parts, ignore_index=True)


def median_seconds(work: Callable[[int], object], runs: int = RUNS) -> float:
    """Return the median time of ``work(run)``."""
    times = []
    for run in range(runs):
        start = time.perf_counter()
        work(run)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    """Print the times; exit status 1 if the aim is missed."""
    task = get_task("amazon_reviews")
    splits = Splits(make_rows(CELL, "train"), make_rows(1000, "validation"), make_rows(1000, "test"), {})
    print(f"{len(splits.train):,} training rows, median of {RUNS} runs, train, validation and test drawn each time")
    slowest = 0.0
    for regime in ("balanced", "imbalanced", "switched", "natural"):
        ours = median_seconds(lambda seed, regime=regime: draw(task, splits, regime, seed))
        slowest = max(slowest, ours)
        line = f"{regime:11} {ours:6.2f} s"
        if regime != "natural":
            theirs = median_seconds(lambda seed, regime=regime: pandas_sample(task, splits, regime, seed))
            line += f"   pandas groupby.sample (training rows only) {theirs:6.2f} s   ratio {ours / theirs:5.2f}"
        print(line, flush=True)
    return 0 if slowest < 5 else 1


if __name__ == "__main__":
    sys.exit(main())
