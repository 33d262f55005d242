"""What a running grid says: a bar in a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

Report = Callable[[float], None]
"""Told the share of the current stage that is done, from 0 to 1."""


_LINE_SECONDS = 60.0  # how often a stage says how far it is where there is no terminal


class _StageTimeLeft(TimeRemainingColumn):
    """The time left of a stage; a grid's cells differ too much for an honest one."""

    def render(self, task: Task) -> Text:
        return super().render(task) if task.fields.get("stage") else Text("")


class GridProgress:
    """Shows how far a grid is.

    Args:
        total: number of cells that have work to do.
        console: where to show it; standard error by default.
    """

    def __init__(self, total: int, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._total = total
        self._done = 0
        self._start = time.monotonic()
        self._rows: dict[str, TaskID] = {}
        # Of each cell: its stage, when that was first heard of, at which share, and when it was last said.
        self._stages: dict[str, tuple[str, float, float, float]] = {}
        self._bar: Progress | None = None
        if self._console.is_terminal:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                _StageTimeLeft(),
            )
            self._bar = Progress(*columns, console=self._console, speed_estimate_period=120.0)
            self._grid = self._bar.add_task("grid", total=total)

    def __enter__(self) -> "GridProgress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def stage(self, cell: str, stage: str, share: float) -> None:
        """Say that a cell's stage is done to this share; the time left follows from the shares of this run alone."""
        now = time.monotonic()
        new = cell not in self._stages or self._stages[cell][0] != stage
        if new:
            self._stages[cell] = (stage, now, share, now)
        if not self._bar:
            self._line(cell, stage, share, now)
            return
        if cell not in self._rows:
            self._rows[cell] = self._bar.add_task("", total=100, stage=True)
        if new:
            self._bar.reset(self._rows[cell], description=f"{cell}: {stage}")
        self._bar.update(self._rows[cell], completed=100 * share)

    def _line(self, cell: str, stage: str, share: float, now: float) -> None:
        """Print now and then how far a stage is and how long it will take."""
        _, since, before, said = self._stages[cell]
        if now - said < _LINE_SECONDS or share <= before:
            return
        self._stages[cell] = (stage, since, before, now)
        minutes = (now - since) * (1 - share) / (share - before) / 60
        print(f"{cell}: {stage} {share:.0%}, about {minutes:.0f} min left", file=sys.stderr, flush=True)

    def finished(self, cell: str, outcome: str, seconds: float) -> None:
        """Say that a cell is done or has failed."""
        self._done += 1
        if self._bar and cell in self._rows:
            self._bar.remove_task(self._rows.pop(cell))
        line = f"[{self._done}/{self._total}] {cell}: {outcome} ({seconds:.0f} s)"
        if self._bar:
            self._bar.console.print(line, highlight=False, markup=False)
            self._bar.advance(self._grid)
        else:
            print(line, file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """Say one line that belongs to no cell."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
