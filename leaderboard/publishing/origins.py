"""What the data of a results folder are, and on what terms they are used, as a card tells it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from leaderboard.publishing.markup import block, code, codes
from leaderboard.reading.schema import Spec
from polyskew.errors import UserError
from polyskew.yamls import parse_yaml


def languages(specs: Iterable[Spec]) -> list[str]:
    """Return the ISO codes of all languages, sorted; what is none is left out, since the hub takes no other."""
    return sorted({name for spec in specs for name in spec.languages if re.fullmatch("[a-z]{2,3}", name)})


def grid_names(folder: Path) -> list[str]:
    """Return the names of the grids of a results folder; ``results`` where it has none."""
    found = read_grids(folder).values()
    return sorted({str(grid["name"]) for grid in found if isinstance(grid, dict) and "name" in grid}) or ["results"]


def read_grids(folder: Path) -> dict[str, Any]:
    """Return what stands in each ``grid*.yaml`` of a results folder, by the file's name.

    Raises:
        UserError: one is no text file, or not YAML.
    """
    grids = {}
    for path in sorted(folder.glob("grid*.yaml")):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UserError(f"{path} is no text file that can be read; a grid in YAML is wanted") from None
        grids[path.name] = parse_yaml(text, str(path))[0]
    return grids


def describe_tasks(specs: Iterable[Spec]) -> Iterator[str]:
    """Yield the paragraphs of a card about the tasks: languages, labels, source, licence, citation, probe corpus."""
    versions = {(spec.task, spec.task_version): spec for spec in specs}
    for _, spec in sorted(versions.items()):
        yield f"### {code(spec.task)}"
        passed_on = "may be passed on" if spec.redistribute else "may not be passed on, and are not in this repository"
        yield (
            f"Version {spec.task_version}; languages {codes(spec.languages)}; labels {codes(spec.labels)}. "
            f"Source: {_source(spec.canonical.get('task'))}. Licence: {_licence(spec.licence)}. Its texts {passed_on}."
        )
        if spec.citation:
            yield block(spec.citation, "bibtex" if spec.citation.lstrip().startswith("@") else "")
        if spec.probe:
            asked = spec.asked.get("features", {}).get("settings", {}).get("probe_corpus")
            yield (
                f"Languages are probed on {code(spec.probe.name)}. Source: {_source(asked)}. "
                f"Licence: {_licence(spec.probe.licence)}."
            )
            if spec.probe.citation:
                yield block(spec.probe.citation, "bibtex" if spec.probe.citation.lstrip().startswith("@") else "")


def _licence(stated: str) -> str:
    return code(stated) if stated else "not recorded"


def _source(identity: Any) -> str:
    """Say where rows came from, by what ``spec.json`` has to identify them."""
    source = identity.get("source") if isinstance(identity, dict) else None
    match source:
        case {"generated": name}:
            return f"made by polyskew's generator {code(name)}"
        case {"hub": name, **rest}:
            return f"{code(name)} on the hub, at {code(rest.get('revision', 'main'))}"
        case {"sha256": _}:
            return "files named by their SHA-256 in `spec.json`"
    return "not recorded"
