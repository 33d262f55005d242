"""What can stand in a grid, listed without importing any of it."""

from adapters import METHODS, WEIGHTINGS
from benchmark.grids import shipped
from benchmark.models import EMBEDDED, SHORT_NAMES
from benchmark.recipes import RECIPES
from leaderboard.measures import METRICS
from polyskew.registry import Registry
from tasks import TASKS, get_task


def listing(kind: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return column heads and rows for one kind of thing."""
    registries: dict[str, Registry[object]] = {
        "tasks": TASKS,  # type: ignore[dict-item]
        "methods": METHODS,  # type: ignore[dict-item]
        "weightings": WEIGHTINGS,  # type: ignore[dict-item]
        "recipes": RECIPES,  # type: ignore[dict-item]
        "metrics": METRICS,  # type: ignore[dict-item]
    }
    if kind in registries:
        entries = registries[kind].entries()
        return ("name", "what it is", "from"), [(entry.name, entry.summary, entry.place) for entry in entries]
    if kind == "regimes":
        return ("task", "regime", "labels by language"), _regimes()
    if kind == "models":
        rows = [(name, "embedded in this package") for name in EMBEDDED]
        rows += [(name, f"hub: {path} at {commit[:12]}") for name, (path, commit) in SHORT_NAMES.items()]
        return ("name", "where it is"), [*rows, ("org/name, FOLDER", "any encoder of the hub, or on disk")]
    if kind == "grids":
        return ("name", "file"), [(name, f"benchmark/grids/{path.name}") for name, path in shipped().items()]
    raise AssertionError(f"nothing lists {kind}")


def _regimes() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("every task", "balanced", "all labels equally often"),
        ("every task", "natural", "the data as they are"),
    ]
    for name in TASKS.names():
        for regime, ratios in get_task(name).regimes.items():
            spelled = "; ".join(f"{language} {':'.join(map(str, ratio))}" for language, ratio in ratios.items())
            rows.append((name, regime, spelled))
    return rows
