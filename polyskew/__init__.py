"""polyskew: does a fine-tuned model learn the task, or does it learn the language?

The public names below are resolved on first use, so that ``import polyskew`` costs nothing.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "UserError": "polyskew.errors",
    "Task": "tasks",
    "Method": "adapters",
    "get_method": "adapters",
    "get_task": "tasks",
    "get_weighting": "adapters",
    "GridSpec": "benchmark.grid",
    "CellSpec": "benchmark.spec",
    "expand": "benchmark.grid",
    "load_plugin": "polyskew.plugins",
    "register": "polyskew.plugins",
    "run": "benchmark.run",
    "board": "leaderboard.board",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'polyskew' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
