"""What users add to the suite: things in a Python file of theirs, or by a call.

A file is named with ``--plugin FILE``, by `load_plugin`, or in the environment variable ``POLYSKEW_PLUGINS`` (several
with ``:`` between them, ``;`` on Windows), which is also how worker processes learn of it; a module's name can stand
there too. In the file, each thing is registered:

    import polyskew

    @polyskew.register("weighting")
    def cube_root(counts): ...
"""

import inspect
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from polyskew.errors import UserError, suggest
from polyskew.origin import of_file

if TYPE_CHECKING:
    from polyskew.registry import Registry

VARIABLE = "POLYSKEW_PLUGINS"
KINDS = {
    "task": "tasks:TASKS",
    "method": "adapters:METHODS",
    "weighting": "adapters:WEIGHTINGS",
    "loss": "adapters:LOSSES",
    "measure": "leaderboard.measures:METRICS",
    "explainer": "benchmark.attributions:EXPLAINERS",
}
"""By kind, the registry that has the things of that kind."""

T = TypeVar("T")
_loaded: dict[Path, str] = {}  # by file, the name of its module
_loading: list[Path] = []  # the file that is being loaded now


def registry(kind: str) -> "Registry[Any]":
    """Return the registry of one kind of thing.

    Raises:
        UserError: there is no such kind.
    """
    if kind not in KINDS:
        raise UserError(f"nothing of the kind {kind!r} can be registered{suggest(kind, KINDS)}")
    module, _, name = KINDS[kind].partition(":")
    found: Registry[Any] = getattr(import_module(module), name)
    return found


@overload
def register(kind: str, thing: None = None, *, name: str = "", summary: str = "") -> Callable[[T], T]: ...
@overload
def register(kind: str, thing: T, *, name: str = "", summary: str = "") -> T: ...
def register(kind: str, thing: Any = None, *, name: str = "", summary: str = "") -> Any:
    """Add a thing to the suite, from a plug-in file, a script, or any module that worker processes can import.

    Args:
        kind: ``task``, ``method``, ``weighting``, ``loss``, ``measure`` or ``explainer``.
        thing: a `tasks.Task`, a subclass of `adapters.Method`, a weighting, and so on; left out, the call returns a
            decorator.
        name: the name users write; by default the thing's own.
        summary: one line for listings; by default the first of its docstring, or its own ``summary``.

    Returns:
        The thing, unchanged.

    Raises:
        UserError: there is no such kind, the name is taken, or the thing was defined in an interactive session, where
            worker processes cannot find it.
    """
    if thing is None:
        return partial(register, kind, name=name, summary=summary)
    known = registry(kind)
    name = name or getattr(thing, "name", "") or getattr(thing, "__name__", "")
    if not name or not isinstance(name, str):
        raise UserError(f"this {kind} has no name; give it one with register({kind!r}, ..., name=...)")
    path, module = (_loading[-1], "") if _loading else _caller()
    if path is None:
        raise UserError(
            f"the {kind} {name!r} is defined in an interactive session, where worker processes cannot find it; write "
            "it to a file (%%writefile my_plugin.py in a notebook) and call polyskew.load_plugin('my_plugin.py')"
        )
    known.add(
        name,
        lambda: thing,
        summary=summary or _summary(thing),
        place=path.name,
        origin=partial(of_file, path),
    )
    if module not in ("", "__main__", "__mp_main__"):  # worker processes run a script's own module by themselves
        _tell_workers(module)
    return thing


def load_plugin(path: str | Path) -> None:
    """Load a plug-in file, in this process and in those that it starts.

    Args:
        path: a Python file that registers things; loading it again does nothing.

    Raises:
        UserError: it is not there, or it fails; the message names the line.
    """
    file = Path(path).expanduser().resolve()
    _load(file, str(path))
    _tell_workers(str(file))


def load_named() -> None:
    """Load the files and import the modules that ``POLYSKEW_PLUGINS`` names.

    Raises:
        UserError: one is not there, or fails.
    """
    for name in _named():
        if name.endswith(".py") or os.sep in name:
            _load(Path(name).expanduser().resolve(), name)
            continue
        try:
            import_module(name)
        except Exception as error:
            raise UserError(f"the plug-in module {name!r} of {VARIABLE} cannot be imported: {error}") from error


def _named() -> list[str]:
    return [name for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name]


def _tell_workers(name: str) -> None:
    if name not in _named():
        os.environ[VARIABLE] = os.pathsep.join([*_named(), name])


def _load(file: Path, said: str) -> None:
    if file in _loaded:
        return
    if not file.is_file():
        raise UserError(f"the plug-in file {said} does not exist")
    module_name = f"polyskew_plugin_{file.stem}"
    spec = spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None or file.suffix != ".py":
        raise UserError(f"the plug-in file {said} is not a Python file; its name must end in .py")
    if module_name in _loaded.values():
        raise UserError(f"two plug-in files are called {file.name}; give one of them another name")
    module = module_from_spec(spec)
    _loaded[file] = module_name
    sys.modules[module_name] = module  # so that other processes find its classes by name
    _loading.append(file)
    try:
        spec.loader.exec_module(module)
    except UserError as error:
        _forget(file, module_name)
        raise UserError(f"the plug-in file {said}: {error}") from None
    except Exception as error:
        _forget(file, module_name)
        raise UserError(
            f"the plug-in file {said}{_line(error, file)} fails with {type(error).__name__}: "
            f"{' '.join(str(error).split())}"
        ) from error
    finally:
        _loading.pop()


def _forget(file: Path, module_name: str) -> None:
    del _loaded[file], sys.modules[module_name]


def _line(error: Exception, file: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f", line {error.lineno},"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return f", line {lines[-1]}," if lines else ""


def _caller() -> tuple[Path | None, str]:
    """The file (None for one that only this process knows) and the name of the module that called `register`."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    known = frame.f_globals if frame else {}
    file = known.get("__file__")
    return Path(file).resolve() if file and Path(file).is_file() else None, str(known.get("__name__", ""))


def _summary(thing: Any) -> str:
    if own := getattr(thing, "summary", ""):
        return str(own)
    return (inspect.getdoc(thing) or "").partition("\n")[0].rstrip(".")
