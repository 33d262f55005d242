"""Comparisons of rows that saw the same data in the same order: paired by seed, corrected for their number.

Two families are declared for each table (rows that were made alike but for method, regime, weighting and learning rate)
and each column that is compared: every row against its reference, and every two methods within one regime and
weighting. A method at another learning rate counts as another method there: whoever takes the best of several rates
has tried as often. Within a family the p-values are Holm-corrected, so that the chance of telling any two alike rows
apart is at most 5%.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading.column import Column
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.founds import Founds
from leaderboard.statistics.averaging import padded
from leaderboard.statistics.multiplicity import holm, letters
from leaderboard.statistics.spread import LEVEL, Spread, shared_by_texts, spread

_UPTAKE = "skew_uptake"
_ONE_SEED = "one seed: the variance between seeds is unknown"
_NO_PAIR = "no seed has both numbers, made alike"
_NO_SPREAD = "all seeds differ by exactly the same: there is no spread to test against"
_ROUNDED = 1e-8  # of a value: measures are written with nine digits
Work = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Comparison:
    """One row against another, in one measure.

    Attributes:
        difference: mean over the seeds that both have of this row's value less the other's, or None with a reason.
        low: lower end of the 95% interval of that mean, not corrected, or None.
        high: its upper end.
        p: two-sided, of the paired t test, Holm-corrected within its family; None where it is not tested.
        seeds: number of pairs.
        reason: why there is no difference, or no test.
    """

    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    seeds: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Entrant:
    """One row, as far as it is compared.

    Attributes:
        table: equal for rows that were made alike but for method, regime, weighting and learning rate.
        setting: regime and weighting.
        cells: by seed the place of the cell among the founds; identical work has the same places.
        reference: the same of its reference row; empty where this is the reference or there is none.
        uptakes: by seed the reference's uptake of this row's skew, where the reference's own is of another skew.
    """

    table: Hashable
    setting: Hashable
    cells: dict[int, int]
    reference: dict[int, int] = field(default_factory=dict)
    uptakes: dict[int, float] | None = None

    @property
    def is_its_reference(self) -> bool:
        """Whether its work is that of its reference, so that there is nothing to test."""
        return all(self.cells.get(seed) == place for seed, place in self.reference.items())


@dataclass(frozen=True)
class Outcome:
    """What came out for one row, by column: against its reference, and the letters of its group."""

    against_reference: dict[str, Comparison]
    groups: dict[str, str]


class _Compared(NamedTuple):
    """What was found in the columns that are compared.

    Attributes:
        founds: what was found in all columns.
        places: the columns that are compared, as places in them.
        columns: the same columns.
    """

    founds: Founds
    places: list[int]
    columns: list[Column]


def compare_rows(entrants: Sequence[Entrant], founds: Founds, columns: Sequence[Column] = COLUMNS) -> list[Outcome]:
    """Compare rows with their references and with each other.

    Args:
        entrants: the rows.
        founds: what was found in the cells.
        columns: the columns of ``founds``.
    """
    places = [place for place, column in enumerate(columns) if column.compared]
    compared = _Compared(founds, places, [columns[place] for place in places])
    names = [column.name for column in compared.columns]
    result = [Outcome({}, {}) for _ in entrants]
    referred = [number for number, one in enumerate(entrants) if one.reference and not one.is_its_reference]
    found, works = _differences(compared, [entrants[number] for number in referred], from_reference=True)
    corrected = _corrected(found.p, [entrants[number].table for number in referred], works)
    for number, told in zip(referred, _comparisons(found, corrected), strict=True):
        result[number].against_reference.update(zip(names, told, strict=True))
    settings = _settings(entrants)
    pairs = [pair for own in settings for pair in combinations(own, 2)]
    versus = [replace(entrants[one], reference=entrants[other].cells, uptakes=None) for one, other in pairs]
    found, works = _differences(compared, versus, from_reference=False)
    p = dict(zip(pairs, _corrected(found.p, [one.table for one in versus], works), strict=True))
    for own in settings:
        for name, groups in zip(names, _groups(own, p, entrants, compared), strict=True):
            for place, letter in zip(own, groups, strict=True):
                result[place].groups[name] = letter
    return result


def _differences(
    compared: _Compared, entrants: Sequence[Entrant], *, from_reference: bool
) -> tuple[Spread, list[Work]]:
    """Return the mean differences of rows from others, ``[J, columns]``, and what identifies the work of each pair.

    Args:
        compared: what was found.
        entrants: J rows, each with the row that it is set against as its ``reference``.
        from_reference: that is its reference indeed, so that a number that is a difference from the reference is the
            difference already; else the other is a method like itself.
    """
    founds, places, columns = compared
    seeds = [sorted(set(one.cells) & set(one.reference)) for one in entrants]
    own = [tuple(one.cells[seed] for seed in shared) for one, shared in zip(entrants, seeds, strict=True)]
    others = [tuple(one.reference[seed] for seed in shared) for one, shared in zip(entrants, seeds, strict=True)]
    mine, theirs = padded(own), padded(others)
    done = np.array([column.paired and from_reference for column in columns])
    left, right = founds.value[mine][..., places], founds.value[theirs][..., places]
    uptake = [column.name for column in columns].index(_UPTAKE)
    for place, (one, shared) in enumerate(zip(entrants, seeds, strict=True)):
        if one.uptakes is not None:
            right[: len(shared), place, uptake] = [one.uptakes.get(seed, np.nan) for seed in shared]
    alike = founds.made_by[mine][..., places] == founds.made_by[theirs][..., places]
    right = np.where(done, 0.0, np.where(alike, right, np.nan))
    outside = (mine < 0)[..., None]
    values = np.where(outside, np.nan, left - right)
    size = np.nan_to_num(np.where(outside, 0.0, np.fmax(np.abs(left), np.abs(right)))).max(axis=0, initial=0.0)
    texts = np.zeros(values.shape[1:])
    for row, place in enumerate(founds.of_texts):
        if place in places:
            column = places.index(place)
            draws = founds.resampled[mine, row] - (0 if done[column] else founds.resampled[theirs, row])
            shared_part = shared_by_texts(np.where(np.isfinite(values[..., column])[..., None], draws, np.nan))
            texts[:, column] = np.where(np.isfinite(shared_part), shared_part, 0.0)
    return spread(values, texts, _ROUNDED * size), list(zip(own, others, strict=True))


def _comparisons(found: Spread, corrected: NDArray[np.float64]) -> Iterator[list[Comparison]]:
    """Yield each row's comparisons, one a column."""
    rows = (array.tolist() for array in (found.mean, found.half, corrected, found.count))
    for row in zip(*rows, strict=True):
        yield [_comparison(*one) for one in zip(*row, strict=True)]


