"""What a plug-in's thing has to be, kind by kind."""

import inspect
from importlib import import_module
from typing import Any

_SUBCLASSES = {
    "method": "adapters.method:Method",
    "loss": "adapters.losses.base:Loss",
    "explainer": "benchmark.attributions.explainer:Explainer",
}
_OBJECTS = {
    "task": "tasks.declare:Task",
    "probe corpus": "tasks.declare:Probe",
    "measure": "leaderboard.measures.cell_measure:CellMeasure",
}


def complaint(kind: str, thing: Any) -> str:
    """Say what is wrong with a thing of one kind, or nothing.

    Args:
        kind: as registries name it.
        thing: what was registered.

    Returns:
        The middle of a sentence after the thing's name, such as ``"is a function; a subclass of adapters.method.Method
        is wanted"``, or an empty string.
    """
    if kind in _OBJECTS:
        wanted = _class(_OBJECTS[kind])
        return (
            "" if isinstance(thing, wanted) else f"is {_said(thing)}; an object of the class {_full(wanted)} is wanted"
        )
    if kind in _SUBCLASSES:
        wanted = _class(_SUBCLASSES[kind])
        if not (isinstance(thing, type) and issubclass(thing, wanted)):
            return f"is {_said(thing)}; a subclass of {_full(wanted)} is wanted"
        return _unfinished(thing)
    if kind == "weighting":
        if not callable(thing) or (isinstance(thing, type) and not _is_weighting_class(thing)):
            return (
                f"is {_said(thing)}; a function from counts [L, C] to weights [L, C] is wanted, or a subclass of "
                "adapters.Component with such a __call__"
            )
        return _unfinished(thing) if isinstance(thing, type) else ""
    return ""


def _unfinished(thing: type) -> str:
    if missing := sorted(getattr(thing, "__abstractmethods__", ())):
        return f"has no {missing[0]!r}; {thing.__name__} must define it"
    if not isinstance(getattr(thing, "name", None), str):
        return f'has no name; {thing.__name__} must define it: name: ClassVar[str] = "..."'
    return ""


def _is_weighting_class(thing: type) -> bool:
    return issubclass(thing, _class("adapters.component:Component")) and "__call__" in dir(thing)


def _class(place: str) -> type:
    module, _, name = place.partition(":")
    found: type = getattr(import_module(module), name)
    return found


def _full(wanted: type) -> str:
    return f"{wanted.__module__}.{wanted.__qualname__}"


def _said(thing: Any) -> str:
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    if inspect.isroutine(thing):
        return f"the function {getattr(thing, '__name__', '')}".rstrip()
    return f"an object of the class {type(thing).__name__}"
