"""How far a reading is, on standard error where that is a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_EVERY = 0.2  # seconds


@contextmanager
def counting() -> Iterator[Callable[[int], None]]:
    """Yield a function that is told the rows of each batch; its line goes when the block ends."""
    rows, told = 0, 0.0

    def report(more: int) -> None:
        nonlocal rows, told
        rows += more
        if sys.stderr.isatty() and time.monotonic() - told > _EVERY:
            told = time.monotonic()
            sys.stderr.write(f"{rows:,} rows read\r")  # so that a warning begins at the line's beginning
            sys.stderr.flush()

    try:
        yield report
    finally:
        if told:
            sys.stderr.write("\N{ESCAPE}[K")
            sys.stderr.flush()
