"""What was recorded while a cell was at work, and cannot be computed again: is it possible at all?"""

import json
from collections.abc import Iterator

from leaderboard.reading.schema import Cost
from leaderboard.reading.store import STAGE_FILE, Cell
from leaderboard.verification.findings import Findings
from polyskew.errors import UserError

COST, TOKENS = "train/cost.json", "data/tokens.json"
_STAGE = f"train/{STAGE_FILE}"


def check_records(cell: Cell, findings: Findings) -> None:
    """Check ``cost.json`` and ``tokens.json``: amounts and shares that can be."""
    try:
        if cell.cost is not None and "train" not in findings.broken:
            for text in _impossible(cell.cost):
                findings.fault(COST, text)
            _check_device(cell, cell.cost.device, findings)
        if cell.tokens is not None and "data" not in findings.broken:
            if set(cell.tokens) != set(cell.spec.languages):
                findings.fault(TOKENS, f"it is of the languages {', '.join(sorted(cell.tokens))}")
            for language, told in cell.tokens.items():
                if not (0 <= told.unknown_share <= 1 and 0 <= told.truncated_share <= 1):
                    findings.fault(TOKENS, f"a share of {language!r} is not between 0 and 1")
    except UserError as error:
        findings.fault(TOKENS if "tokens" in str(error) else COST, str(error))


def _check_device(cell: Cell, device: str, findings: Findings) -> None:
    """Compare the device whose cost was recorded with the one that the stage was computed on, which has a name."""
    path = cell.folder / _STAGE
    told = json.loads(path.read_bytes()) if path.exists() else {}
    in_force = told.get("in_force") if isinstance(told, dict) else None
    place = in_force.get("device") if isinstance(in_force, dict) else None
    if place and ((device == "cpu") != (place == "cpu")) and device.startswith(("cpu", "cuda")):
        findings.fault(COST, f"the device is {device!r}, but {_STAGE} has {place!r}")


def _impossible(cost: Cost) -> Iterator[str]:
    for name, value in cost:
        if isinstance(value, int | float) and value < 0:
            yield f"{name} is {value}"
    trains, total = cost.trainable_parameters, cost.total_parameters
    if trains is not None and total is not None and trains > total:
        yield f"{trains} parameters of {total} are trained"
