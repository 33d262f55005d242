"""What a running grid says: a bar in a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Report = Callable[[float], None]
"""Told the share of the current stage that is done, from 0 to 1."""


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
        self._bar: Progress | None = None
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=self._console)
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
        """Say that a cell's stage is done to this share."""
        if not self._bar:
            return
        if cell not in self._rows:
            self._rows[cell] = self._bar.add_task("", total=100)
        self._bar.update(self._rows[cell], description=f"{cell}: {stage}", completed=int(100 * share))

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
