"""Whether the measured numbers are those of the artifacts: all are computed again and compared, one by one."""

import json
from collections.abc import Iterable, Iterator

from leaderboard.measuring.jobs import Job, jobs
from leaderboard.measuring.plugin_jobs import plugin_jobs
from leaderboard.reading.measured import Block, Value
from leaderboard.reading.schema import SCHEMA
from leaderboard.reading.store import METRICS, Cell, Results
from leaderboard.verification.files import is_inside
from leaderboard.verification.findings import Findings
from leaderboard.verification.plugged import lacking
from polyskew.errors import DataError

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""By how much a number may differ from the recorded one, which has nine significant digits. On the linear algebra
kernels of other processors all digits came out the same."""
_SOURCE = {"package", "version", "file", "sha256"}
_RESAMPLED = 1e-4  # the same for numbers in single resamples, which have five digits


def check_numbers(results: Results, cell: Cell, findings: Findings) -> None:
    """Compute all measures of a cell again, and compare.

    Args:
        results: the cells that this one is compared with.
        cell: its broken stages are not measured.
        findings: are added to.

    Raises:
        UserError: a file cannot be read; the message names it.
    """
    recorded = cell.metrics.measures if cell.metrics else []
    found = {_name(block): block for block in recorded}
    if len(found) < len(recorded):
        findings.fault(METRICS, "a measure stands twice with the same parameters")
    findings.needs.update(other for block in recorded for other, _ in _inputs(block) if other)
    outside = [name for block in recorded for name in block.inputs if not is_inside(name)]
    if outside:
        findings.fault(METRICS, f"names the input {outside[0]!r}, which is no path within the results")
        return
    versions: dict[str, int] = {}
    plugged = [found.pop(name) for name, block in list(found.items()) if block.plugin is not None]
    try:
        for job in jobs(results, cell):
            versions |= {block.measure: block.version for block in job.blocks}
            own = [found.pop(_name(block), None) for block in job.blocks]
            _check_job(results, cell, job, own, findings)
        _check_plugged(results, cell, plugged, findings)
    except DataError:
        absent = sorted({name for block in found.values() for name in _absent(results, cell, block)})
        if not absent:
            raise
        _not_computed(found.values(), absent, findings)
        return
    for block in found.values():
        _check_extra(results, cell, block, versions, findings)


def _check_plugged(results: Results, cell: Cell, recorded: list[Block], findings: Findings) -> None:
    """Compute again what measures of plug-ins found, with those that are here as they were."""
    here = {job.blocks[0].measure: job for job in plugin_jobs(results, cell)} if recorded else {}
    for block in recorded:
        absent = lacking("measure", block.measure, block.plugin and block.plugin.model_dump(include=_SOURCE))
        if absent:
            findings.gap(METRICS, f"{absent}, so its numbers were not computed again")
        elif job := here.get(block.measure):
            named = _name(job.blocks[0]) == _name(block) and job.blocks[0].plugin == block.plugin
            if not named:
                findings.fault(METRICS, f"{told(block)} is not as the plug-in's measure is made")
            else:
                _check_job(results, cell, job, [block], findings)
        else:
            _check_extra(results, cell, block, {}, findings)


def _check_job(results: Results, cell: Cell, job: Job, recorded: list[Block | None], findings: Findings) -> None:
    """Compare what is recorded with the blocks of one job, and if that can be done with their values."""
    alike: dict[int, Block] = {}
    for place, (block, old) in enumerate(zip(job.blocks, recorded, strict=True)):
        if old is None:
            findings.gap(METRICS, f"{block.measure} is not recorded in full, though the files for it are here")
        elif old.version != block.version:
            versions = f"version {old.version}; this polyskew computes version {block.version}"
            findings.gap(METRICS, f"{block.measure} was measured by {versions}")
        elif old.inputs != block.inputs:
            changed = min(name for name, _ in old.inputs.items() ^ block.inputs.items())
            findings.fault(METRICS, f"{told(block)} was measured on another {changed} than the one that is here")
        elif old.unit != block.unit:
            findings.fault(METRICS, f"{told(block)} is recorded in the unit {old.unit!r}; it is {block.unit!r}")
        else:
            alike[place] = old
            if old.interval != block.interval:
                findings.fault(METRICS, f"{told(block)}: its interval is recorded as {old.interval!r}")
    absent = {name for block in alike.values() for name in _absent(results, cell, block)}
    if not alike or any(stage in findings.broken for block in alike.values() for stage in _stages(block)):
        return
    if absent:
        _not_computed(alike.values(), sorted(absent), findings)
        return
    values = job.compute()
    for place, old in alike.items():
        _check_values(old, values[place], findings)


def _not_computed(blocks: Iterable[Block], absent: list[str], findings: Findings) -> None:
    measures = ", ".join(sorted({block.measure for block in blocks}))
    findings.gap(METRICS, f"{measures}: not computed again, as {', '.join(absent)} is not here")


def _check_values(recorded: Block, computed: list[Value], findings: Findings) -> None:
    name = told(recorded)
    if not all(isinstance(value, dict) and "value" in value for value in recorded.values):
        findings.fault(METRICS, f"a value of {name} is not of schema {SCHEMA}")
        return
    old = {_by(value): value for value in recorded.values}
    new = {_by(value): value for value in computed}
    if len(old) < len(recorded.values):
        findings.fault(METRICS, f"{name} has a value twice")
    for by in sorted(new.keys() - old.keys()):
        findings.fault(METRICS, f"{name} lacks the value of {by}")
    for by in sorted(old.keys() - new.keys()):
        findings.fault(METRICS, f"{name} has a value of {by}, of which there is none")
    for by in new.keys() & old.keys():
        if wrong := _differing(old[by], new[by], findings):
            findings.fault(METRICS, f"{name}{f' of {by}' if by != '{}' else ''}: {wrong}")
        else:
            findings.recomputed[recorded.measure] = findings.recomputed.get(recorded.measure, 0) + 1


def _differing(old: Value, new: Value, findings: Findings) -> str:
    """Say how a recorded value differs from the one that was computed; empty if it does not."""
    one, other = dict(old), dict(new)
    for key in ("value", "low", "high"):
        if not _close(one.get(key), other.get(key), RELATIVE, findings):
            name = "" if key == "value" else f"{key} "
            return f"{name}recorded {_written(one.get(key))}, computed {_written(other.get(key))}"
    if old.keys() != new.keys():
        return f"recorded with {', '.join(sorted(old))}, computed with {', '.join(sorted(new))}"
    if old.get("reason") != new.get("reason"):
        return f"the reason is recorded as {old.get('reason')!r}, and is {new.get('reason')!r}"
    mine, theirs = old.get("resampled", []), new.get("resampled", [])
    if len(mine) != len(theirs) or not all(_close(a, b, _RESAMPLED, None) for a, b in zip(mine, theirs, strict=True)):
        return "the numbers of its resamples are others"
    return ""


def _close(old: object, new: object, relative: float, findings: Findings | None) -> bool:
    if old is None or new is None:
        return old is new
    if isinstance(old, bool) or not isinstance(old, int | float) or not isinstance(new, int | float):
        return False
    size = max(abs(old), abs(new))
    if abs(old - new) > max(relative * size, ABSOLUTE):
        return False
    if findings is not None and size > ABSOLUTE:
        findings.deviation = max(findings.deviation, abs(old - new) / size)
    return True


def _check_extra(results: Results, cell: Cell, block: Block, versions: dict[str, int], findings: Findings) -> None:
    """Say why a recorded block is none of those that can be measured now."""
    stages = _stages(block)
    if any(stage in findings.broken for stage in stages):
        return
    absent = sorted(_absent(results, cell, block))
    if absent or not all(cell.has(stage) for stage in stages):
        missing = ", ".join(absent) or " and ".join(sorted(stages))
        findings.gap(METRICS, f"{block.measure}: not computed again, as {missing} is not here as it is asked for")
    elif versions.get(block.measure) == block.version:
        findings.fault(METRICS, f"{told(block)} is not measured with these parameters on the cells that are here")
    else:
        findings.gap(METRICS, f"{block.measure} of version {block.version} is not known to this polyskew")


def told(block: Block) -> str:
    """Return a measure with its parameters, as people read it."""
    return " ".join([block.measure, *(f"{key}={value}" for key, value in sorted(block.params.items()))])


def _name(block: Block) -> str:
    return json.dumps([block.measure, block.params], sort_keys=True)


def _by(value: Value) -> str:
    return json.dumps(value.get("by", {}), sort_keys=True, ensure_ascii=False)


def _inputs(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the cell, empty for the block's own, and the path of each file that a block was measured on."""
    for name in block.inputs:
        first, _, rest = name.partition("/")
        yield (first, rest) if "/" in rest else ("", name)


def _stages(block: Block) -> set[str]:
    """Return the stages of its own cell that a block is measured on."""
    return {path.partition("/")[0] for other, path in _inputs(block) if not other}


def _absent(results: Results, cell: Cell, block: Block) -> Iterable[str]:
    """Yield the files of a block that are not here."""
    for other, path in _inputs(block):
        home = results.cells.get(other) if other else cell
        if home is None or not (home.folder / path).is_file():
            yield f"{other}/{path}" if other else path


def _written(number: object) -> str:
    return "nothing" if number is None else f"{number:.9g}" if isinstance(number, int | float) else repr(number)
