"""Seconds that help, lists and a plan take to start: ``python -m tests.speed.startup``."""

import subprocess
import sys
import time

from tests.speed.report import machine, median

COMMANDS = {
    "bare python": [sys.executable, "-c", "pass"],
    "polyskew --help": [sys.executable, "-m", "polyskew", "--help"],
    "polyskew list methods": [sys.executable, "-m", "polyskew", "list", "methods"],
    "polyskew list tasks": [sys.executable, "-m", "polyskew", "list", "tasks"],
    "polyskew list regimes": [sys.executable, "-m", "polyskew", "list", "regimes"],
    "polyskew plan demo": [sys.executable, "-m", "polyskew", "plan", "demo"],
    "import torch": [sys.executable, "-c", "import torch"],
}
RUNS = 5


def main() -> None:
    """Run each command in turn, several rounds, and print the medians beside a bare interpreter's."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - start)
    print(f"start-up, median of {RUNS} alternating runs; {machine()}")
    bare = median(seconds["bare python"])
    for name, values in seconds.items():
        print(f"  {name:24} {median(values):6.2f} s   {median(values) / bare:6.1f} x bare python")


if __name__ == "__main__":
    main()
