"""Seconds that help, lists and a plan take to start: ``python -m tests.speed.startup``.

The light commands run once more with 50 plug-in packages installed: each distribution has a method and a weighting, and
a module that takes a second to import, should anything import it.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.speed.report import machine, median

POLYSKEW = [sys.executable, "-m", "polyskew"]
LIGHT = {
    "polyskew --help": [*POLYSKEW, "--help"],
    "polyskew list methods": [*POLYSKEW, "list", "methods"],
    "polyskew list weightings": [*POLYSKEW, "list", "weightings"],
}
COMMANDS = {
    "bare python": [sys.executable, "-c", "pass"],
    **LIGHT,
    "polyskew list tasks": [*POLYSKEW, "list", "tasks"],
    "polyskew list regimes": [*POLYSKEW, "list", "regimes"],
    "polyskew plan demo": [*POLYSKEW, "plan", "demo"],
    "import torch": [sys.executable, "-c", "import torch"],
}
RUNS = 5
PACKAGES = 50


def install(folder: Path, count: int = PACKAGES) -> Path:
    """Lay out as many installed packages with plug-ins as an installer would; return the folder for ``PYTHONPATH``."""
    for number in range(count):
        name = f"speed_plugin_{number}"
        (folder / f"{name}.py").write_text(
            "import time\n\ntime.sleep(1)\n\n\ndef weighting(counts):\n    return counts * 1.0\n"
        )
        info = folder / f"{name}-1.{number}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.{number}\nSummary: plug-in {number}\n\n"
            + "Words. " * 1000
        )
        (info / "entry_points.txt").write_text(
            f"[polyskew.methods]\nmethod_{number} = {name}:Method\n\n"
            f"[polyskew.weightings]\nweighting_{number} = {name}:weighting\n"
        )
    return folder


def main() -> None:
    """Run each command in turn, several rounds, and print the medians beside a bare interpreter's."""
    with tempfile.TemporaryDirectory() as folder:
        many = os.environ | {"PYTHONPATH": str(install(Path(folder)))}
        runs = [(name, command, None) for name, command in COMMANDS.items()]
        runs += [(f"{name}, {PACKAGES} plug-ins", command, many) for name, command in LIGHT.items()]
        seconds: dict[str, list[float]] = {name: [] for name, _, _ in runs}
        for _ in range(RUNS):
            for name, command, environment in runs:
                start = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
                seconds[name].append(time.perf_counter() - start)
    print(f"start-up, median of {RUNS} alternating runs; {machine()}")
    bare = median(seconds["bare python"])
    for name, values in seconds.items():
        print(f"  {name:38} {median(values):6.2f} s   {median(values) / bare:6.1f} x bare python")
    for name in LIGHT:
        ratio = median(seconds[f"{name}, {PACKAGES} plug-ins"]) / median(seconds[name])
        print(f"  {name}: {ratio:.2f} x the time with {PACKAGES} plug-in packages installed")


if __name__ == "__main__":
    main()
