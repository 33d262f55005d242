"""What is learned: labelled text in several languages, the regimes drawn from it, and probe corpora.

Importing this package imports nothing heavy: names are resolved on first use, and a task's data are read by
`Task.load` only.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyskew.registry import Registry

if TYPE_CHECKING:
    from tasks.declare import Probe, Task

_PUBLIC = {
    "Columns": "tasks.corpora",
    "Drawn": "tasks.regimes",
    "Probe": "tasks.declare",
    "Source": "tasks.corpora",
    "Splits": "tasks.loading",
    "Task": "tasks.declare",
    "draw": "tasks.regimes",
    "explained": "tasks.regimes",
    "get_probe": "tasks.catalog",
    "get_task": "tasks.catalog",
}

__all__ = ["PROBES", "TASKS", *_PUBLIC]

TASKS: "Registry[Task]" = Registry("task", "polyskew.tasks")
PROBES: "Registry[Probe]" = Registry("probe corpus", "polyskew.probes")

_SHIPPED = Path(__file__).parent / "shipped"


def _read(kind: str, path: Path) -> Any:
    """Read a shipped declaration (a YAML file like any user's)."""
    catalog = import_module("tasks.catalog")
    reader: Callable[[Path], Any] = getattr(catalog, f"read_{kind}")
    return reader(path)


for _kind, _registry, _summaries in (
    (
        "task",
        TASKS,
        {
            "amazon_reviews": "Amazon product reviews, 1 to 5 stars, in 6 languages",
            "xnli": "XNLI: does a premise entail, leave open or contradict a hypothesis; English and French",
            "xnli_15": "XNLI: does a premise entail, leave open or contradict a hypothesis; 15 languages",
            "paws_x": "PAWS-X: do two sentences of much the same words say the same; 7 languages",
            "umsab_8": "UMSAB tweets, negative, neutral or positive, in 8 languages",
            "sib200": "SIB-200: what a sentence is about, 7 topics, in 16 languages",
            "afrisenti": "AfriSenti tweets, positive, neutral or negative, in 8 languages of Africa, skewed by nature",
            "demo_reviews": "generated shop reviews, 1 to 5 stars, in 6 languages; needs no download",
            "demo_nli": "generated premise and hypothesis pairs, 3 relations, French and English; needs no download",
        },
    ),
    (
        "probe",
        PROBES,
        {
            "wikipedia": "Wikipedia articles, 1,000 a language",
            "demo_wiki": "generated encyclopaedic sentences in 6 languages; needs no download",
        },
    ),
):
    for _name, _summary in _summaries.items():
        _path = _SHIPPED / f"{_name}.yaml"
        _registry.add(_name, partial(_read, _kind, _path), summary=_summary, place=f"tasks/shipped/{_name}.yaml")


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'tasks' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
