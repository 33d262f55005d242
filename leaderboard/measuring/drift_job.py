"""The job that measures a cell's SHAP drift against its reference, with the placebo beside it, at each threshold."""

from leaderboard.measures import drift, neutral, permutation_share, set_share
from leaderboard.measuring import drift_values as values
from leaderboard.measuring.comparing import Compared, Drifts, Texts, compare
from leaderboard.measuring.jobs import ATTRIBUTIONS, Job, block, inputs_of, value
from leaderboard.reading.artifacts import Attributions, read_attributions
from leaderboard.reading.measured import Block, Value
from leaderboard.reading.store import Cell, Results
from leaderboard.statistics.intervals import BOOTSTRAP

IS_REFERENCE = "this is the reference cell"
ON_REFERENCE = "measured on the reference cell"
NO_PLACEBO = "the balanced cell has one seed"


def drift_job(results: Results, cell: Cell) -> Job | None:
    """Return the job that measures a cell's drift, or None where there is no reference to measure it against.

    Every file is read once, and all thresholds are applied to the same values.
    """
    reference, placebo = results.reference(cell), results.placebo(cell)
    if reference is None or not reference.has("attributions"):
        return None
    spec = cell.spec
    is_reference = reference.spec.id == spec.id

    def compute() -> list[list[Value]]:
        old = _read(reference)
        language = old.language_index(spec.languages, reference.folder / ATTRIBUTIONS)
        texts = Texts(language, len(spec.languages), old.group)
        own = IS_REFERENCE if is_reference else compare(old, _read(cell))
        chance = compare(old, _read(placebo)) if placebo else NO_PLACEBO
        found = [values.base_values(spec, own, texts)]
        for threshold in drift.THRESHOLDS:
            found += _at(cell, threshold, own, chance, texts)
            if is_reference:
                counts = set_share.set_counts(old.values, old.text, len(old.id), threshold)
                found.append(values.set_share_values(spec, counts, texts))
            else:
                found.append([value(None, reason=ON_REFERENCE)])
        return found

    return Job(_blocks(cell, reference, placebo), compute)


def _blocks(cell: Cell, reference: Cell, placebo: Cell | None) -> list[Block]:
    """Return the blocks without values: base difference, then those of each threshold."""
    alone = inputs_of(cell, ATTRIBUTIONS)
    inputs = alone | inputs_of(reference, ATTRIBUTIONS, foreign=True)
    against = {"reference": reference.spec.id}
    both, with_placebo = dict(inputs), dict(against)
    if placebo is not None:
        both |= inputs_of(placebo, ATTRIBUTIONS, foreign=True)
        with_placebo["placebo"] = placebo.spec.id
    skew = {"skew": sorted(cell.spec.skew or {})}
    own = (with_placebo, both) if reference.spec.id == cell.spec.id else (against, inputs)
    blocks = [block(drift.BASE, against, inputs, BOOTSTRAP)]
    for threshold in drift.THRESHOLDS:
        at = {"threshold": threshold}
        blocks += [
            block(drift.MEASURE, {**at, **own[0]}, own[1], BOOTSTRAP),
            block(neutral.DRIFT, {**at, **with_placebo}, both, BOOTSTRAP),
            block(neutral.UPTAKE, {**at, **with_placebo, **skew}, both, BOOTSTRAP),
            block(permutation_share.MEASURE, {**at, **against}, inputs),
            block(set_share.MEASURE, at, alone, BOOTSTRAP),
        ]
    return blocks


def _at(cell: Cell, threshold: float, own: Compared | str, chance: Compared | str, texts: Texts) -> list[list[Value]]:
    """Return the values of one threshold: drift, neutral drift, neutral uptake and permutation share."""
    found, placebo = _drifts(own, threshold, texts), _drifts(chance, threshold, texts)
    # The placebo's table belongs to the reference, whose cells all share it.
    table = (placebo, values.PLACEBO) if own == IS_REFERENCE else (found, {})
    return [
        values.drift_values(cell.spec, *table),
        values.neutral_drift_values(found, placebo),
        values.neutral_uptake_values(cell.spec, found, placebo),
        values.permutation_share_values(found, "" if isinstance(own, str) else own.unstated),
    ]


def _drifts(compared: Compared | str, threshold: float, texts: Texts) -> Drifts | str:
    return compared if isinstance(compared, str) else compared.at(threshold, texts)


def _read(cell: Cell) -> Attributions:
    return read_attributions(cell.folder / ATTRIBUTIONS, len(cell.spec.labels))
