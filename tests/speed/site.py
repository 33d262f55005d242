"""Time and memory of writing a site of many cells, its size, and how soon Chromium has it ready.

Cells share no numbers: those of a few measured cells are changed at random for each, as numbers that recur would be
compressed away. The first site of a folder also makes the board's index.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from leaderboard.measuring.measure import measure
from leaderboard.reading.index import INDEX
from leaderboard.reading.measured import Metrics, dump
from tests.leaderboard.site.chromium import chromium
from tests.leaderboard.synthetic import clone_cells, grid, write_grid
from tests.speed.board import timed
from tests.speed.report import machine, median

VARIANTS = 150  # of each measured cell: more apart than the compression looks back
LIMITS = "aims for 10,000 cells: 20 s and 15 MB, usable within 2 s"


def changed(metrics: Metrics, generator: np.random.Generator) -> str:
    """Return the metrics with all their numbers moved by some percent."""
    for block in metrics.measures:
        for value in block.values:
            number = value["value"]
            if number:
                value["value"] = float(f"{number * (1 + 0.1 * generator.normal()):.9g}")
            if "low" in value:
                half = (value["high"] - value["low"]) / 2 * (1 + 0.1 * generator.normal())
                value["low"], value["high"] = value["value"] - half, value["value"] + half
    return dump(metrics)


def make(results: Path, cells: int) -> None:
    """Write a results folder of this many cells: three seeds a row."""
    measured = results.parent / "measured"
    write_grid(measured, grid((0, 1), ("full",)), rows=600, explained=60)
    measure(measured)
    for folder in (measured / "cells").glob("*-1-g1"):  # the second seed was needed as the placebo
        shutil.rmtree(folder)
    clone_cells(measured, results, cells)
    generator = np.random.default_rng(0)
    variants: dict[str, list[str]] = {}
    for count, folder in enumerate(sorted((results / "cells").iterdir())):
        spec = json.loads((folder / "spec.json").read_text())
        kind, path = f"{spec['regime']} {spec['weighting']}", folder / "metrics.json"
        told = variants.setdefault(kind, [])
        if len(told) < VARIANTS:
            metrics = Metrics.model_validate_json(path.read_bytes())
            told.append(changed(metrics.model_copy(update={"cell": "ID"}), generator))
        path.write_text(told[count % len(told)].replace('"cell":"ID"', f'"cell":"{spec["id"]}"', 1))


def opened(page: Path, repeats: int) -> dict[str, list[float]]:
    """Return the seconds until Chromium shows the board, has sorted it, and shows a row."""
    times: dict[str, list[float]] = {"board shown": [], "sorted by accuracy": [], "row opened": []}
    with chromium() as browser:
        for _ in range(repeats):
            tab = browser.new_page()
            start = time.perf_counter()
            tab.goto(page.as_uri())
            tab.wait_for_selector("html[data-ready]")
            shown = time.perf_counter()
            tab.click("[data-sort=accuracy]")
            tab.wait_for_selector("th[aria-sort=descending]")
            ordered = time.perf_counter()
            tab.click("#table a[data-row]")
            tab.wait_for_selector("#row svg title", state="attached")
            times["row opened"].append(time.perf_counter() - ordered)
            times["sorted by accuracy"].append(ordered - shown)
            times["board shown"].append(shown - start)
            tab.close()
    return times


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results, out = Path(folder) / "results", Path(folder) / "site"
        make(results, chosen.cells)
        time.sleep(2.5)  # what was written a moment ago is not kept in the index
        command = ("-m", "polyskew", "site", str(results), "--out", str(out))
        (results / INDEX).unlink(missing_ok=True)
        first = timed(*command)
        later = [timed(*command) for _ in range(chosen.repeats)]
        page = out / "index.html"
        megabytes = page.stat().st_size / 1e6
        times = opened(page, chosen.repeats)
    print(f"{chosen.cells} cells, whole processes, median of {chosen.repeats} runs; {machine()}")
    print(f"  first site: {first[0]:.1f} s, {first[1]:.0f} MB (largest process)")
    print(f"  site: {median([one[0] for one in later]):.1f} s, {median([one[1] for one in later]):.0f} MB")
    print(f"  index.html: {megabytes:.1f} MB")
    for name, seconds in times.items():
        print(f"  {name} in Chromium: {median(seconds):.2f} s")
    print(LIMITS)


if __name__ == "__main__":
    sys.exit(main())
