"""polyskew: does a fine-tuned model learn the task, or does it learn the language?

The public names below are resolved on first use, so that ``import polyskew`` costs nothing.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "UserError": "polyskew.errors",
    # What grids are made of.
    "Task": "tasks",
    "get_task": "tasks",
    "draw": "tasks",
    "Method": "adapters",
    "get_method": "adapters",
    "get_weighting": "adapters",
    "get_loss": "adapters",
    "get_explainer": "benchmark.attributions",
    "GridSpec": "benchmark.grid",
    "CellSpec": "benchmark.spec",
    "expand": "benchmark.expansion",
    # To run them, and to read what came out.
    "run": "benchmark.run",
    "board": "leaderboard.board",
    # To add to them.
    "register": "polyskew.plugins",
    "audit": "benchmark.auditing",
    "load_plugin": "polyskew.plugins",
    "check": "benchmark.contracts.check",
    "read_task": "tasks.catalog",
    "Component": "adapters",
    "LearningRates": "adapters",
    "PeftMethod": "adapters.peft_method",
    "Loss": "adapters",
    "CellMeasure": "leaderboard.measures",
    "PredictedRows": "leaderboard.measures",
    "FeatureVectors": "leaderboard.measures",
    "ExplainedTexts": "leaderboard.measures",
    "Explainer": "benchmark.attributions.explainer",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'polyskew' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
