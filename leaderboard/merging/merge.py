"""Uniting results folders: nothing is lost, and nothing is chosen silently."""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaderboard.measuring.measure import measure
from leaderboard.merging.versions import BESIDE, CONFLICT, Version, differing, foremost, read_versions
from leaderboard.reading.measured import Block, Metrics, dump
from leaderboard.reading.store import CELLS, CONFLICTS, FAILURE, METRICS, SPEC
from leaderboard.verification.findings import Findings
from leaderboard.verification.withheld import WITHHELD, read_withheld
from polyskew.canonical import digest
from polyskew.errors import UserError
from polyskew.files import write_json, write_text

_JOINED = ("recipe", "learning_rate", "licence", "citation", "probe")


@dataclass(frozen=True)
class Conflict:
    """A cell of which there are several versions.

    Attributes:
        cell: its id.
        name: what it is, for people.
        text: in what the versions differ.
        versions: the folder of each in the merged results, and the results folders it comes from.
    """

    cell: str
    name: str
    text: str
    versions: tuple[tuple[str, tuple[Path, ...]], ...]


@dataclass(frozen=True)
class Merged:
    """What came of a merge.

    Attributes:
        cells: number of cells in the merged folder.
        common: number of those that stood in several folders.
        conflicts: cells of which there are several versions.
        unmeasured: why some numbers could not be measured, or empty.
    """

    cells: int
    common: int
    conflicts: tuple[Conflict, ...]
    unmeasured: str = ""


def merge(sources: list[Path], out: Path, workers: int = 1) -> Merged:
    """Unite results folders into a new one, and measure what differs now: placebos of more seeds, for example.

    The sources stay as they are. The new folder appears when it is complete.

    Args:
        sources: results folders in which nobody is at work; their order means nothing.
        out: the new folder, which is not there yet.
        workers: processes that share the measuring.

    Raises:
        UserError: a source is no results folder or broken; no source has a cell; ``out`` is there; or sources
            contradict each other in what a regime is, or in numbers whose artifacts are not there.
    """
    if out.exists():
        raise UserError(f"{out} is there already; name a new folder for the merged results")
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    unmeasured = ""
    try:
        merged = unite(sources, temporary)
        if not merged.cells:
            raise UserError(f"there are no cells in {', '.join(map(str, sources))}, so there is nothing to unite")
        try:
            measure(temporary, workers=workers)
        except UserError as error:  # artifacts that were withheld; the other cells are measured
            unmeasured = str(error).replace(str(temporary), str(out))
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Merged(merged.cells, merged.common, merged.conflicts, unmeasured)


def unite(sources: list[Path], out: Path) -> Merged:
    """Copy what the sources hold into an empty folder; measure nothing.

    Of each cell the version that has all files of the others stands under ``cells/``. Where there is none such, each
    version that no other has all of is kept under ``conflicts/``, and the cell's place says so.
    """
    versions: dict[str, list[Version]] = defaultdict(list)
    for source in sources:
        for version in read_versions(source):
            versions[version.cell.spec.id].append(version)
    conflicts = []
    withheld: dict[str, str] = {}
    reasons = _reasons(sources)
    for name, own in sorted(versions.items()):
        joined, blocks, chosen = _joined(own), _blocks(own), foremost(own)
        homes = [CELLS] if len(chosen) == 1 else [f"{CONFLICTS}/{same[0].content}" for same in chosen]
        places = [f"{home}/{name}" for home in homes]
        for place, same in zip(places, chosen, strict=True):
            _write(same[0], joined, blocks, out / place)
            absent = same[0].listed.keys() - same[0].files.keys()
            withheld |= {f"{place}/{file}": reasons[name, file] for file in absent if (name, file) in reasons}
        if len(chosen) > 1:
            conflicts.append(_conflict(name, chosen, places))
            _keep_place(chosen[0][0], joined, conflicts[-1], out / CELLS / name)
    if withheld:
        write_json(out / WITHHELD, {"schema": 1, "files": withheld})
    _write_grids(sources, out)
    common = sum(len({version.source for version in own}) > 1 for own in versions.values())
    return Merged(len(versions), common, tuple(conflicts))


