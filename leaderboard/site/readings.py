"""What the page shows of one cell beside the board's numbers, read from its files."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from leaderboard.measures.drift import THRESHOLD
from leaderboard.reading.blocks import only
from leaderboard.reading.schema import SCHEMA
from leaderboard.reading.store import METRICS, Cell
from polyskew.errors import UserError

STAGE_OF = {
    "accuracy": "predict",
    "macro_f1": "predict",
    "prediction_share": "predict",
    "leakage": "features",
    "compression": "features",
    "drift": "attributions",
    "base_difference": "attributions",
}
"""The measures that the page shows in full, and the stage that each is measured on."""

PLACEBO = "placebo_size"
_TOLD = ("corpus", "vectors", "probe", "within", "match", "threshold")
_NOT_SHARED = ("reference", "placebo")  # they differ from seed to seed; that is no difference of method


class Table(NamedTuple):
    """One measure's values on one cell, K of them.

    Attributes:
        measure: its name; `PLACEBO` for the absolute values of a placebo's drift.
        params: JSON of the parameters that tell it apart from the measure's other tables.
        by: JSON of what each value is of, a list of K.
        unit: of the values.
        made_by: version and all parameters; what was made differently is never averaged.
        interval: the method of the intervals, or empty.
        values: ``[K]``, NaN where missing.
        halves: half the width of each 95% interval, ``[K]``, NaN where there is none.
        reason: why values are missing, or empty.
    """

    measure: str
    params: str
    by: str
    unit: str
    made_by: str
    interval: str
    values: NDArray[np.float64]
    halves: NDArray[np.float64]
    reason: str


class Reading(NamedTuple):
    """One cell that did its own work.

    Attributes:
        tables: of the measures in `STAGE_OF`, of stages that are finished as asked for now.
        truth: the test rows of each language and label, ``[L][C]``, or None.
        in_force: versions, device and settings, or None.
        versions: of these measures, by name.
        checksums: SHA-256 of each file of the cell that something was measured on.
    """

    tables: list[Table]
    truth: list[list[int]] | None
    in_force: dict[str, Any] | None
    versions: dict[str, int]
    checksums: dict[str, str]


def read(cell: Cell) -> Reading:
    """Read a cell's files.

    Raises:
        UserError: one of them is broken; the message names it.
    """
    counts = _json(cell, "data/counts.json") if cell.has("data") else None
    in_force = _json(cell, "provenance.json")
    if in_force is not None:
        in_force.pop("asked", None)  # `spec.json` says it too
    tables: list[Table] = []
    checksums: dict[str, str] = {}
    versions: dict[str, int] = {}
    told = _json(cell, METRICS, lambda metrics: only(metrics, _is_shown)) or {"measures": []}
    try:
        for block in told["measures"]:
            stage = STAGE_OF.get(block["measure"])
            if stage is None or not cell.has(stage):
                continue
            checksums |= {name: sum_ for name, sum_ in block["inputs"].items() if name.startswith(stage)}
            if block.get("params", {}).get("threshold", THRESHOLD) == THRESHOLD and block["values"]:
                tables.append(_table(block))
                versions[block["measure"]] = block["version"]
        truth = counts["test"] if counts else None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{cell.folder / METRICS} is not of schema {SCHEMA} ({error!r})") from None
    return Reading(tables, truth, in_force, versions, checksums)


def _json(cell: Cell, name: str, part: Callable[[bytes], bytes] = bytes) -> dict[str, Any] | None:
    path = cell.folder / name
    try:
        # Faster than the standard library's: thousands of files of a hundred kilobytes are read.
        found: dict[str, Any] = from_json(part(path.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error})") from None
    return found


def _is_shown(block: str) -> bool:
    measure = block.partition('"')[0]
    return measure in STAGE_OF and (measure != "drift" or f'"threshold":{THRESHOLD}' in block)


def _table(block: dict[str, Any]) -> Table:
    params, values = block.get("params", {}), block["values"]
    told = {key: params[key] for key in _TOLD if key in params}
    shared = sorted(item for item in params.items() if item[0] not in _NOT_SHARED)
    placebo = values[0].get("by", {}).get("term") == "placebo"  # then all of the block's are
    names, by = _names(block["measure"], told, [value.get("by") for value in values])
    numbers = np.array([value["value"] for value in values], dtype=np.float64)
    low, high = (np.array([value.get(end) for value in values], dtype=np.float64) for end in ("low", "high"))
    return Table(
        measure=PLACEBO if placebo else block["measure"],
        params=names,
        by=by,
        unit=block["unit"],
        made_by=f"{block['version']} {shared}",
        interval=block.get("interval") or "",
        values=np.abs(numbers) if placebo else numbers,
        halves=np.full(len(values), np.nan) if placebo else (high - low) / 2,
        reason=next((value["reason"] for value in values if value["value"] is None), ""),
    )


_By = list[dict[str, str] | None]
_LAST: dict[tuple[object, ...], tuple[_By, str, str]] = {}  # of each kind of block


def _names(measure: str, params: dict[str, Any], by: _By) -> tuple[str, str]:
    """Return JSON of parameters, and of what values are of; for time's sake written once for all cells of a task."""
    kind = (measure, *params.items())
    known = _LAST.get(kind)
    if known is None or known[0] != by:
        plain = [{key: name for key, name in (one or {}).items() if key != "term"} for one in by]
        known = _LAST[kind] = (by, _dumped(params), _dumped(plain))
    return known[1:]


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
