"""A results folder as it goes out: what may not go is left away or cleaned, all else is linked to."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from leaderboard.publishing.origins import read_grids
from leaderboard.publishing.private import Private, private
from leaderboard.publishing.strings import strings
from leaderboard.publishing.withholding import quotes_texts, reason
from leaderboard.reading.schema import parse
from leaderboard.reading.store import CELLS, FAILURE, METRICS, PROVENANCE, SPEC, STAGES, Cell, Results, read_results
from leaderboard.verification.withheld import WITHHELD
from polyskew.errors import UserError
from polyskew.files import MANIFEST, checksums, damage, read_json, write_json, write_text


def stage(results: Path, out: Path) -> dict[str, str]:
    """Lay out in ``out`` what of a results folder may go out: a results folder itself.

    Files under a checksum are linked to. Those that are not (``grid.yaml``, ``provenance.json``, ``failure.json``) are
    written anew, without tokens, absolute paths, host and user names. What was withheld from a folder that was pulled
    stays withheld.

    Args:
        results: the results folder, finished or not.
        out: an empty folder.

    Returns:
        The reason for each file that stays at home, by its path; ``withheld.json`` in ``out`` says the same.

    Raises:
        UserError: not a results folder; a file is broken, or cannot be cleaned without breaking its checksum; or there
            is nothing in it yet.
    """
    found = read_results(results)
    if not any((cell.folder / stage / MANIFEST).exists() for cell in found.cells.values() for stage in STAGES):
        raise UserError(f"{results} has no finished stage of any cell yet; there is nothing to publish")
    secret = private_to(found)
    for name, grid in read_grids(results).items():
        write_text(out / name, yaml.safe_dump(cleaned(grid, secret), sort_keys=False, allow_unicode=True))
    before = _withheld_before(results / WITHHELD)
    withheld: dict[str, str] = {}
    for cell in found.cells.values():
        withheld |= _stage_cell(cell, out / CELLS / cell.spec.id, secret, before)
    write_json(out / WITHHELD, {"schema": 1, "files": withheld})
    return withheld


class _Withheld(BaseModel):
    """``withheld.json``."""

    files: dict[str, str]


def _withheld_before(path: Path) -> dict[str, str]:
    return parse(path.read_bytes(), _Withheld, str(path)).files if path.exists() else {}


def _stage_cell(cell: Cell, out: Path, secret: Private, before: dict[str, str]) -> dict[str, str]:
    withheld: dict[str, str] = {}
    for name in (SPEC, METRICS):
        if (cell.folder / name).exists():
            link(cell.folder / name, out / name, secret)
    if quotes_texts(cell):
        raise UserError(
            f"{cell.folder / METRICS} quotes ids of rows, which may be texts that may not be passed on; nothing was "
            f"published; remove it, and `polyskew run` measures the cell again"
        )
    if (cell.folder / PROVENANCE).exists():
        facts = read_json(cell.folder / PROVENANCE)
        clean = cleaned(facts, secret)
        if isinstance(facts, dict) and facts.get("asked") == cell.spec.canonical:
            clean["asked"] = cell.spec.canonical  # goes out with spec.json in any case, and must be the same
        write_json(out / PROVENANCE, clean)
    if cell.failure:
        shared = cell.spec.redistribute and not (cell.spec.probe and not cell.spec.probe.redistribute)
        quiet = {} if shared else {"message": ""}  # it may quote a text
        write_json(out / FAILURE, cleaned(read_json(cell.folder / FAILURE) | quiet, secret))
    for stage in STAGES:
        folder = cell.folder / stage
        if not (folder / MANIFEST).exists():
            continue
        names = checksums(folder)
        place = f"{CELLS}/{cell.spec.id}/{stage}"
        gone = [name for name in names if not (folder / name).exists()]
        absent = {name: before[f"{place}/{name}"] for name in gone if f"{place}/{name}" in before}
        if wrong := next((name for name in names if not re.fullmatch(r"\w[\w.-]*", name)), ""):
            raise UserError(f"{folder / MANIFEST} names the file {wrong!r}, which is no plain name")
        if fault := damage(folder, absent=absent):
            raise UserError(f"{fault}; nothing was published")
        link(folder / MANIFEST, out / stage / MANIFEST, secret)
        for name in names:
            if why := absent.get(name) or reason(folder / name, stage, cell.spec):
                withheld[f"{place}/{name}"] = why
            else:
                link(folder / name, out / stage / name, secret)
    return withheld


def link(path: Path, place: Path, secret: Private) -> None:
    """Put a link to a file into its place in the folder that goes out.

    Raises:
        UserError: the file is a link itself, cannot be read, or holds something private; it is not told what.
    """
    if path.is_symlink():
        raise UserError(f"{path} is a link; a plain file is wanted, since nobody knows where links lead")
    if kind := secret.found("\n".join(set(strings(path)))):
        raise UserError(
            f"{path} holds {kind}, which must not go out; nothing was published, and the file cannot be cleaned, "
            f"because the results rest on it as it is"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(path.resolve())


def private_to(results: Results) -> Private:
    """Return what is private here, less the words that the results make public: names on their axes, what they cite."""
    texts: set[str] = set()
    for spec in (cell.spec for cell in results.cells.values()):
        texts |= {spec.task, spec.model, spec.method, spec.regime or "", spec.weighting or "", spec.recipe}
        texts |= {*spec.labels, *spec.languages, spec.licence, spec.citation}
        texts |= {spec.probe.name, spec.probe.licence, spec.probe.citation} if spec.probe else set()
    return private(word for text in texts for word in re.findall(r"\w+", text))


def cleaned(value: Any, secret: Private) -> Any:
    """Return a JSON value with all its strings cleaned."""
    if isinstance(value, str):
        return secret.clean(value)
    if isinstance(value, dict):
        return {secret.clean(str(key)): cleaned(part, secret) for key, part in value.items()}
    return [cleaned(part, secret) for part in value] if isinstance(value, list) else value
