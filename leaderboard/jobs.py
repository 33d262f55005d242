"""What can be measured on a cell now: jobs that name their measures and inputs before any of it is computed.

A job whose blocks (measure, version, parameters, checksums of inputs) already stand in ``metrics.json`` is not run
again. So probes, the costly part, are kept when only the reference for the drift has changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard import artifacts
from leaderboard.intervals import BOOTSTRAP, PROBE_BOOTSTRAP, bootstrap_sums, normal
from leaderboard.measures import accuracy, leakage, macro_f1, mutual_information, online_coding, prediction_share
from leaderboard.measures import skew_uptake as skewing
from leaderboard.measures.base import Measure
from leaderboard.measures.counts import cell_index, count_table, ratio
from leaderboard.measures.probing import shuffled, subset
from leaderboard.schema import Block, Spec, Value
from leaderboard.store import Cell, Results
from polyskew.files import checksums

PREDICTIONS = "predict/predictions.parquet"
ATTRIBUTIONS = "attributions/attributions.parquet"
PROBE_SEED = 0
PROBE_ROWS = 6000
"""At most this many texts for the probes ``default`` and ``online``, as many as the paper's six times 1,000 articles.
The probe ``paper`` takes all: its penalty is relative to the number of texts."""


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
    from leaderboard.drift_job import drift_job

    if cell.has("predict"):
        yield _prediction_job(cell)
        reference = results.reference(cell)
        if reference is not None and reference.has("predict"):
            yield _difference_job(cell, reference)
    if cell.has("features"):
        yield from _probe_jobs(cell)
    if cell.has("attributions"):
        job = drift_job(results, cell)
        if job:
            yield job


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
    reason: str = "it cannot be computed from these rows",
) -> Value:
    """Return a value for a block, rounded to nine significant digits; NaN or None becomes null with the reason."""
    result: Value = {"by": by} if by else {}
    if number is None or not np.isfinite(number):
        result["value"], result["reason"] = None, reason
        return result
    result["value"] = _short(number)
    if interval is not None:
        result["low"], result["high"] = _short(interval[0]), _short(interval[1])
    return result


def inputs_of(cell: Cell, path: str, *, foreign: bool = False) -> dict[str, str]:
    """Return a file's recorded checksum under its name; ``foreign`` puts the cell's id before it."""
    stage, _, name = path.partition("/")
    return {f"{cell.spec.id}/{path}" if foreign else path: checksums(cell.folder / stage)[name]}


def skews(spec: Spec) -> dict[str, NDArray[np.float64]]:
    """Return d[l, c] of each skewed regime that the cell is set against, by name."""
    return {name: np.array(matrix, dtype=np.float64) for name, matrix in sorted((spec.skew or {}).items())}


def no_skew(spec: Spec) -> str:
    """Return the reason why a cell has no uptake."""
    if spec.is_reference or spec.regime == "balanced":
        return "the grid has no skewed regime to set this cell against"
    return f"the regime {spec.regime!r} has no skew"


def _prediction_job(cell: Cell) -> Job:
    spec = cell.spec
    inputs = inputs_of(cell, PREDICTIONS)
    against = {"skew": sorted(spec.skew or {})}
    path = cell.folder / PREDICTIONS
    languages, classes = len(spec.languages), len(spec.labels)

    def compute() -> list[list[Value]]:
        rows = artifacts.read_predictions(path, classes)
        language = rows.language_index(spec.languages, path)
        counts = count_table(language, rows.label, rows.predicted, languages, classes)
        index = cell_index(language, rows.label, rows.predicted, classes)
        one_hot = np.zeros((len(index), counts.size))
        one_hot[np.arange(len(index)), index] = 1.0
        replicates = bootstrap_sums(one_hot, rows.group).reshape(-1, *counts.shape)

        def whole_and_languages(measure: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> list[Value]:
            found = [_with_interval(measure, counts.sum(axis=0), replicates.sum(axis=1))]
            for number, name in enumerate(spec.languages):
                found.append(_with_interval(measure, counts[number], replicates[:, number], {"language": name}))
            return found

        shares = prediction_share.prediction_shares(counts)
        share_values = [
            value(shares[row, column], {"language": name, "label": label}, reason="the language has no test row")
            for row, name in enumerate(spec.languages)
            for column, label in enumerate(spec.labels)
        ]
        uptakes = []
        for name, skew in skews(spec).items():
            uptakes.append(
                _with_interval(
                    lambda table, skew=skew: skewing.skew_uptake(  # type: ignore[misc]
                        skew, prediction_share.prediction_shares(table), prediction_share.true_shares(table)
                    ),
                    counts,
                    replicates,
                    {"skew": name},
                )
            )
        information = _with_interval(mutual_information.mutual_information, counts, replicates)
        return [
            whole_and_languages(accuracy.accuracy),
            whole_and_languages(macro_f1.macro_f1),
            share_values,
            uptakes or [value(None, reason=no_skew(spec))],
            [information],
        ]

    blocks = [
        block(accuracy.MEASURE, {}, inputs, BOOTSTRAP),
        block(macro_f1.MEASURE, {}, inputs, BOOTSTRAP),
        block(prediction_share.MEASURE, {}, inputs),
        block(skewing.MEASURE, against, inputs, BOOTSTRAP),
        block(mutual_information.MEASURE, {"correction": "Miller-Madow"}, inputs, BOOTSTRAP),
    ]
    return Job(blocks, compute)


def _difference_job(cell: Cell, reference: Cell) -> Job:
    classes = len(cell.spec.labels)
    inputs = inputs_of(cell, PREDICTIONS) | inputs_of(reference, PREDICTIONS, foreign=True)

    def compute() -> list[list[Value]]:
        if reference.spec.id == cell.spec.id:
            return [[value(None, reason="this is the reference cell")]]
        rows = artifacts.read_predictions(cell.folder / PREDICTIONS, classes)
        others = artifacts.read_predictions(reference.folder / PREDICTIONS, classes)
        place = {key: row for row, key in enumerate(others.keys())}
        if place.keys() != set(rows.keys()):
            return [[value(None, reason="the reference cell was tested on other rows")]]
        order = np.array([place[key] for key in rows.keys()])  # noqa: SIM118 - a method of Rows, not of a dict
        gain = (rows.predicted == rows.label).astype(float) - (others.predicted == others.label)[order]
        sums = bootstrap_sums(np.stack([gain, np.ones(len(gain))], axis=1), rows.group)
        mean = float(gain.mean())
        return [[value(mean, interval=normal(mean, ratio(sums[:, 0], sums[:, 1])))]]

    method = BOOTSTRAP.replace("normal,", "normal, paired by row,")
    return Job([block(accuracy.DIFFERENCE, {"reference": reference.spec.id}, inputs, method)], compute)


def _probe_jobs(cell: Cell) -> Iterator[Job]:
    recorded = checksums(cell.folder / "features")
    for corpus in ("test", "probe"):
        table, vectors = f"{corpus}.parquet", f"{corpus}.safetensors"
        if table in recorded and vectors in recorded:
            inputs = {f"features/{name}": recorded[name] for name in (table, vectors)}
            for name in artifacts.feature_names(cell.folder / "features" / vectors):
                yield _probe_job(cell.folder / "features", corpus, name, inputs)


def _probe_job(folder: Path, corpus: str, name: str, inputs: dict[str, str]) -> Job:
    common: dict[str, Any] = {"corpus": corpus, "vectors": name, "seed": PROBE_SEED}
    blocks = [
        block(
            leakage.MEASURE,
            {"probe": probe, "C": c, "folds": leakage.FOLDS, **common}
            | ({} if probe == "paper" else {"rows": PROBE_ROWS}),
            inputs,
            PROBE_BOOTSTRAP,
        )
        for probe, c in leakage.PROBES.items()
    ]
    for measure in (online_coding.COMPRESSION, online_coding.BITS):
        blocks.append(block(measure, {"probe": "online", "rows": PROBE_ROWS, **common}, inputs, PROBE_BOOTSTRAP))

    def compute() -> list[list[Value]]:
        rows = artifacts.read_feature_rows(folder / f"{corpus}.parquet")
        features = artifacts.read_features(folder / f"{corpus}.safetensors", name, len(rows.id))
        names, language = np.unique(rows.language.astype(str), return_inverse=True)
        if len(names) < 2:
            return [[value(None, reason="there is only one language")] for _ in blocks]
        return probes(features, language, rows.group, len(names))

    return Job(blocks, compute)


def probes(
    features: NDArray[np.float32], language: NDArray[np.int64], groups: NDArray[Any], languages: int
) -> list[list[Value]]:
    """Run all language probes on one set of vectors.

    The control with shuffled languages is run for ``paper`` and ``online``; ``default`` has the same folds as
    ``paper``, and its control would cost as much as all the rest.

    Args:
        features: ``[N, H]``.
        language: ``[N]`` class indices.
        groups: ``[N]``.
        languages: number of classes K.

    Returns:
        The values of leakage (``paper``), leakage (``default``), compression and bits_per_text.
    """
    from threadpoolctl import threadpool_limits

    few = subset(groups, PROBE_ROWS, PROBE_SEED)
    # One thread: workers share the machine, and on problems this small more threads mostly wait for each other.
    with threadpool_limits(limits=1):
        return [
            _logistic(features, language, groups, leakage.PROBES["paper"], control=True),
            _logistic(features[few], language[few], groups[few], leakage.PROBES["default"], control=False),
            *_online(features[few], language[few], groups[few], languages),
        ]


def _logistic(
    features: NDArray[np.float32], language: NDArray[np.int64], groups: NDArray[Any], c: float, *, control: bool
) -> list[Value]:
    try:
        hits = leakage.probe_hits(features, language, groups, c=c, seed=PROBE_SEED)
    except ValueError as error:
        return [value(None, reason=f"too few texts for {leakage.FOLDS} folds ({error})")]
    sums = bootstrap_sums(np.stack([hits, np.ones(len(hits))], axis=1), groups)
    values = [
        value(hits.mean(), interval=normal(hits.mean(), ratio(sums[:, 0], sums[:, 1]))),
        value(leakage.chance(language), {"control": "majority"}),
    ]
    if control:
        mixed = leakage.probe_hits(features, shuffled(language, PROBE_SEED), groups, c=c, seed=PROBE_SEED)
        values.append(value(mixed.mean(), {"control": "shuffled"}))
    return values


def _online(
    features: NDArray[np.float32], language: NDArray[np.int64], groups: NDArray[Any], classes: int
) -> list[list[Value]]:
    bits = online_coding.online_bits(features, language, groups, classes=classes, seed=PROBE_SEED)
    control = online_coding.online_bits(
        features, shuffled(language, PROBE_SEED), groups, classes=classes, seed=PROBE_SEED
    ).mean()
    sums = bootstrap_sums(np.stack([bits, np.ones(len(bits))], axis=1), groups)
    mean, replicates = bits.mean(), ratio(sums[:, 0], sums[:, 1])
    gain = float(online_coding.compression(mean, classes))
    return [
        [
            value(gain, interval=normal(gain, online_coding.compression(replicates, classes))),
            value(float(online_coding.compression(control, classes)), {"control": "shuffled"}),
        ],
        [
            value(mean, interval=normal(mean, replicates)),
            value(np.log2(classes), {"control": "uniform code"}),
            value(control, {"control": "shuffled"}),
        ],
    ]


def _with_interval(
    measure: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    counts: NDArray[np.float64],
    replicates: NDArray[np.float64],
    by: dict[str, str] | None = None,
) -> Value:
    number = float(measure(counts))
    return value(number, by, normal(number, measure(replicates)) if np.isfinite(number) else None)


def _short(number: float) -> float:
    return float(f"{number:.9g}")
