"""Which files were not published, and why."""

import json
from pathlib import Path

from leaderboard.verification.files import is_inside
from leaderboard.verification.findings import Findings
from leaderboard.verification.formats import wrong_json

WITHHELD = "withheld.json"


def read_withheld(folder: Path, findings: Findings) -> dict[str, str]:
    """Return the reasons why files of a results folder are not there, by their path.

    Args:
        folder: the results folder.
        findings: get what is wrong with the list; what is wrong is left out.
    """
    path = folder / WITHHELD
    if not path.is_file():
        return {}
    if wrong := wrong_json(path.read_bytes()):
        findings.fault(WITHHELD, wrong)
        return {}
    told = json.loads(path.read_bytes())
    files = told.get("files") if isinstance(told, dict) else None
    if not isinstance(files, dict) or not all(isinstance(why, str) for why in files.values()):
        findings.fault(WITHHELD, "does not give the reason of each file under 'files'")
        return {}
    for name in files:
        if not is_inside(name):
            findings.fault(WITHHELD, f"names {name!r}, which is no path within the folder")
    return {name: why for name, why in files.items() if is_inside(name)}