def _comparison(mean: float, half: float, p: float, count: int) -> Comparison:
    if count < 2:
        return Comparison(mean, seeds=1, reason=_ONE_SEED) if count else Comparison(None, reason=_NO_PAIR)
    if p != p:
        return Comparison(mean, mean - half, mean + half, None, count, _NO_SPREAD)
    return Comparison(mean, mean - half, mean + half, p, count)


def _settings(entrants: Sequence[Entrant]) -> list[list[int]]:
    """Return the rows of each table and setting where there are several."""
    found: dict[Hashable, list[int]] = {}
    for number, one in enumerate(entrants):
        found.setdefault((one.table, one.setting), []).append(number)
    return [places for places in found.values() if len(places) > 1]


def _corrected(p: NDArray[np.float64], tables: list[Hashable], works: list[Work]) -> NDArray[np.float64]:
    """Correct within each table and column; rows of identical work are one test."""
    corrected = np.full(p.shape, np.nan)
    families: dict[Hashable, dict[object, list[int]]] = {}
    for number, (table, key) in enumerate(zip(tables, works, strict=True)):
        families.setdefault(table, {}).setdefault(key, []).append(number)
    for family in families.values():
        first = [same[0] for same in family.values()]
        for column in range(p.shape[1]):
            corrected[first, column] = holm(p[first, column])
        for same in family.values():
            corrected[same] = corrected[same[0]]
    return corrected


def _groups(
    places: list[int], p: dict[tuple[int, int], NDArray[np.float64]], entrants: Sequence[Entrant], compared: _Compared
) -> Iterator[list[str]]:
    """Yield the letters of a setting's rows for each column; none where no two were tested, or without a number."""
    value, columns = compared.founds.value, len(compared.places)
    means = np.array([spread(value[list(entrants[one].cells.values())][:, compared.places]).mean for one in places])
    apart, tested = np.zeros((columns, len(places), len(places)), dtype=bool), np.zeros(columns, dtype=bool)
    for one, other in combinations(range(len(places)), 2):
        chance = p[places[one], places[other]]
        apart[:, one, other] = apart[:, other, one] = chance < LEVEL
        tested |= np.isfinite(chance)
    for column in range(columns):
        found = [""] * len(places)
        if tested[column]:
            there = np.flatnonzero(np.isfinite(means[:, column]))
            order = there[np.argsort(-means[there, column], kind="stable")]
            for place, letter in zip(order, letters(apart[column][np.ix_(order, order)]), strict=True):
                found[place] = letter
        yield found
