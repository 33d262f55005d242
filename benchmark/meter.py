"""What a training costs: its seconds and its peak memory, over all resumes."""

import ctypes
import gc
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import TrainerCallback

from benchmark.checkpoints import mark_whole
from benchmark.progress import Report

_FILE = "meter.json"


def memory() -> int:
    """Return the bytes in use now: allocated on the GPU, or resident in this process where there is none.

    What earlier cells left is given back first, or a warm worker's next cell would seem to need nothing.
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # only the GNU C library can be asked
        ctypes.CDLL(None).malloc_trim(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        return int(torch.cuda.memory_allocated())
    return int(psutil.Process().memory_info().rss)


def noted(folder: Path) -> tuple[float, int]:
    """Return the seconds and the peak bytes of the trainings in a folder so far."""
    file = folder / _FILE
    if not file.exists():
        return 0.0, 0
    earlier = json.loads(file.read_text())
    return float(earlier["seconds"]), int(earlier["peak"])


class Meter(TrainerCallback):
    """Seconds and peak memory of training over all resumes, the marks of whole checkpoints, and the progress."""

    def __init__(self, folder: Path, report: Report, memory_before: int) -> None:
        self._before = memory_before
        self._file = folder / _FILE
        self._report = report
        self._earlier, self._peak = noted(folder)
        self._start = time.perf_counter()
        self._written = self._start
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those of killed runs included."""
        return self._earlier + time.perf_counter() - self._start

    def peak(self) -> int:
        """Peak bytes above those before the model was loaded."""
        now = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else psutil.Process().memory_info().rss
        self._peak = max(self._peak, int(now) - self._before)
        return self._peak

    def note(self) -> None:
        """Write seconds and peak to the folder, for whoever goes on from here."""
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps({"seconds": self.seconds, "peak": self.peak()}))
        temporary.replace(self._file)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note time and memory at most once a second."""
        self._report(state.global_step / max(1, state.max_steps))
        if state.is_world_process_zero and time.perf_counter() - self._written > 1.0:
            self._written = time.perf_counter()
            self.note()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark the checkpoint as whole: a killed run may leave a part of one, which must not be gone on with."""
        if state.is_world_process_zero:
            self.note()
            mark_whole(Path(args.output_dir), state.global_step)
