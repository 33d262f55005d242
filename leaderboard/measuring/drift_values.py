"""The values of the drift measures' blocks.

Each takes a comparison with the reference, or the sentence that says why there is none.
"""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import drift, neutral
from leaderboard.measures.permutation_share import permutation_share
from leaderboard.measures.set_share import set_shares
from leaderboard.measuring.comparing import Compared, Drifts, Texts
from leaderboard.measuring.jobs import no_skew, skews, value
from leaderboard.reading.measured import Value
from leaderboard.reading.schema import Spec
from leaderboard.statistics.intervals import normal

NEUTRAL = drift.SETS.index("neutral")
PLACEBO = {"term": "placebo"}
EMPTY = "for some language and label no explained text has a token of this set"
FEW = (
    "too few texts to tell the variance over them: some resample lacks a language, or a token of this set for some "
    "language and label"
)


def drift_values(spec: Spec, found: Drifts | str, term: dict[str, str]) -> list[Value]:
    """Return D[l, c, set] by language, label and set; ``term`` says if it is the placebo's."""
    if isinstance(found, str):
        return [value(None, term, reason=found)]
    return [
        value(
            found.table[row, column, place],
            {"language": name, "label": label, "set": kind, **term},
            normal(found.table[row, column, place], found.replicates[:, row, column, place]),
            EMPTY,
        )
        for row, name in enumerate(spec.languages)
        for column, label in enumerate(spec.labels)
        for place, kind in enumerate(drift.SETS)
    ]


def base_values(spec: Spec, found: Compared | str, texts: Texts) -> list[Value]:
    """Return the differences of base values, by language and label."""
    if isinstance(found, str):
        return [value(None, reason=found)]
    shared, base = found.shared, found.base
    table = drift.base_difference(np.zeros_like(base[shared]), base[shared], texts.language[shared], texts.languages)
    replicates = texts.resampled_mean(base, np.broadcast_to(shared[:, None], base.shape))
    return [
        value(
            table[row, column],
            {"language": name, "label": label},
            normal(table[row, column], replicates[:, row, column]),
            "no explained text is shared",
        )
        for row, name in enumerate(spec.languages)
        for column, label in enumerate(spec.labels)
    ]


def neutral_drift_values(own: Drifts | str, placebo: Drifts | str) -> list[Value]:
    """Return the neutral drift less the placebo's, and the two terms."""
    chance = _neutral_drift(placebo, PLACEBO)
    if isinstance(own, str):
        return [value(None, reason=own), chance]
    term = _neutral_drift(own, {"term": "own"})
    if isinstance(placebo, str) or chance["value"] is None:
        return [value(None, reason=f"no placebo: {chance['reason']}"), term, chance]
    net = float(neutral.neutral_drift(own.table[..., NEUTRAL]) - neutral.neutral_drift(placebo.table[..., NEUTRAL]))
    spread = neutral.neutral_drift(own.replicates[..., NEUTRAL]) - neutral.neutral_drift(
        placebo.replicates[..., NEUTRAL]
    )
    return [value(net, None, normal(net, spread), EMPTY, spread), term, chance]


def neutral_uptake_values(spec: Spec, own: Drifts | str, placebo: Drifts | str) -> list[Value]:
    """Return the neutral uptake of each skewed regime, and the placebo's where there is one."""
    if isinstance(own, str):
        return [value(None, reason=own)]
    terms: list[tuple[Drifts, dict[str, str]]] = [(own, {})]
    if not isinstance(placebo, str):
        terms.append((placebo, PLACEBO))
    values = []
    for found, term in terms:
        for name, skew in skews(spec).items():
            number = float(neutral.neutral_uptake(skew, found.table[..., NEUTRAL]))
            spread = neutral.neutral_uptake(skew, found.replicates[..., NEUTRAL])
            values.append(value(number, {"skew": name, **term}, normal(number, spread), EMPTY, spread))
    return values or [value(None, reason=no_skew(spec))]


def permutation_share_values(own: Drifts | str, unstated: str) -> list[Value]:
    """Return the share of D's variance that permutations make, by set; ``unstated`` is a mode without errors."""
    if isinstance(own, str):
        return [value(None, reason=own)]
    if unstated:
        return [value(None, reason=f"values of mode {unstated!r} have no stated error")]
    shares = permutation_share(own.permutations, own.replicates.var(axis=0, ddof=1))
    values = []
    for place, name in enumerate(drift.SETS):
        part = own.permutations[..., place]
        exact = bool((part == 0).all())  # no permutations, whatever the variance over texts may be
        reason = EMPTY if np.isnan(part).any() else FEW
        values.append(value(0.0 if exact else shares[place], {"set": name}, reason=reason))
    return values


def set_share_values(spec: Spec, counts: NDArray[np.float64], texts: Texts) -> list[Value]:
    """Return the share of each set over all, by label and by language, from token counts ``[N, C, 3]``."""
    by_language = np.stack([counts[texts.language == row].sum(axis=0) for row in range(texts.languages)])
    resampled = texts.resampled(counts)
    pooled: list[tuple[dict[str, str], NDArray[np.float64], NDArray[np.float64]]]
    pooled = [({}, by_language.sum(axis=(0, 1)), resampled.sum(axis=(1, 2)))]
    for column, label in enumerate(spec.labels):
        pooled.append(({"label": label}, by_language[:, column].sum(axis=0), resampled[:, :, column].sum(axis=1)))
    for row, name in enumerate(spec.languages):
        pooled.append(({"language": name}, by_language[row].sum(axis=0), resampled[:, row].sum(axis=1)))
    values = []
    for by, tokens, replicates in pooled:
        shares, spread = set_shares(tokens), set_shares(replicates)
        for place, kind in enumerate(drift.SETS):
            interval = normal(shares[place], spread[:, place])
            values.append(value(shares[place], {**by, "set": kind}, interval, "no explained text has a token"))
    return values


def _neutral_drift(found: Drifts | str, by: dict[str, str]) -> Value:
    if isinstance(found, str):
        return value(None, by, reason=found)
    number = float(neutral.neutral_drift(found.table[..., NEUTRAL]))
    spread = neutral.neutral_drift(found.replicates[..., NEUTRAL])
    return value(number, by, normal(number, spread), EMPTY, spread)
