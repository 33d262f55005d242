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
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from polyskew.errors import UserError, suggest, warn_of_plugin
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
SAID = {"metric": "measure"}
"""Another word for a kind."""

T = TypeVar("T")
_loaded: dict[Path, str] = {}  # by file, the name of its module
_read: dict[Path, str] = {}  # by file, the checksum of what was read
_loading: list[Path] = []  # the file that is being loaded now
_registered: dict[Path, list[tuple[str, str]]] = {}  # by file, kind and name of what it registered


class ReadEnough(BaseException):
    """Ends the reading of a script in a worker process: what it is to do was begun by the process that it ran in."""


def registry(kind: str) -> "Registry[Any]":
    """Return the registry of one kind of thing.

    Raises:
        UserError: there is no such kind.
    """
    kind = SAID.get(kind, kind)
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
    if not isinstance(kind, str):
        raise UserError('register wants the kind first: @polyskew.register("weighting") above a weighting, for example')
    known, kind = registry(kind), SAID.get(kind, kind)
    if thing is None:
        return partial(register, kind, name=name, summary=summary)
    name = name or getattr(thing, "name", "") or getattr(thing, "__name__", "")
    if not name or not isinstance(name, str):
        raise UserError(f"this {kind} has no name; give it one with register({kind!r}, ..., name=...)")
    path, module = (_loading[-1], "") if _loading else _caller()
    if path is None:
        raise UserError(
            f"the {kind} {name!r} is defined in an interactive session, where worker processes cannot find it; write "
            "it to a file (%%writefile my_plugin.py in a notebook) and call polyskew.load_plugin('my_plugin.py')"
        )
    is_script = module in ("__main__", "__mp_main__")
    if is_script:
        _loaded[path] = module  # here; worker processes still have to
    entries = known.entries()  # reads what is installed, which comes first in every process
    if any(entry.name == name and entry.module and _package(entry.module) == _package(module) for entry in entries):
        return thing  # the package names it as an entry point, too
    origin = of_file(path)
    known.add(name, lambda: thing, summary=summary or _summary(thing), place=path.name, origin=lambda: origin)
    _registered.setdefault(path, []).append((kind, name))
    if module:
        _tell_workers(_with_checksum(path) if is_script else module)
    return thing


def registered(path: str | Path) -> list[tuple[str, str]]:
    """Return kind and name of what a plug-in file has registered."""
    return list(_registered.get(Path(path).expanduser().resolve(), ()))


def load_plugin(path: str | Path) -> None:
    """Load a plug-in file, in this process and in those that it starts.

    It may import modules that stand beside it. What it prints goes to standard error. A file that registers nothing is
    told with a warning.

    Args:
        path: a Python file that registers things. One that is loaded already is loaded anew if it has changed.

    Raises:
        UserError: it is not there, or it fails; the message names the line.
    """
    file = Path(path).expanduser().resolve()
    if os.pathsep in str(file):
        raise UserError(f"the plug-in file {path} has {os.pathsep!r} in its path; put it elsewhere")
    if file in _read and file.is_file() and of_file(file).sha256 != _read[file]:
        _forget(file)
    _load(file, str(path))
    _tell_workers(_with_checksum(file))


def load_named() -> None:
    """Load the files and import the modules that ``POLYSKEW_PLUGINS`` names.

    Raises:
        UserError: one is not there, or fails, or is no longer what the process that started this one has loaded.
    """
    for name, checksum in _named():
        if name.endswith(".py") or os.sep in name:
            file = Path(name).expanduser().resolve()
            _load(file, name)
            if checksum and _is_worker() and _read.get(file) != checksum:
                raise UserError(f"the plug-in file {file.name} has changed since its grid was started; start it again")
        elif name not in sys.modules:
            try:
                import_module(name)
            except Exception as error:
                raise UserError(f"the plug-in module {name!r} of {VARIABLE} cannot be imported: {error}") from error


def stop_reading() -> None:
    """End the reading of a script that is loaded as a plug-in; called by what a script may do and a plug-in may not."""
    if _loading:
        raise ReadEnough


def _named() -> list[tuple[str, str]]:
    """What the variable names: files or modules, and the checksums of files."""
    return [_parted(entry) for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry]


def _parted(entry: str) -> tuple[str, str]:
    name, _, checksum = entry.rpartition("@")
    return (name, checksum) if re.fullmatch(r"[0-9a-f]{16}", checksum) and name else (entry, "")


def _is_worker() -> bool:
    from multiprocessing import parent_process  # takes 10 ms, which `polyskew list` does without

    return parent_process() is not None


def _with_checksum(file: Path) -> str:
    return f"{file}@{of_file(file).sha256}"


def _tell_workers(entry: str) -> None:
    before = [one for one in os.environ.get(VARIABLE, "").split(os.pathsep) if one]
    others = [one for one in before if _parted(one)[0] != _parted(entry)[0]]
    os.environ[VARIABLE] = os.pathsep.join([*others, entry])


def _load(file: Path, said: str) -> None:
    if file in _loaded:
        return
    if file.is_dir():
        raise UserError(f"{said} is a folder; a plug-in is one Python file, so name the file in it")
    if not file.is_file():
        raise UserError(f"the plug-in file {said} does not exist")
    module_name = f"polyskew_plugin_{file.stem}"
    spec = spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None or file.suffix != ".py":
        raise UserError(f"the plug-in file {said} is not a Python file; its name must end in .py")
    if module_name in _loaded.values():
        raise UserError(f"two plug-in files are called {file.name}; give one of them another name")
    module = module_from_spec(spec)
    _loaded[file], _read[file] = module_name, of_file(file).sha256
    sys.modules[module_name] = module  # so that other processes find its classes by name
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))  # what stands beside it can be imported; last, so that it hides nothing
    _loading.append(file)
    try:
        with redirect_stdout(sys.stderr):
            # Not by the loader, which takes cached bytecode for that of a file changed in the same second.
            exec(compile(file.read_bytes(), str(file), "exec", dont_inherit=True), module.__dict__)
    except ReadEnough:
        pass
    except UserError as error:
        _forget(file)
        raise UserError(f"the plug-in file {said}: {error}") from None
    except (Exception, SystemExit) as error:
        _forget(file)
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UserError(
            f"the plug-in file {said}{_line(error, file)} fails with {type(error).__name__}: {' '.join(text.split())}"
        ) from error
    finally:
        _loading.pop()
    if file not in _registered:
        warn_of_plugin(f"the plug-in file {said} registers nothing; write @polyskew.register(KIND) above what it adds")


def _forget(file: Path) -> None:
    """Let a file that failed half way, or has changed, be loaded anew; what it had registered is taken back."""
    sys.modules.pop(_loaded.pop(file), None)
    del _read[file]
    for kind, name in _registered.pop(file, ()):
        registry(kind).remove(name)


def _line(error: BaseException, file: Path) -> str:
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


def _package(module: str) -> str:
    return module.partition(".")[0]


def _summary(thing: Any) -> str:
    if hasattr(thing, "summary"):
        return str(thing.summary)
    return (inspect.getdoc(thing) or "").partition("\n")[0].rstrip(".")
