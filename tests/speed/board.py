"""How long `board` takes on 1,000 synthetic cells: ``python -m tests.speed.board``.

The alternative, in the same run, is what one would write first: each JSON file through `pandas.json_normalize`, and a
group-by over seeds (means only, no intervals and no reasons).
"""

import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import pandas as pd

from leaderboard.board import board
from leaderboard.measure import measure
from tests.leaderboard.synthetic import clone_cells, grid, write_grid

CELLS, REPEATS = 1000, 5


def alternative(results: Path) -> pd.DataFrame:
    frames = []
    for folder in sorted((results / "cells").iterdir()):
        spec = json.loads((folder / "spec.json").read_text())
        metrics = json.loads((folder / "metrics.json").read_text())
        frame = pd.json_normalize(metrics["measures"], "values", ["measure"])
        for name in ("task", "model", "regime", "method", "weighting", "seed"):
            frame[name] = spec[name]
        frames.append(frame)
    keys = ["task", "model", "regime", "method", "weighting", "measure"]
    return pd.concat(frames).groupby(keys, dropna=False)["value"].mean().reset_index()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measured, results = Path(folder) / "measured", Path(folder) / "results"
        write_grid(measured, grid((0, 1), ("full",)), rows=600, explained=60)
        measure(measured)
        clone_cells(measured, results, CELLS)
        times: dict[str, list[float]] = {"ours": [], "alternative": []}
        for _ in range(REPEATS):  # alternating, so that a busy machine slows both
            start = time.perf_counter()
            board(results).to_text()
            middle = time.perf_counter()
            alternative(results)
            times["ours"].append(middle - start)
            times["alternative"].append(time.perf_counter() - middle)
    ours, other = (statistics.median(times[name]) for name in ("ours", "alternative"))
    print(f"machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}")
    print(f"board on {CELLS} cells, read and written as text: {ours:.2f} s (median of {REPEATS}; aim: under 2 s)")
    print(f"pandas.json_normalize a cell and group-by: {other:.2f} s; ratio {other / ours:.1f}")


if __name__ == "__main__":
    main()