def _joined(versions: list[Version]) -> dict[str, Any]:
    """Return the fields of ``spec.json`` that are united: names, terms of use, skews of all grids' regimes."""
    joined: dict[str, Any] = {}
    for key in _JOINED:
        told = [version.spec[key] for version in versions if version.spec.get(key)]
        joined |= {key: max(told, key=lambda value: json.dumps(value, sort_keys=True))} if told else {}
    if any("redistribute" in version.spec for version in versions):
        joined["redistribute"] = all(version.spec.get("redistribute") for version in versions)
    skews: dict[str, Any] = {}
    for version in versions:
        for regime, matrix in (version.spec.get("skew") or {}).items():
            if skews.setdefault(regime, matrix) != matrix:
                raise UserError(
                    f"the regime {regime!r} of cell {version.cell.spec.id} has other shares in {version.source} than "
                    f"in another folder; such results cannot be united: a changed task has a version of its own"
                )
    return joined | ({"skew": skews} if any("skew" in version.spec for version in versions) else {})


def _blocks(versions: list[Version]) -> list[Block]:
    """Return what was measured in any version; numbers that contradict each other are left out, to be measured again.

    Raises:
        UserError: the files that would tell which is right are in no folder.
    """
    found: dict[str, Block] = {}
    contradicting: set[str] = set()
    for version in versions:
        for block in version.blocks():
            key = json.dumps(block.model_dump(exclude={"values"}), sort_keys=True)
            if found.setdefault(key, block).values == block.values:
                continue
            contradicting.add(key)
            there = {name for other in versions for name in other.files}
            absent = sorted(name for name in block.inputs if name.count("/") == 1 and name not in there)
            if absent:
                raise UserError(
                    f"{block.measure} of cell {version.cell.spec.id} is another number in {version.source} than in "
                    f"another folder, and {absent[0]}, which would tell, is in none of them"
                )
        version.cell.forget()
    return [found[key] for key in sorted(found) if key not in contradicting]


def _write(version: Version, joined: dict[str, Any], blocks: Iterable[Block], folder: Path) -> None:
    """Write one version of a cell."""
    for name in [*version.files, *BESIDE]:
        source = version.cell.folder / name
        if source.exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / name)
    write_json(folder / SPEC, version.spec | joined)
    own = [block for block in blocks if version.made(block)]
    if own:
        write_text(folder / METRICS, dump(Metrics(cell=version.cell.spec.id, measures=own)))


def _conflict(name: str, chosen: list[list[Version]], places: list[str]) -> Conflict:
    spec = chosen[0][0].cell.spec
    rate = (f"rate {spec.learning_rate}",) if spec.learning_rate else ()
    names = (spec.task, spec.model, spec.method, spec.regime, spec.weighting, *rate, f"seed {spec.seed}")
    told = dict.fromkeys(differing(chosen[0][0], same[0]) for same in chosen[1:])
    sources = [tuple(sorted({version.source for version in same})) for same in chosen]
    return Conflict(
        name, " ".join(str(one) for one in names), "; ".join(told), tuple(zip(places, sources, strict=True))
    )


def _keep_place(version: Version, joined: dict[str, Any], conflict: Conflict, folder: Path) -> None:
    """Write what stands under ``cells/`` for a cell of which there are several versions."""
    write_json(folder / SPEC, version.spec | joined)
    message = f"{len(conflict.versions)} versions stand under {CONFLICTS}/: {conflict.text}"
    write_json(folder / FAILURE, CONFLICT | {"message": message})


def _reasons(sources: list[Path]) -> dict[tuple[str, str], str]:
    """Return why files were withheld, by cell and path within it."""
    found: dict[tuple[str, str], str] = {}
    for source in sources:
        findings = Findings("")
        for path, why in read_withheld(source, findings).items():
            parts = path.split("/")
            key = ("/".join(parts[-3:-2]), "/".join(parts[-2:]))
            found[key] = max(found.get(key, ""), why)
        if findings.faults:
            raise UserError(f"{source}/{findings.faults[0].sentence()}")
    return found


def _write_grids(sources: list[Path], out: Path) -> None:
    """Keep the grids: one as ``grid.yaml``, several under names of their own."""
    grids = {_text(path) for source in sources for path in source.glob("grid*.yaml")}
    for text in grids:
        write_text(out / ("grid.yaml" if len(grids) == 1 else f"grid-{digest(text)[:8]}.yaml"), text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path} cannot be read as UTF-8 text; it should be the YAML file of a grid") from None
