"""The jobs that measure a cell's predictions on the test set, alone and against its reference."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import accuracy, macro_f1, mutual_information, prediction_share
from leaderboard.measures import skew_uptake as skewing
from leaderboard.measures.counts import cell_index, count_table, ratio
from leaderboard.measuring.jobs import PREDICTIONS, Job, block, inputs_of, no_skew, skews, value
from leaderboard.reading import artifacts
from leaderboard.reading.measured import Value
from leaderboard.reading.store import Cell
from leaderboard.statistics.intervals import BOOTSTRAP, bootstrap_sums, normal


def prediction_job(cell: Cell) -> Job:
    """Return the job that measures a cell's predictions."""
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


def difference_job(cell: Cell, reference: Cell) -> Job:
    """Return the job that sets a cell's accuracy against its reference's, on the same rows."""
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


def _with_interval(
    measure: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    counts: NDArray[np.float64],
    replicates: NDArray[np.float64],
    by: dict[str, str] | None = None,
) -> Value:
    number = float(measure(counts))
    return value(number, by, normal(number, measure(replicates)) if np.isfinite(number) else None)
