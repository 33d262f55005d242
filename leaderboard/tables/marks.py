"""What the comparisons say about a number: told apart from its reference, its group, the best of its kind."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from leaderboard.reading.column import Column
from leaderboard.rows import Row
from leaderboard.statistics.spread import LEVEL


class Mark(NamedTuple):
    """What stands beside a number.

    Attributes:
        apart: its row is told apart from its reference.
        letters: groups that it belongs to; empty where no two methods beside it are told apart.
        place: ``best``, ``tied`` with the best, or empty.
    """

    apart: bool = False
    letters: str = ""
    place: str = ""


def marks(rows: Sequence[Row], column: Column) -> list[Mark]:
    """Return what stands beside a column's numbers, one for each row."""
    name = column.name
    letters, places = [""] * len(rows), [""] * len(rows)
    for family in _families(rows, name):
        if not _told_apart([rows[place].groups[name] for place in family]):
            continue
        for place in family:
            letters[place] = rows[place].groups[name]
        if column.better:
            first = max if column.better == "higher" else min
            best = first(family, key=lambda place: rows[place].numbers[name].value or 0.0)
            for place in family:
                if set(letters[place]) & set(letters[best]):
                    places[place] = "tied"
            places[best] = "best"
    return [Mark(_apart(row, name), *told) for row, *told in zip(rows, letters, places, strict=True)]


def undecided(rows: Sequence[Row], column: str) -> bool:
    """Return whether methods were compared in a column, and no two of them are told apart."""
    families = [[rows[place].groups[column] for place in family] for family in _families(rows, column)]
    return bool(families) and not any(_told_apart(family) for family in families)


def compared(rows: Sequence[Row], column: str) -> bool:
    """Return whether a row was tested against its reference in a column; identical work needs no test."""
    tested = (row.against_reference[column] for row in rows if column in row.against_reference and not _same(row))
    return any(comparison.p is not None for comparison in tested)


def _families(rows: Sequence[Row], column: str) -> list[list[int]]:
    """Gather the places of the methods of one regime and weighting that were compared; at least two each."""
    found: dict[tuple[str, ...], list[int]] = {}
    for place, row in enumerate(rows):
        if row.groups.get(column) and row.numbers[column].value is not None:
            found.setdefault(_setting(row), []).append(place)
    return [family for family in found.values() if len(family) > 1]


def _setting(row: Row) -> tuple[str, ...]:
    return (row.task, row.model, row.variant, row.device, row.precision, row.regime, row.weighting)


def _told_apart(letters: Sequence[str]) -> bool:
    return any(not set(one) & set(other) for one, other in combinations(letters, 2))


def _same(row: Row) -> bool:
    return row.status.startswith("same as")


def _apart(row: Row, column: str) -> bool:
    comparison = row.against_reference.get(column)
    return comparison is not None and comparison.p is not None and comparison.p < LEVEL
