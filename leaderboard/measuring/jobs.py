"""What can be measured on a cell now: jobs that name their measures and inputs before any of it is computed.

A job whose blocks (measure, version, parameters, checksums of inputs) already stand in ``metrics.json`` is not run
again. So probes, the costly part, are kept when only the reference for the drift has changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure
from leaderboard.reading.measured import Block, Value
from leaderboard.reading.schema import Spec
from leaderboard.reading.store import Cell, Results
from leaderboard.statistics.intervals import KEPT
from polyskew.errors import UserError
from polyskew.files import MANIFEST, checksums

PREDICTIONS = "predict/predictions.parquet"
ATTRIBUTIONS = "attributions/attributions.parquet"
MISSING = "it cannot be computed from these rows"


@dataclass(frozen=True)
class Job:
    """Blocks that are computed together.

    Attributes:
        blocks: the blocks without values.
        compute: returns the values of each block, in order.
    """

    blocks: list[Block]
    compute: Callable[[], list[list[Value]]]


def jobs(results: Results, cell: Cell) -> Iterator[Job]:
    """Yield what can be measured on a cell with the stages that are finished."""
    from leaderboard.measuring.drift_job import drift_job
    from leaderboard.measuring.prediction_job import difference_job, prediction_job
    from leaderboard.probes.jobs import probe_jobs

    if cell.has("predict"):
        yield prediction_job(cell)
        reference = results.reference(cell)
        if reference is not None and reference.has("predict"):
            yield difference_job(cell, reference)
    if cell.has("features"):
        yield from probe_jobs(cell)
    if cell.has("attributions"):
        job = drift_job(results, cell)
        if job:
            yield job


def on_one_thread(job: Job) -> Job:
    """Return the job on one thread: workers share the machine, and on problems this small more threads mostly wait."""

    def compute() -> list[list[Value]]:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return job.compute()

    return replace(job, compute=compute)


def block(measure: Measure, params: dict[str, Any], inputs: dict[str, str], interval: str | None = None) -> Block:
    """Return a block without values."""
    return Block(
        measure=measure.name,
        version=measure.version,
        unit=measure.unit,
        params=params,
        inputs=inputs,
        interval=interval,
        values=[],
    )


def value(
    number: float | None,
    by: dict[str, str] | None = None,
    interval: tuple[float, float] | None = None,
    reason: str = MISSING,
    resampled: NDArray[np.float64] | None = None,
) -> Value:
    """Return a value for a block, rounded to nine significant digits; NaN or None becomes null with the reason.

    Of ``resampled``, the number in each resample, the first `KEPT` are kept, where none of all is missing.
    """
    result: Value = {"by": by} if by else {}
    if number is None or not np.isfinite(number):
        result["value"], result["reason"] = None, reason
        return result
    result["value"] = _short(number)
    if interval is not None:
        result["low"], result["high"] = _short(interval[0]), _short(interval[1])
    if resampled is not None and np.isfinite(resampled).all():
        result["resampled"] = [float(f"{one:.5g}") for one in resampled[:KEPT]]
    return result


def inputs_of(cell: Cell, path: str, *, foreign: bool = False) -> dict[str, str]:
    """Return a file's recorded checksum under its name; ``foreign`` puts the cell's id before it."""
    stage, _, name = path.partition("/")
    recorded = checksums(cell.folder / stage)
    if name not in recorded:
        raise UserError(f"{cell.folder / stage / MANIFEST} does not list {name}")
    return {f"{cell.spec.id}/{path}" if foreign else path: recorded[name]}


def skews(spec: Spec) -> dict[str, NDArray[np.float64]]:
    """Return d[l, c] of each skewed regime that the cell is set against, by name; one that is all 0 is none."""
    found = {name: np.array(matrix, dtype=np.float64) for name, matrix in sorted((spec.skew or {}).items())}
    return {name: matrix for name, matrix in found.items() if matrix.any()}


def no_skew(spec: Spec) -> str:
    """Return the reason why a cell has no uptake."""
    if spec.is_reference or spec.regime == "balanced":
        return "the grid has no skewed regime to set this cell against"
    if spec.regime in (spec.skew or {}):  # all 0; of regimes with ratios, such skews are not recorded
        return "language and label of the training rows are not told apart from independent (chi-squared test, 1%)"
    return f"the regime {spec.regime!r} has no skew"


def _short(number: float) -> float:
    return float(f"{number:.9g}")
