"""Drift of a cell against its reference, with the placebo beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.artifacts import Attributions, read_attributions
from leaderboard.intervals import BOOTSTRAP, bootstrap_sums, normal
from leaderboard.jobs import ATTRIBUTIONS, Job, block, inputs_of, no_skew, skews, value
from leaderboard.measures import drift, neutral
from leaderboard.measures.counts import ratio
from leaderboard.schema import Value
from leaderboard.store import Cell, Results

NEUTRAL = drift.SETS.index("neutral")
EMPTY = "for some language and label no explained text has a token of this set"
IS_REFERENCE = "this is the reference cell"


@dataclass(frozen=True)
class _Compared:
    """One model against the reference, on the reference's texts; ``present`` is False for texts it lacks.

    ``mismatch`` says why they cannot be compared; the other fields are then meaningless.
    """

    mismatch: str
    sums: NDArray[np.float64]
    present: NDArray[np.bool_]
    base: NDArray[np.float64]
    shared: NDArray[np.bool_]


def drift_job(results: Results, cell: Cell) -> Job | None:
    """Return the job that measures a cell's drift, or None where there is no reference to measure it against."""
    reference, placebo = results.reference(cell), results.placebo(cell)
    if reference is None or not reference.has("attributions"):
        return None
    spec = cell.spec
    inputs = inputs_of(cell, ATTRIBUTIONS) | inputs_of(reference, ATTRIBUTIONS, foreign=True)
    params = {"threshold": drift.THRESHOLD, "reference": reference.spec.id}
    both, with_placebo = dict(inputs), dict(params)
    if placebo is not None:
        both |= inputs_of(placebo, ATTRIBUTIONS, foreign=True)
        with_placebo["placebo"] = placebo.spec.id
    blocks = [
        block(drift.MEASURE, params, inputs),
        block(drift.BASE, params, inputs),
        block(neutral.DRIFT, with_placebo, both, BOOTSTRAP),
        block(neutral.UPTAKE, {**with_placebo, "skew": sorted(spec.skew or {})}, both, BOOTSTRAP),
    ]

    def compute() -> list[list[Value]]:
        own = _read(cell)
        old = own if reference is cell else _read(reference)
        language = old.language_index(spec.languages, reference.folder / ATTRIBUTIONS)
        chance = _compare(old, _read(placebo)) if placebo else None
        if reference.spec.id == spec.id:
            same = [value(None, reason=IS_REFERENCE)]
            return [same, same, [*same, *_placebo_drift(chance, language, len(spec.languages))], same]
        found = _compare(old, own)
        if found.mismatch:
            return [[value(None, reason=found.mismatch)] for _ in blocks]
        return _values(cell, found, chance, language, old.group)

    return Job(blocks, compute)


def _values(
    cell: Cell, found: _Compared, chance: _Compared | None, language: NDArray[np.int64], groups: NDArray[np.object_]
) -> list[list[Value]]:
    spec = cell.spec
    number = len(spec.languages)
    table = drift.drift(found.sums, found.present, language, number)
    drifts = [
        value(table[row, column, place], {"language": name, "label": label, "set": kind}, reason=EMPTY)
        for row, name in enumerate(spec.languages)
        for column, label in enumerate(spec.labels)
        for place, kind in enumerate(drift.SETS)
    ]
    base = drift.base_difference(
        np.zeros_like(found.base[found.shared]), found.base[found.shared], language[found.shared], number
    )
    bases = [
        value(base[row, column], {"language": name, "label": label}, reason="no explained text is shared")
        for row, name in enumerate(spec.languages)
        for column, label in enumerate(spec.labels)
    ]

    own_table = table[..., NEUTRAL]
    usable = chance is not None and not chance.mismatch
    compared = [found, chance] if chance is not None and usable else [found]
    replicates = _neutral_replicates(compared, language, number, groups)
    own, own_replicates = float(neutral.neutral_drift(own_table)), neutral.neutral_drift(replicates[0])
    term = value(own, {"term": "own"}, normal(own, own_replicates), EMPTY)
    if chance is None:
        reason = "no placebo: the balanced cell has one seed"
        return [drifts, bases, [value(None, reason=reason), term], _uptakes(cell, own_table, replicates[0])]
    terms = _placebo_drift(chance, language, number)
    less = terms[0]["value"]
    if less is None:
        net = value(None, reason=f"no placebo: {terms[0]['reason']}")
    else:
        spread = own_replicates - neutral.neutral_drift(replicates[1])
        net = value(own - less, None, normal(own - less, spread), EMPTY)
    uptakes = _uptakes(cell, own_table, replicates[0])
    if usable:
        placebo_table = drift.drift(chance.sums, chance.present, language, number)[..., NEUTRAL]
        for name, skew in skews(spec).items():
            uptakes.append(
                value(
                    float(neutral.neutral_uptake(skew, placebo_table)), {"skew": name, "term": "placebo"}, None, EMPTY
                )
            )
    return [drifts, bases, [net, term, *terms], uptakes]


