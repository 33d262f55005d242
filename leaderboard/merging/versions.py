"""What the folders to be united hold of one cell: its versions, and which of them says all that another says."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from leaderboard.reading.measured import Block
from leaderboard.reading.store import CONFLICTS, FAILURE, Cell, cell_folders, read_cell
from leaderboard.verification.files import FOLDERS, check_files
from leaderboard.verification.findings import Findings
from polyskew.canonical import digest
from polyskew.errors import UserError
from polyskew.files import MANIFEST, checksums, read_json, sha256

CONFLICT = {"stage": "merge", "kind": "conflict"}
"""In ``failure.json``, what marks the place of a cell of which there are several versions."""

BESIDE = ("provenance.json", "journal.jsonl", "log.txt", FAILURE)
_CORE = ("canonical", "same_as", "group", "languages", "labels", "pair", "shares", "stages", "asked")


@dataclass(frozen=True)
class Version:
    """One version of a cell.

    Attributes:
        source: the results folder that it stands in.
        cell: its folder and spec.
        spec: all fields of ``spec.json``.
        files: SHA-256 of each file of its finished stages and weights that is there, manifests included, by path.
        listed: the same of all files that the manifests list, there or not.
    """

    source: Path
    cell: Cell
    spec: dict[str, Any]
    files: dict[str, str]
    listed: dict[str, str]

    @cached_property
    def core(self) -> dict[str, Any]:
        """What the spec says of the work; names for people and skews of other regimes are united instead."""
        return {key: self.spec.get(key) for key in _CORE}

    @cached_property
    def content(self) -> str:
        """Digest of what makes this version another than the others."""
        return digest([self.files, self.core])

    @cached_property
    def beside(self) -> tuple[int, str]:
        """Orders versions of the same content by the records that stand beside their stages."""
        there = {name: sha256(path) for name in BESIDE if (path := self.cell.folder / name).is_file()}
        return len(there), digest(there)

    def made(self, block: Block) -> bool:
        """Return whether a block was measured on the files of this version."""
        own = {name: checksum for name, checksum in block.inputs.items() if name.count("/") == 1}
        return own.items() <= self.listed.items()

    def blocks(self) -> list[Block]:
        """Return what was measured on these files."""
        return [block for block in self.cell.metrics.measures if self.made(block)] if self.cell.metrics else []

    def within(self, other: "Version") -> bool:
        """Return whether ``other`` has all files of this version, and more, made for the same spec.

        A version without files, of which only the spec was written, says nothing that could be lost.
        """
        return self.files.items() < other.files.items() and (not self.files or self.core == other.core)


def read_versions(source: Path) -> list[Version]:
    """Read all versions of all cells of a results folder: its cells, and what an earlier merge kept as conflicts.

    Raises:
        UserError: not a results folder; or something in a cell is broken, which is named.
    """
    places = [*cell_folders(source), *sorted((source / CONFLICTS).glob("*/*"))]
    found = [_read(source, place) for place in places]
    return [version for version in found if version is not None]


def _read(source: Path, folder: Path) -> Version | None:
    findings = Findings(folder.relative_to(source).as_posix())
    check_files(folder, {}, findings)
    if findings.faults:
        raise UserError(f"{source}/{findings.faults[0].sentence()}; `polyskew verify` tells all that is wrong")
    found = read_cell(folder)
    if found is None:
        return None
    cell, text = found
    files: dict[str, str] = {}
    listed: dict[str, str] = {}
    for stage in FOLDERS:
        if (folder / stage / MANIFEST).exists():
            listed |= {f"{stage}/{name}": checksum for name, checksum in checksums(folder / stage).items()}
            files[f"{stage}/{MANIFEST}"] = sha256(folder / stage / MANIFEST)
    files |= {name: checksum for name, checksum in listed.items() if (folder / name).exists()}
    if not files and is_conflict(folder):
        return None  # its versions stand under conflicts/
    return Version(source, cell, json.loads(text), files, listed)


def is_conflict(folder: Path) -> bool:
    """Return whether a cell's folder keeps the place of several versions."""
    path = folder / FAILURE
    return path.is_file() and CONFLICT.items() <= read_json(path).items()


def foremost(versions: list[Version]) -> list[list[Version]]:
    """Return the versions that no other has all of, those of one content together, in an order of their own."""
    found: dict[str, list[Version]] = {}
    for version in versions:
        if not any(version.within(other) for other in versions):
            found.setdefault(version.content, []).append(version)
    return [sorted(found[content], key=lambda version: version.beside, reverse=True) for content in sorted(found)]


def differing(one: Version, other: Version) -> str:
    """Say in what two versions differ."""
    keys = ", ".join(key for key in _CORE if one.core[key] != other.core[key])
    if one.files == other.files:
        return f"the files are the same, and spec.json differs in {keys}"
    if one.files.items() < other.files.items() or other.files.items() < one.files.items():
        return f"one has all files of the other and more, and spec.json differs in {keys}"
    changed = {name for name, _ in one.files.items() ^ other.files.items()}
    results = sorted(
        name
        for name in changed
        if not name.endswith((MANIFEST, "stage.json", "cost.json", "history.json")) and not name.startswith("weights/")
    )
    if results:
        return f"they differ in {', '.join(results)}"
    return "only the records of training differ; predictions, features and attributions are the same"
