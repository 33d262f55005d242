"""What several cells of a folder must have in common: test rows, drawn rows, groups, skews, terms of use."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

from leaderboard.measuring.jobs import ATTRIBUTIONS
from leaderboard.reading.schema import Spec
from leaderboard.reading.store import SPEC, Cell
from leaderboard.verification.findings import Findings

Told = tuple[object, object, str]
"""What cells have in common, what follows from it, and the id of the cell that says so."""


def check_across(cells: Collection[Cell], findings: dict[str, Findings]) -> None:
    """Compare cells with each other. Where two sides are as many, both are told.

    Args:
        cells: those whose specs can be read.
        findings: by cell, with the prints of their rows; are added to.
    """
    rows: dict[str, list[Told]] = {name: [] for name in ("test rows", "drawn rows", "probe texts", "explained texts")}
    groups: list[Told] = []
    kinds: list[Told] = []
    skews: list[Told] = []
    for cell in cells:
        spec = cell.spec
        shared = {
            "test rows": _task(spec),
            "drawn rows": [spec.canonical.get("task"), spec.regime, spec.seed],
            "probe texts": [spec.languages, spec.asked.get("features")],
            "explained texts": [_task(spec), spec.asked.get("attributions")],
        }
        for kind in rows.keys() & findings[spec.id].prints.keys():
            rows[kind].append((shared[kind], findings[spec.id].prints[kind], spec.id))
        groups.append((_alike(spec), spec.group, spec.id))
        kinds.append((spec.group, _alike(spec), spec.id))
        skews += [([_task(spec), regime], matrix, spec.id) for regime, matrix in (spec.skew or {}).items()]
    for name in _odd(rows["test rows"]):
        findings[name].fault("", "its test rows are not those of the task's other cells")
    for name in _odd(rows["drawn rows"]):
        findings[name].fault("data/rows.parquet", "the rows are not those of other cells of this regime and seed")
    for name in _odd(rows["probe texts"]):
        findings[name].fault("features/probe.parquet", "the texts are not those of other cells")
    for name in _odd(rows["explained texts"]):
        findings[name].fault(ATTRIBUTIONS, "the explained texts are not those of other cells of the task")
    closed = {_form(_task(cell.spec)) for cell in cells if not cell.spec.redistribute}
    for cell in cells:
        if cell.spec.redistribute and _form(_task(cell.spec)) in closed:
            text = "the task's texts may be passed on, it says; by other cells they may not"
            findings[cell.spec.id].fault(SPEC, text)
    for name in _odd(groups):
        findings[name].fault(SPEC, "the group is not that of the cells that were made alike")
    for name in _odd(kinds):
        findings[name].fault(SPEC, "the group is that of cells that were made otherwise")
    for name in _odd(skews):
        findings[name].fault(SPEC, "a skew is not that of other cells of the task")


def _odd(told: list[Told]) -> list[str]:
    """Return the cells that say something else than most of those with which they should agree."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for shared, follows, name in told:
        said[_form(shared)][_form(follows)].append(name)
    odd = []
    for sides in said.values():
        counts = Counter({side: len(names) for side, names in sides.items()})
        (first, most), *others = counts.most_common()
        if others:
            tied = others[0][1] == most
            odd += [name for side, names in sides.items() if tied or side != first for name in names]
    return sorted(set(odd))


def _task(spec: Spec) -> dict[str, Any]:
    """Return what decides a cell's test rows: its task without the ratios of its regime."""
    task = spec.canonical.get("task")
    return {key: value for key, value in task.items() if key != "regimes"} if isinstance(task, dict) else {}


def _alike(spec: Spec) -> object:
    """Return all that cells must share to be averaged over seeds or compared."""
    form = {key: value for key, value in spec.canonical.items() if key not in ("regime", "weighting", "seed", "task")}
    asked = {stage: dict(wanted) for stage, wanted in spec.asked.items()}
    if isinstance(settings := asked.get("features", {}).get("settings"), dict):
        asked["features"]["settings"] = {key: value for key, value in settings.items() if key != "probe_layers"}
    return [form, _task(spec), asked]


def _form(value: object) -> str:
    return json.dumps(value, sort_keys=True)
