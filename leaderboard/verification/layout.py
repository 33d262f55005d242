"""What lies in a results folder beside its cells: known files only, no links, no pickles; and versions in conflict."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from leaderboard.reading.store import CELLS, CONFLICTS, read_cell
from leaderboard.verification.files import check_files, is_plain
from leaderboard.verification.findings import Findings
from leaderboard.verification.formats import pickled
from leaderboard.verification.specs import Registered, check_spec
from polyskew.errors import UserError

_KNOWN = re.compile(
    r"[^.][^/]*\.ya?ml|withheld\.json|board\.\w+|rows\.parquet|README\.md|LICENSE"
    r"|\.index|\.gitattributes|\.gitignore|\.lock|\..+\.tmp"
)
"""Grids and tasks, boards, cards, and what programs keep."""

_KEPT = ".cache"  # of the hub's client, in a folder that was pulled


def check_layout(folder: Path, findings: Findings) -> None:
    """Check what stands beside the cells, and that nothing is hidden among them.

    Args:
        folder: the results folder.
        findings: are added to.
    """
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            findings.fault(path.name, f"is a link to {path.readlink()}; results hold files only")
        elif path.is_dir():
            if path.name == _KEPT:
                _check_kept(folder, path, findings)
            elif path.name not in (CELLS, CONFLICTS):
                findings.fault(path.name, "is a folder that results do not have")
        elif not path.is_file():
            findings.fault(path.name, "is neither a file nor a folder")
        elif not _KNOWN.fullmatch(path.name):
            findings.fault(path.name, pickled(path) or "belongs to no results folder")
        elif wrong := pickled(path):
            findings.fault(path.name, wrong)
    for path in sorted((folder / CELLS).iterdir()):
        if path.name.startswith("."):
            findings.fault(f"{CELLS}/{path.name}", "belongs to no cell")


def _check_kept(folder: Path, kept: Path, findings: Findings) -> None:
    for place, folders, files in os.walk(kept):
        for name in sorted([*folders, *files]):
            path = Path(place, name)
            inside = path.relative_to(folder).as_posix()
            if path.is_symlink():
                findings.fault(inside, f"is a link to {path.readlink()}; results hold files only")
            elif path.is_file() and (wrong := pickled(path)):
                findings.fault(inside, wrong)


def check_conflicts(
    folder: Path,
    cells: Mapping[str, Findings],
    withheld: Mapping[str, str],
    registered: Registered,
    findings: Findings,
) -> None:
    """Check the files and specs of versions that a merge kept, and tell the cells of which nobody has chosen one.

    Their numbers are not computed again, as they are on no board.

    Args:
        folder: the results folder.
        cells: what was found in each cell; is added to.
        withheld: why files are not there, by their path.
        registered: what methods and weightings are.
        findings: of what lies beside the cells; are added to.
    """
    if not (folder / CONFLICTS).is_dir() or (folder / CONFLICTS).is_symlink():
        return
    versions: dict[str, int] = {}
    for home in sorted((folder / CONFLICTS).iterdir()):
        name = f"{CONFLICTS}/{home.name}"
        if home.is_symlink() or not home.is_dir():
            findings.fault(name, "is no folder of versions")
            continue
        for place in sorted(home.iterdir()):
            own = Findings(f"{name}/{place.name}")
            _check_version(place, withheld, registered, own)
            findings.faults += own.faults
            findings.gaps += own.gaps
            versions[place.name] = versions.get(place.name, 0) + 1
    for cell, number in versions.items():
        text = f"{number} of its versions stand under {CONFLICTS}/; put one in its place, and remove the others"
        cells.get(cell, findings).fault("", text if cell in cells else f"the cell {cell} is not here, but {text}")


def _check_version(place: Path, withheld: Mapping[str, str], registered: Registered, findings: Findings) -> None:
    if place.is_symlink() or not place.is_dir():
        findings.fault("", "is no folder of a cell")
        return
    start = f"{findings.cell}/"
    own = {path.removeprefix(start): why for path, why in withheld.items() if path.startswith(start)}
    check_files(place, own, findings)
    try:
        found = read_cell(place) if is_plain(place) else None
        if found is not None:
            check_spec(found[0], registered, findings)
        elif is_plain(place):
            findings.fault("spec.json", "is missing")
    except (UserError, ValueError, TypeError) as error:
        findings.fault("", str(error))
