"""Whether a cell's folder holds the files that its manifests list, as they were written, and no others."""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from leaderboard.reading.store import FAILURE, METRICS, PROVENANCE, SPEC, STAGES
from leaderboard.verification.findings import Findings
from leaderboard.verification.formats import pickled, wrong_format, wrong_json, wrong_text
from polyskew.files import MANIFEST, sha256

FOLDERS = (*STAGES, "weights")
_AT_WORK = {"training": "train", "attributing": "attributions"}  # gone when their stage is done
_JSON = (SPEC, METRICS, FAILURE, PROVENANCE)
_TEXTS = ("journal.jsonl", "log.txt", ".lock")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")


def check_files(folder: Path, withheld: Mapping[str, str], findings: Findings) -> None:
    """Check every file of a cell: its form, its checksum, and that something says it belongs there.

    Args:
        folder: the cell's folder.
        withheld: why files are not there that manifests list, by their path within the cell.
        findings: are added to.
    """
    paths = []
    for path, wrong in _walk(folder):
        if wrong:
            findings.fault(path.relative_to(folder).as_posix(), wrong)
        else:
            paths.append(path)
    for path in paths:
        name = path.relative_to(folder).as_posix()
        stage, slash, _ = name.partition("/")
        if slash and is_at_work(stage):
            _check_at_work(folder, name, findings)
        elif slash and stage not in FOLDERS:
            findings.fault(name, "belongs to no stage")
        elif not slash:
            wrong = "belongs to no cell"
            if name in _JSON:
                wrong = wrong_json(path.read_bytes())
            elif name in _TEXTS:
                wrong = pickled(path) or wrong_text(path)
            if wrong:
                findings.fault(name, wrong)
    for stage in FOLDERS:
        if os.path.lexists(folder / stage):
            own = [path for path in paths if path.is_relative_to(folder / stage)]
            _check_stage(folder, stage, own, withheld, findings)


def is_plain(folder: Path) -> bool:
    """Return whether all that stands in a cell's folder are files and folders, so that they can be read at all."""
    return stat.S_ISDIR(folder.lstat().st_mode) and not any(wrong for _, wrong in _walk(folder))


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield what stands in a cell's folder and is no folder, and what is wrong with it; no link is followed."""
    for place, folders, files in os.walk(folder):
        at = Path(place)
        for name in sorted([*folders, *files]):
            mode = (at / name).lstat().st_mode
            if stat.S_ISLNK(mode):
                yield at / name, f"is a link to {(at / name).readlink()}; results hold files only"
            elif not stat.S_ISDIR(mode):
                yield at / name, "" if stat.S_ISREG(mode) else "is neither a file nor a folder"


def is_at_work(name: str) -> bool:
    """Return whether a folder is a run's own, which nobody reads as a result: checkpoints, and what a kill left."""
    return name in _AT_WORK or re.fullmatch(r"\..+\.tmp", name) is not None


def _check_at_work(folder: Path, name: str, findings: Findings) -> None:
    """Look for pickles in what a run left that did not come to its end; the checkpoints of torch are such."""
    top = name.partition("/")[0]
    wrong = pickled(folder / name)
    if wrong and top == "training" and not (folder / "train" / MANIFEST).exists():
        findings.gap(top, "holds checkpoints of a training that is not finished, as pickles; only its run reads them")
    elif wrong:
        findings.fault(name, wrong)


def _check_stage(folder: Path, stage: str, paths: list[Path], withheld: Mapping[str, str], findings: Findings) -> None:
    there = {path.relative_to(folder / stage).as_posix(): path for path in paths}
    listing = _listing(there.get(MANIFEST), f"{stage}/{MANIFEST}", findings)
    if listing is None:
        return
    for name in sorted(there.keys() - listing.keys() - {MANIFEST}):
        findings.fault(f"{stage}/{name}", f"is not listed in {stage}/{MANIFEST}")
    for name, record in listing.items():
        inside = f"{stage}/{name}"
        if name not in there:
            if not os.path.lexists(folder / stage / name):  # what is there and no file has been told already
                why = withheld.get(inside)
                findings.gap(inside, f"withheld: {why}" if why else "is missing, and withheld.json does not say why")
            continue
        path = there[name]
        size = path.stat().st_size
        if size != record["bytes"]:
            findings.fault(inside, f"has {size} bytes; its manifest says {record['bytes']}")
        elif sha256(path) != record["sha256"]:
            findings.fault(inside, f"does not have the checksum that its manifest says ({record['sha256'][:12]}...)")
        if wrong := wrong_format(path):
            findings.fault(inside, wrong)


def _listing(path: Path | None, inside: str, findings: Findings) -> dict[str, dict[str, Any]] | None:
    """Return what a manifest lists, or None where it cannot be used."""
    if path is None:
        findings.fault(inside, "is missing, so nothing says what the stage's files were")
        return None
    text = path.read_bytes()
    if wrong := wrong_json(text):
        findings.fault(inside, wrong)
        return None
    told = json.loads(text)
    files = told.get("files") if isinstance(told, dict) else None
    if not isinstance(files, dict) or not all(_is_record(record) for record in files.values()):
        findings.fault(inside, "is not a list of files with their sizes and checksums")
        return None
    for name in files:
        if not is_inside(name):
            findings.fault(inside, f"lists {name!r}, which is no path within the stage")
            return None
    return files


def _is_record(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and isinstance(record.get("bytes"), int)
        and isinstance(record.get("sha256"), str)
        and _CHECKSUM.fullmatch(record["sha256"]) is not None
    )


def is_inside(name: str) -> bool:
    """Return whether a recorded path stays within the folder that it is relative to."""
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or str(path) != name or name == ".")
