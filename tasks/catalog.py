"""Tasks and probe corpora by name or by YAML file, with settings changed on the way."""

from pathlib import Path
from typing import Any, TypeVar

from polyskew.yamls import load_yaml, validate
from tasks import PROBES, TASKS
from tasks.corpora import Source
from tasks.declare import Probe, Task
from tasks.mirrors import MIRRORS

C = TypeVar("C", Task, Probe)
_YAML = (".yaml", ".yml")


def get_task(name: str | Path, /, **overrides: Any) -> Task:
    """Return a task.

    Args:
        name: a registered name, or the path of a YAML file.
        overrides: settings of `Task` to replace. ``source`` is replaced as a whole; for a data set listed in
            `tasks.mirrors` the rest of the source and the column names are filled in. ``languages`` may name some
            of the task's languages.

    Raises:
        UserError: no such task or file, or a setting is wrong.
    """
    task = read_task(Path(name)) if str(name).endswith(_YAML) else TASKS.get(str(name))
    return _override(task, Task, overrides)


def get_probe(name: str | Path, /, **overrides: Any) -> Probe:
    """Return a probe corpus; like `get_task`."""
    probe = read_probe(Path(name)) if str(name).endswith(_YAML) else PROBES.get(str(name))
    return _override(probe, Probe, overrides)


def read_task(path: Path) -> Task:
    """Read a task from its YAML file; relative paths in it are relative to the file.

    Raises:
        UserError: the file is missing or not as `Task` wants it; the message names file and line.
    """
    task = _anchored(load_yaml(path, Task), path.parent)
    if task.probe and task.probe.endswith(_YAML) and not task.probe.startswith("${"):
        return task.model_copy(update={"probe": str(_under(path.parent, task.probe))})
    return task


def read_probe(path: Path) -> Probe:
    """Read a probe corpus from its YAML file; like `read_task`."""
    return _anchored(load_yaml(path, Probe), path.parent)


def _override(declared: C, model: type[C], overrides: dict[str, Any]) -> C:
    if not overrides:
        return declared
    settings = {**declared.model_dump(), **overrides}
    source = overrides.get("source")
    if isinstance(source, Source):
        source = source.model_dump(exclude_defaults=True)
    if isinstance(source, dict) and source.get("hub") in MIRRORS:
        mirror = MIRRORS[source["hub"]]
        settings["source"] = {**mirror["source"], **source}
        settings["columns"] = overrides.get("columns", mirror["columns"])
    if isinstance(overrides.get("languages"), list | tuple) and "regimes" in settings and "regimes" not in overrides:
        settings["regimes"] = {
            regime: {language: ratio for language, ratio in ratios.items() if language in overrides["languages"]}
            for regime, ratios in settings["regimes"].items()
        }
    return validate(settings, model, f"the settings of {declared.name!r}")


def _anchored(declared: C, folder: Path) -> C:
    source = declared.source
    if source.hub is not None or not source.files:
        return declared
    files = {split: tuple(_under(folder, path) for path in paths) for split, paths in source.files.items()}
    return declared.model_copy(update={"source": source.model_copy(update={"files": files})})


def _under(folder: Path, path: str) -> str:
    return path if path.startswith("${") else str(folder.resolve() / path)
