"""The shipped demo, killed at ten random moments, ends with the numbers of an uninterrupted run.

Also a script: ``python -m tests.benchmark.test_kill_demo FOLDER [GRID]`` keeps both results folders for a look.
"""

import json
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from polyskew.files import read_json
from tests.benchmark.test_run import events, start, stop, wait_for_events

KILLS = 10


def measured(results: Path) -> dict[str, Any]:
    """Every value of every measure by cell; costs are no measures and stand elsewhere."""
    found: dict[str, Any] = {}
    for path in sorted(results.glob("cells/*/metrics.json")):
        for block in read_json(path)["measures"]:
            key = json.dumps([block["measure"], block["version"], block.get("params")], sort_keys=True)
            # Parquet and safetensors are the same bytes too; the names of inputs say what was compared.
            found[f"{path.parent.name} {key}"] = (
                sorted(block.get("inputs", [])),
                block.get("interval"),
                block["values"],
            )
    return found


def through(grid: Path, results: Path) -> None:
    """Run to the end without interruption."""
    process = start(grid, results, workers=2, all_cores=True)
    said, _ = process.communicate()
    assert process.returncode == 0, said


def killed(grid: Path, results: Path, moments: int, dice: random.Random, seconds: float) -> int:
    """Run, kill the whole process group at random moments, each followed by the same run; return how many died."""
    died = 0
    for number in range(moments):
        process = start(grid, results, workers=2, all_cores=True)
        before = sum(found.total() for found in events(results).values())
        # Past its start, or it would only ever be killed while libraries are read.
        wait_for_events(results, before + 1, process)
        time.sleep(dice.uniform(0, 2 * seconds / moments))
        died += process.poll() is None
        stop(process, signal.SIGKILL)
        print(f"kill {number + 1}: {sum(found.total() for found in events(results).values())} events", flush=True)
    through(grid, results)
    return died


def compare(grid: Path, folder: Path, seed: int, moments: int = KILLS) -> None:
    print(f"moments drawn with seed {seed}", flush=True)
    begin = time.monotonic()
    through(grid, folder / "whole")
    whole = time.monotonic() - begin
    died = killed(grid, folder / "killed", moments, random.Random(seed), whole)
    print(f"{died} of {moments} kills met a running process", flush=True)
    wanted, found = measured(folder / "whole"), measured(folder / "killed")
    assert wanted
    assert found.keys() == wanted.keys()
    different = [key for key in wanted if found[key] != wanted[key]]
    assert different == []
    for cell, counts in events(folder / "killed").items():
        twice = Counter({key: count for key, count in counts.items() if key[1] == "finished" and count > 1})
        assert not twice, (cell, twice)
    assert not list((folder / "killed").glob("cells/*/failure.json"))


@pytest.mark.slow
def test_the_demo_survives_ten_kills(tmp_path: Path) -> None:
    compare(Path("demo"), tmp_path, random.SystemRandom().randrange(10**6))


if __name__ == "__main__":
    compare(
        Path(sys.argv[2] if len(sys.argv) > 2 else "demo"), Path(sys.argv[1]), random.SystemRandom().randrange(10**6)
    )
