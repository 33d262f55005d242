"""A column of the board: name, unit, source and meaning."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from leaderboard.reading.sources import Found
from leaderboard.reading.store import Cell


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Attributes:
        name: in CSV and JSON; stable.
        unit: of the value.
        find: takes a cell and returns its number.
        paired: the values are differences to another cell of the same seed.
        summary: one line for the documentation.
        over_texts: all seeds explain the same texts, so the error over texts is added to the spread between seeds.
        compared: rows are set against their reference and against each other by it.
        better: its better end, if it has one. How much language features give away, or how far drift goes, is no merit
            by itself; and an uptake nearer to 0 may be on the other side of it.
        plugin: it is a measure that a user added.
    """

    name: str
    unit: str
    find: Callable[[Cell], Found]
    summary: str
    paired: bool = False
    over_texts: bool = False
    compared: bool = False
    better: Literal["higher", "lower"] | None = None
    plugin: bool = False
