"""How long `polyskew board` takes on many synthetic cells, and how much memory: ``python -m tests.speed.board``.

Each run is a process of its own, so that imports count. The alternative, in the same run, is what one would write
first: each JSON file through `pandas.json_normalize`, and a group-by over seeds (means only, no intervals and no
reasons). The first board of a folder reads every cell; later ones read those that have changed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from leaderboard.measuring.measure import measure
from leaderboard.reading.index import INDEX
from tests.leaderboard.synthetic import clone_cells, grid, write_grid
from tests.speed.report import machine, median


def alternative(results: Path) -> pd.DataFrame:
    """Return the mean over seeds of every value."""
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


def timed(*arguments: str) -> tuple[float, float]:
    """Run Python and return its seconds and its peak memory in MB."""
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    """Measure, in alternation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alternative", metavar="RESULTS", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.alternative:
        alternative(chosen.alternative)
        return
    with tempfile.TemporaryDirectory() as folder:
        measured, results = Path(folder) / "measured", Path(folder) / "results"
        write_grid(measured, grid((0, 1), ("full",)), rows=600, explained=60)
        measure(measured)
        clone_cells(measured, results, chosen.cells)
        time.sleep(2.5)  # what was written a moment ago is not kept in the index
        ways = {
            "first board": ("-m", "polyskew", "board", str(results)),
            "board": ("-m", "polyskew", "board", str(results)),
            "board --format csv": ("-m", "polyskew", "board", str(results), "--format", "csv"),
            "alternative": ("-m", "tests.speed.board", "--alternative", str(results)),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        memory: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(chosen.repeats):  # alternating, so that a busy machine slows all
            (results / INDEX).unlink(missing_ok=True)
            for name, way in ways.items():
                seconds, megabytes = timed(*way)
                times[name].append(seconds)
                memory[name].append(megabytes)
    print(f"{chosen.cells} cells, whole processes, median of {chosen.repeats} alternating runs; {machine()}")
    other = median(times["alternative"])
    for name in ways:
        ratio = f"{other / median(times[name]):.1f} times as fast" if name != "alternative" else "pandas.json_normalize"
        print(f"  {name}: {median(times[name]):.2f} s, {median(memory[name]):.0f} MB ({ratio})")
    print("aims for 10,000 cells: 3 s and 500 MB")


if __name__ == "__main__":
    main()
