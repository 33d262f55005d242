"""What a measure promises: a number within its bounds, the same for the same rows in whatever order."""

import math
from typing import Any

import numpy as np

from benchmark.contracts.promises import BrokenError
from leaderboard.measures import METRICS, CellMeasure
from leaderboard.measures.samples import ExplainedTexts, FeatureVectors, PredictedRows, Sample
from leaderboard.measuring.plugin_jobs import numbers
from polyskew.errors import UserError

_ROWS, _LANGUAGES, _LABELS = 60, ("de", "fr", "zh"), ("bad", "fair", "good")


def a_number_comes_out(measure: CellMeasure) -> str:
    """It returns a number, or a number for each language by its name."""
    values = _values(measure, sample(measure.needs))
    if all(math.isnan(value) for value in values.values()):
        raise BrokenError(f"for {_ROWS} ordinary texts it returns NaN, a missing number")
    return (
        ", ".join(f"{name} {value:.4g}".strip() for name, value in values.items())
        + f" ({measure.unit}) for made-up texts"
    )


def values_are_within_bounds(measure: CellMeasure) -> None:
    """Values are within its bounds."""
    for seed in range(5):
        for value in _values(measure, sample(measure.needs, seed)).values():
            low = -math.inf if measure.low is None else measure.low
            high = math.inf if measure.high is None else measure.high
            if not math.isnan(value) and not low <= value <= high:
                raise BrokenError(f"it returns {value:.6g}, which is not within {measure.low} and {measure.high}")


def the_same_rows_measure_the_same(measure: CellMeasure) -> None:
    """The same rows have the same value, and are not changed."""
    rows = sample(measure.needs)
    before = {name: np.copy(array) for name, array in vars(rows).items() if isinstance(array, np.ndarray)}
    first, second = _values(measure, rows), _values(measure, rows)
    for name, one in first.items():
        two = second.get(name, math.nan)
        if not np.array_equal(one, two, equal_nan=True):
            raise BrokenError(
                f"{name or 'it'} is {one:.6g}, then {two:.6g}; draw random numbers from a seeded generator"
            )
    for name, array in before.items():
        if not np.array_equal(getattr(rows, name), array):
            raise BrokenError(f"rows.{name} is changed in place; work on a copy")


def order_does_not_matter(measure: CellMeasure) -> None:
    """The order of the rows does not matter."""
    rows = sample(measure.needs)
    other = rows.take(np.random.default_rng(1).permutation(_ROWS))
    mixed = _values(measure, other)
    for name, one in _values(measure, rows).items():
        two = mixed[name]
        if not np.isclose(one, two, rtol=1e-6, atol=1e-9, equal_nan=True):
            raise BrokenError(f"{name or 'it'} is {one:.6g}, and {two:.6g} for the same rows in another order")


def degenerate_rows_are_survived(measure: CellMeasure) -> None:
    """Where a language or label is missing, or there is one text, it gives a number or NaN."""
    rows = sample(measure.needs)
    chosen = {"texts of one language": rows.language == 0, "a single text": np.arange(_ROWS) == 0}
    if rows.label is not None:
        chosen["texts of one label"] = rows.label == 0
    for said, kept in chosen.items():
        try:
            values = _values(measure, rows.take(np.flatnonzero(kept)))
        except (ArithmeticError, IndexError, ValueError) as error:
            raise BrokenError(f"with {said} it fails: {error}; return math.nan where there is no number") from None
        if any(math.isinf(value) for value in values.values()):
            raise BrokenError(f"with {said} it is infinite; return math.nan where there is no number")


PROMISES = (
    a_number_comes_out,
    values_are_within_bounds,
    the_same_rows_measure_the_same,
    order_does_not_matter,
    degenerate_rows_are_survived,
)


def subject(name: str) -> CellMeasure:
    """Return a measure of a plug-in.

    Raises:
        UserError: there is no such measure, or it is the suite's own.
    """
    measure = METRICS.get(name)
    if not isinstance(measure, CellMeasure):
        raise UserError(f"the measure {name!r} is the suite's own, which its tests check; name one of a plug-in")
    return measure


def sample(needs: str, seed: int = 0) -> Any:
    """Return made-up texts of three languages and labels, with what a measure needs of them."""
    drawn = np.random.default_rng(seed)
    label = np.arange(_ROWS) % len(_LABELS)
    common: dict[str, Any] = {
        "language": np.arange(_ROWS) // 2 % len(_LANGUAGES),
        "group": np.arange(_ROWS) // 2,
        "languages": _LANGUAGES,
        "labels": _LABELS,
        "shares": np.full((3, 3), 1 / 3),
        "skew": {"imbalanced": np.array([[-1, 0, 1], [1, 0, -1], [0, 0, 0]]) / 6},
    }
    if needs == "predict":
        logits = drawn.normal(size=(_ROWS, 3)) + 1.5 * (label[:, None] == np.arange(3))
        return PredictedRows(**common, label=label, logits=logits.astype(np.float32))
    if needs in ("features", "probe"):
        vectors = drawn.normal(size=(_ROWS, 8)).astype(np.float32)
        return FeatureVectors(**common, label=label if needs == "features" else None, vectors=vectors)
    lengths = drawn.integers(1, 9, _ROWS)
    values = drawn.normal(scale=0.05, size=(int(lengths.sum()), 3))
    return ExplainedTexts(
        **common,
        label=label,
        base=np.full((_ROWS, 3), 1 / 3),
        text=np.repeat(np.arange(_ROWS), lengths),
        token_ids=drawn.integers(5, 50, int(lengths.sum())),
        values=values,
        reference=values + drawn.normal(scale=0.01, size=values.shape),
    )


def _values(measure: CellMeasure, rows: Sample) -> dict[str, float]:
    """The numbers by language and, under the empty name, that of all, as they are recorded."""
    found = numbers(measure.compute(rows), rows.languages)
    if isinstance(found, str):
        raise BrokenError(found)
    return found
