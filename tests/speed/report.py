"""What every speed measurement says of itself."""

import os
import platform
import statistics
from pathlib import Path


def machine() -> str:
    """Return the machine in words: its processor, cores and Python."""
    name = platform.processor() or platform.machine()
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            name = next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)
