"""What DATA names: local files, a folder, a task, or a data set on the hub."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyskew.errors import DataError, UserError, suggest
from tasks import TASKS, get_task
from tasks.audit import hub, of_task
from tasks.audit.columns import Asked
from tasks.audit.files import File
from tasks.audit.rows import Rows
from tasks.declare import SPLITS, Task
from tasks.tables import SUFFIXES

ALL = "all rows"
"""The split of files whose names tell none."""

_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}
_EXACT = re.compile(rf"(?:{'|'.join(_NAMES)})(?:-\d+-of-\d+)?")
_NAMED = 5  # files that are named in a note
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Data:
    """A data set that has been found and not yet read.

    Attributes:
        name: how the report calls it.
        parts: what to read, in the order of splits.
        asked: the columns, where a task or the user names them.
        labels: the labels' names in order, where they are known.
        label_values: the source's value of each label; empty where it has names, or positions from 0.
        languages: our name of each of the source's languages to keep; empty keeps all.
        notes: what was decided on the user's behalf.
    """

    name: str
    parts: tuple[Rows, ...]
    asked: Asked
    labels: tuple[str, ...] = ()
    label_values: dict[str, str] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find(
    data: Sequence[str],
    asked: Asked | None = None,
    splits: Sequence[str] = (),
    config: str | None = None,
    revision: str | None = None,
) -> Data:
    """Find out what DATA names; nothing but names and headers is read.

    Args:
        data: local files; or one folder, task, task file, path with ``{language}``, or hub data set.
        asked: the columns.
        splits: the splits to read; all by default.
        config: of a hub data set, see `tasks.audit.hub.find`.
        revision: of a hub data set.

    Raises:
        UserError: there is no such thing, or an option does not belong to it.
    """
    found = _find(list(data), asked or Asked(), config, revision)
    names = list(dict.fromkeys(part.split for part in found.parts))
    for split in splits:
        if split not in names:
            raise UserError(f"{found.name} has no split {split!r}{suggest(split, names)}")
    order = {name: place for place, name in enumerate(dict.fromkeys([*SPLITS, *names]))}
    parts = [part for part in found.parts if not splits or part.split in splits]
    return replace(found, parts=tuple(sorted(parts, key=lambda part: order[part.split])))


def _find(data: list[str], asked: Asked, config: str | None, revision: str | None) -> Data:
    if len(data) > 1:
        _only_hub(config, revision, ", ".join(data))
        if folder := next((one for one in data if Path(one).is_dir()), None):
            raise UserError(f"{folder} is a folder; give one folder alone, or several files")
        return Data(", ".join(data), tuple(_file(Path(one)) for one in data), asked)
    name = data[0]
    if name.endswith((".yaml", ".yml")) or name in TASKS:
        _only_hub(config, revision, name)
        return _task(get_task(name), asked)
    path = Path(name)
    if not path.exists() and "{language}" not in name and _REPOSITORY.fullmatch(name) and not _is_file_name(name):
        guessed = () if config else ("one config for each language",)
        parts = hub.find(name, config, revision)
        return Data(name, tuple(parts), asked, notes=guessed if parts and parts[0].language else ())
    _only_hub(config, revision, name)
    if path.is_dir():
        return _folder(path, asked)
    if "{language}" in name:
        return Data(name, tuple(_by_language(name)), asked)
    if path.exists() or _is_file_name(name):
        return Data(name, (_file(path),), asked)
    raise UserError(
        f"{name!r} is neither a file or folder, nor ORG/NAME on the hub, nor a task{suggest(name, TASKS.names())}"
    )


def _task(task: Task, asked: Asked) -> Data:
    named = of_task.columns(task)
    asked = Asked(asked.text or named.text, asked.label or named.label, asked.language or named.language)
    languages = {task.source.languages.get(language, language): language for language in task.languages}
    return Data(task.name, tuple(of_task.parts(task)), asked, task.labels, dict(task.label_values), languages)


def _only_hub(config: str | None, revision: str | None, name: str) -> None:
    for option, value in (("--config", config), ("--revision", revision)):
        if value is not None:
            raise UserError(f"{option} goes with a data set on the hub, and {name} is none")


def _is_file_name(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _file(path: Path, language: str | None = None) -> File:
    return File(path, _split_of(path) or ALL, language)


def _split_of(path: Path) -> str | None:
    """Return the split that a word of a file's name tells, or else its folder's name."""
    words = [word for word in re.split(r"[^a-z]+", path.name.lower()) if word in _NAMES]
    return _NAMES.get(words[0] if words else path.parent.name.lower())


def _folder(folder: Path, asked: Asked) -> Data:
    paths = sorted(path for path in folder.rglob("*") if _is_file_name(path.name) and path.is_file())
    paths = [path for path in paths if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not paths:
        raise DataError(f"{folder}: there is no data file in this folder (known: {', '.join(SUFFIXES)})")
    # train.csv goes before some_other_train.csv, which is often something else.
    exact = [path for path in paths if _EXACT.fullmatch(path.name.lower().partition(".")[0])]
    of_splits = exact or [path for path in paths if _split_of(path)]
    # A .json file beside files of another kind describes them.
    chosen = of_splits or [path for path in paths if path.suffix != ".json"] or paths
    notes = []
    if len(chosen) < len(paths):
        left = [path.relative_to(folder).as_posix() for path in paths if path not in chosen]
        more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
        why = "no file of a split" if of_splits else "a .json file beside others"
        notes.append(f"left out, as {why}: {', '.join(left[:_NAMED])}{more}")
    return Data(str(folder), tuple(_file(path) for path in chosen), asked, notes=tuple(notes))


def _by_language(template: str) -> Iterator[File]:
    """Yield the files that fit a path with ``{language}``."""
    start = Path(*Path(template.partition("{language}")[0] + "x").parts[:-1])
    pattern = str(Path(template)).replace("{language}", "*")
    relative = Path(pattern).relative_to(start) if start.parts else Path(pattern)
    first, *rest = (re.escape(part) for part in str(Path(template)).split("{language}"))
    match = re.compile(f"{first}(?P<language>[^/]+?){'(?P=language)'.join(rest)}")
    found = [(path, match.fullmatch(str(path))) for path in sorted(start.glob(str(relative)))]
    fitting = [File(path, _split_of(path) or ALL, fit["language"]) for path, fit in found if fit and path.is_file()]
    if not fitting:
        raise DataError(f"{template}: there is no file of this name, whatever the language")
    yield from fitting