def _uptakes(cell: Cell, table: NDArray[np.float64], replicates: NDArray[np.float64]) -> list[Value]:
    result = []
    for name, skew in skews(cell.spec).items():
        number = float(neutral.neutral_uptake(skew, table))
        interval = normal(number, neutral.neutral_uptake(skew, replicates))
        result.append(value(number, {"skew": name}, interval, EMPTY))
    return result or [value(None, reason=no_skew(cell.spec))]


def _placebo_drift(chance: _Compared | None, language: NDArray[np.int64], languages: int) -> list[Value]:
    by = {"term": "placebo"}
    if chance is None:
        return [value(None, by, reason="the balanced cell has one seed")]
    if chance.mismatch:
        return [value(None, by, reason=chance.mismatch)]
    table = drift.drift(chance.sums, chance.present, language, languages)
    return [value(float(neutral.neutral_drift(table[..., NEUTRAL])), by, None, EMPTY)]


def _neutral_replicates(
    compared: list[_Compared], language: NDArray[np.int64], languages: int, groups: NDArray[np.object_]
) -> list[NDArray[np.float64]]:
    """Return D[l, c, neutral] of each comparison in each resample of the same texts, ``[RESAMPLES, L, C]``."""
    member = (language[:, None] == np.arange(languages)).astype(np.float64)
    columns = []
    for one in compared:
        present = one.present[..., NEUTRAL]
        for part in (np.where(present, one.sums[..., NEUTRAL], 0.0), present.astype(np.float64)):
            columns.append((member[:, :, None] * part[:, None, :]).reshape(len(member), -1))
    width = columns[0].shape[1]
    sums = bootstrap_sums(np.concatenate(columns, axis=1), groups)
    parts = sums.reshape(len(sums), len(compared), 2, width)
    shape = (len(sums), languages, width // languages)
    return [ratio(parts[:, one, 0], parts[:, one, 1]).reshape(shape) for one in range(len(compared))]


def _compare(reference: Attributions, other: Attributions) -> _Compared:
    """Match texts by (language, id) and sum the differences by set, in the order of the reference's texts."""
    texts, classes = reference.base.shape
    place = {key: row for row, key in enumerate(other.keys())}
    pairs = [(row, place[key]) for row, key in enumerate(reference.keys()) if key in place]
    sums, present = np.zeros((texts, classes, 3)), np.zeros((texts, classes, 3), dtype=bool)
    base, shared = np.zeros((texts, classes)), np.zeros(texts, dtype=bool)
    if not pairs:
        return _Compared("no explained text is shared with the reference cell", sums, present, base, shared)
    for row, match in pairs:
        if reference.mode[row] != other.mode[match]:
            modes = f"{other.mode[match]!r} and {reference.mode[row]!r}"
            return _Compared(f"SHAP values were computed in different modes ({modes})", sums, present, base, shared)
        if not np.array_equal(reference.tokens(row), other.tokens(match)):
            return _Compared(
                f"the text {reference.id[row]!r} ({reference.language[row]}) has other tokens in the reference cell",
                sums,
                present,
                base,
                shared,
            )
    rows, matches = (np.array(side) for side in zip(*pairs, strict=True))
    lengths = np.diff(reference.start)[rows]
    text = np.repeat(rows, lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    old = reference.values[np.repeat(reference.start[rows], lengths) + within]
    new = other.values[np.repeat(other.start[matches], lengths) + within]
    sums, present = drift.set_sums(old, new, text, texts, drift.THRESHOLD)
    base[rows] = other.base[matches] - reference.base[rows]
    shared[rows] = True
    return _Compared("", sums, present, base, shared)


def _read(cell: Cell) -> Attributions:
    return read_attributions(cell.folder / ATTRIBUTIONS, len(cell.spec.labels))
