"""Worker processes that start without the script they were started from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without_script() -> Iterator[None]:
    """Let processes that are spawned within this block start without the main script.

    Python would run it again in each of them, where it has no ``if __name__ == "__main__"`` the whole of it, and cannot
    where it came from standard input. Workers of a grid need nothing of it: plug-ins that it registers are loaded by
    `polyskew.plugins`.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
