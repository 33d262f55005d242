"""The jobs that compute the measures of plug-ins, which may fail without taking anything else with them."""

import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from numbers import Real
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import METRICS
from leaderboard.measures.cell_measure import STAGES, CellMeasure
from leaderboard.measures.samples import Sample, ranges
from leaderboard.measuring.jobs import MISSING, Job, block, on_one_thread, value
from leaderboard.measuring.plugin_samples import Wanted, wanted
from leaderboard.reading.measured import Block, Value
from leaderboard.reading.plugin_records import MeasuredBy
from leaderboard.reading.store import Cell, Results
from leaderboard.statistics.intervals import normal, plugin_bootstrap
from polyskew.errors import warn_of_plugin
from polyskew.origin import Origin

FAILS = "the measure fails: "
"""How the reason begins where a plug-in is to blame. Its error's text is left out: results are passed on, and it may
quote the rows."""

Numbers = dict[str, float]
"""By language; under the empty name that of all."""


def cell_measures() -> list[tuple[CellMeasure, Origin]]:
    """Return the measures that users added, by name; what cannot be used is left out with one warning."""
    found = []
    for name, measure in METRICS.working():
        origin = METRICS.origin(name)
        if origin is None:
            continue
        if measure.name != name:
            warn_of_plugin(f"the measure {name!r} of {origin} is left out: it calls itself {measure.name!r}")
        elif isinstance(measure, CellMeasure):
            found.append((measure, origin))
    return sorted(found, key=lambda pair: pair[0].name)


def plugin_jobs(results: Results, cell: Cell) -> Iterator[Job]:
    """Yield what plug-ins measure on a cell with the stages that are finished."""
    for measure, origin in cell_measures():
        given = wanted(results, cell, measure.needs) if cell.has(STAGES[measure.needs]) else None
        if given is not None:
            yield on_one_thread(_job(measure, origin, given))


def failures(blocks: Iterable[Block]) -> dict[str, str]:
    """Return by measure what failed in these blocks."""
    return {
        f"the measure {block.measure!r} of {block.plugin}": str(first["reason"]).removeprefix(FAILS)
        for block in blocks
        if block.plugin is not None and block.values and (first := block.values[0]).get("reason", "").startswith(FAILS)
    }


def _job(measure: CellMeasure, origin: Origin, given: Wanted) -> Job:
    stage = STAGES[measure.needs]
    plugin = MeasuredBy.model_validate(
        {**origin.record(), "stage": stage, "better": measure.better, "summary": measure.summary}
    )
    interval = plugin_bootstrap(measure.resamples) if measure.resamples else None
    told = block(measure, given.params, given.inputs, interval).model_copy(update={"plugin": plugin})
    return Job([told], lambda: [_values(measure, given.read(), of_texts=stage == "attributions")])


def _values(measure: CellMeasure, sample: Sample, *, of_texts: bool) -> list[Value]:
    """Return the number of all texts, then those by language."""
    _protect(sample)
    found = _compute(measure, sample)
    if isinstance(found, str):
        return [value(None, reason=found)]
    drawn = _resampled(measure, sample, list(found))
    values = []
    for name, number in found.items():
        spread = drawn.get(name)
        interval = normal(number, spread) if spread is not None and np.isfinite(number) else None
        kept = spread if of_texts and not name else None
        by, reason = ({"language": name}, MISSING) if name else (None, _why_missing(found))
        values.append(value(number, by, interval, reason, kept))
    return values


def _why_missing(found: Numbers) -> str:
    """Return why there is no number of all texts: with numbers by language, those that have none."""
    without = [name for name, number in found.items() if name and not np.isfinite(number)]
    return f"{MISSING} in {', '.join(without)}" if without else MISSING


def _resampled(measure: CellMeasure, sample: Sample, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Return the numbers in each resample, ``[resamples]``; none where the measure cannot be computed on one."""
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for texts in _draws(sample.group, measure.resamples):
        found = _compute(measure, sample.take(texts))
        if isinstance(found, str):
            return {}
        for name, numbers in drawn.items():
            numbers.append(found.get(name, np.nan))
    return {name: np.array(numbers) for name, numbers in drawn.items() if numbers}


def _draws(group: NDArray[np.int64], resamples: int) -> Iterator[NDArray[np.int64]]:
    """Yield texts of groups that are drawn with replacement, whole; the draws depend on the groups alone."""
    order, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    starts = np.cumsum(sizes) - sizes
    generator = np.random.default_rng(0)
    for _ in range(resamples):
        drawn = generator.integers(len(sizes), size=len(sizes))
        yield order[ranges(starts[drawn], sizes[drawn])]


def _compute(measure: CellMeasure, sample: Sample) -> Numbers | str:
    """Return the measure's numbers, or the reason why there are none."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = numbers(measure.compute(sample), sample.languages)
    except Exception as error:
        return f"{FAILS}{type(error).__name__}{_line(measure, error)}"
    return f"{FAILS}{found}" if isinstance(found, str) else found


def numbers(found: object, languages: Sequence[str]) -> Numbers | str:
    """Return what a measure found as numbers, or what is wrong with it.

    Args:
        found: what its function returned.
        languages: the names that it may give numbers by.
    """
    if isinstance(found, Mapping):
        # One that is left out is missing, and so is the mean: over fewer languages it would be another number.
        if found and set(found) <= set(languages) and all(map(_is_number, found.values())):
            each = {name: float(found.get(name, np.nan)) for name in languages}
            return {"": float(np.mean(list(each.values()))), **each}
        return "a number for each language by its name is wanted"
    if isinstance(found, np.ndarray) and found.ndim == 0:
        found = found[()]
    if not _is_number(found):
        return f"it returns a {type(found).__name__}; a number, or one for each language, is wanted"
    return {"": float(found)}


def _is_number(found: object) -> TypeGuard[float]:
    return isinstance(found, Real) and not isinstance(found, bool)


def _line(measure: CellMeasure, error: Exception) -> str:
    """Return the line of the plug-in's own file at which it failed."""
    file = getattr(getattr(measure.compute, "__code__", None), "co_filename", "")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" in line {lines[-1]}" if lines else ""


def _protect(sample: Sample) -> None:
    """Keep a measure from changing the rows in their place, which the resamples are drawn from."""
    for own in fields(sample):
        array = getattr(sample, own.name)
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
