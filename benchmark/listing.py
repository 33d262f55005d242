"""What can stand in a grid, listed without importing any of it."""

from collections.abc import Callable
from importlib import import_module

from polyskew.errors import UserError, suggest
from polyskew.registry import Registry

Columns = tuple[str, ...]
Lines = list[tuple[str, ...]]
_REGISTRIES = {
    "tasks": "tasks:TASKS",
    "methods": "adapters:METHODS",
    "weightings": "adapters:WEIGHTINGS",
    "losses": "adapters:LOSSES",
    "recipes": "benchmark.recipe_choice:RECIPES",
    "metrics": "leaderboard.measures:METRICS",
    "explainers": "benchmark.attributions:EXPLAINERS",
}


def listing(kind: str) -> tuple[Columns, Lines]:
    """Return column heads and rows for one kind of thing.

    Raises:
        UserError: there is no such kind.
    """
    if kind in _OTHERS:
        return _OTHERS[kind]()
    if kind not in _REGISTRIES:
        raise UserError(f"there are no {kind!r} to list{suggest(kind, [*_REGISTRIES, *_OTHERS])}")
    module, _, name = _REGISTRIES[kind].partition(":")
    registry: Registry[object] = getattr(import_module(module), name)
    rows = [(entry.name, entry.summary, entry.place if entry.origin else "polyskew") for entry in registry.entries()]
    return ("name", "what it is", "from"), [*(_modes() if kind == "explainers" else []), *rows]


def _modes() -> Lines:
    from benchmark.attributions.settings import MODES

    return [(name, summary, "polyskew") for name, summary in MODES.items()]


def _models() -> tuple[Columns, Lines]:
    from benchmark.models import EMBEDDED, SHORT_NAMES

    rows = [(name, "embedded in this package") for name in EMBEDDED]
    rows += [(name, f"hub: {path} at {commit[:12]}") for name, (path, commit) in SHORT_NAMES.items()]
    return ("name", "where it is"), [*rows, ("org/name, FOLDER", "any encoder of the hub, or on disk")]


def _grids() -> tuple[Columns, Lines]:
    from benchmark.grids import shipped

    return ("name", "file"), [(name, f"benchmark/grids/{path.name}") for name, path in shipped().items()]


def _regimes() -> tuple[Columns, Lines]:
    from tasks import TASKS

    rows: Lines = [
        ("every task", "balanced", "all labels equally often"),
        ("every task", "natural", "the data as they are"),
        ("every task", "NAME@0.5", "half way from balanced to the task's NAME; any strength between 0 and 1"),
    ]
    for name, task in TASKS.working():
        for regime, ratios in task.regimes.items():
            spelled = "; ".join(f"{language} {':'.join(map(str, ratio))}" for language, ratio in ratios.items())
            rows.append((name, regime, spelled))
    return ("task", "regime", "labels by language"), rows


_OTHERS: dict[str, Callable[[], tuple[Columns, Lines]]] = {
    "models": _models,
    "grids": _grids,
    "regimes": _regimes,
}
