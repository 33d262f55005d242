"""Write a small thing that works, its test, and a grid that shows what it does."""

import keyword
import re
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from benchmark.scaffolds.sentences import write_sentences
from leaderboard.reading.plugin_columns import wrong_name
from polyskew.errors import UserError, suggest
from polyskew.files import check_folder, write_text
from polyskew.plugins import SAID, registry

TEMPLATES = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
KINDS = ("task", "method", "weighting", "loss", "metric", "explainer")
_TOLD = """# Told from your files; look at it, and change what is wrong. Every key is described by `polyskew.Task`.
# Left to you: the ratios of the labels by language, the licence, whether rows may be published, and whom to cite.
"""
_GRID: dict[str, Any] = {
    "tasks": [{"use": "demo_reviews", "change": {"train_cell": 60, "validation_cell": 20, "test_cell": 20}}],
    "regimes": ["balanced", "imbalanced"],
    "models": ["tiny-polyglot"],
    "methods": ["lora"],
    "weightings": ["none"],
    "seeds": [0],
    "recipe": {"base": "small", "change": {"epochs": 2}},
    "measure": {"probe_rows": 100, "explained_texts": 5, "attributions": {"max_rows": 500}},
}


def new(kind: str, name: str, folder: Path, data: Sequence[str] = ()) -> list[Path]:
    """Write the files of a new thing; none that is there is touched.

    Args:
        kind: one of `KINDS`.
        name: the name users will write, such as ``cube_root``.
        folder: where; made if it is missing.
        data: of a task, the user's own files in place of invented sentences; see `own_data.declared`.

    Returns:
        The thing's own file, its test and its grid.

    Raises:
        UserError: there is no such kind, the name cannot be one or is taken, a file of that name is there, or the data
            are not as wanted.
    """
    if kind not in KINDS:
        raise UserError(f"no {kind!r} can be started{suggest(kind, KINDS)}")
    _check_name(kind, name)
    if data and kind != "task":
        raise UserError(f"--data goes with a task, and a {kind} reads none")
    check_folder(folder)
    suffix = ".yaml" if kind == "task" else ".py"
    template = SAID.get(kind, kind)
    texts = {
        folder / f"{name}{suffix}": _filled(TEMPLATES / f"{template}{suffix}", name),
        folder / f"test_{name}.py": _filled(TEMPLATES / f"test_{template}.py", name),
        folder / f"{name}_grid.yaml": _dumped(_grid(kind, name)),
    }
    for path in (*texts, *([folder / name] if kind == "task" else [])):
        if path.exists():
            raise UserError(f"{path} is there already and is not overwritten; choose another name or --out FOLDER")
    file, _, grid = texts
    if data:
        from benchmark.scaffolds.own_data import declared

        task = declared(name, data, folder)
        texts[file] = _TOLD + _dumped(task)
        if "probe" not in task:
            without = _grid(kind, name) | {"measure": {**_GRID["measure"], "probe_rows": 0}}
            texts[grid] = _dumped(without)
    elif kind == "task":
        write_sentences(folder / name)
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def _check_name(kind: str, name: str) -> None:
    known = registry(kind)
    if taken := known.taken(name):
        raise UserError(f"{taken}; choose another name")
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot be the name of a {kind}; wanted are lower-case letters, digits and _, beginning with a "
            "letter, 40 at most, such as cube_root"
        )
    if kind == "metric" and (wrong := wrong_name(name)):
        raise UserError(f"no metric can be called {name!r}: {wrong}; choose another name")
    if kind != "task" and (keyword.iskeyword(name) or name in sys.stdlib_module_names or _installed(name)):
        raise UserError(
            f"{name!r} is a word or a module of Python, which a file {name}.py would hide; choose another name"
        )


def _installed(name: str) -> bool:
    """Whether ``import name`` finds a module, other than one in the folder that the command was called in."""
    spec = find_spec(name)
    return spec is not None and spec.origin is not None and Path(spec.origin).parent != Path.cwd()


def _filled(template: Path, name: str) -> str:
    text = template.read_text(encoding="utf-8").replace("my_thing", name)
    return text.replace("MyThing", "".join(part.capitalize() for part in name.split("_")))


def _grid(kind: str, name: str) -> dict[str, Any]:
    """A grid of a few cells in which the new thing stands beside what it is to be compared with."""
    grid: dict[str, Any] = {"version": 1, "name": f"{name}_grid", **_GRID}
    if kind == "task":
        grid |= {"tasks": [f"{name}.yaml"]}
    elif kind == "method":
        grid |= {"methods": ["lora", name]}
    elif kind in ("weighting", "loss"):
        grid |= {"weightings": ["none", name]}
    elif kind == "explainer":
        grid |= {"measure": {**_GRID["measure"], "attributions": {"mode": name}}}
    return grid


def _dumped(settings: dict[str, Any]) -> str:
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
