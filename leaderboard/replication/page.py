"""What a replication page is made of, before it is written as Markdown or HTML."""

from dataclasses import dataclass
from typing import Literal

from leaderboard.replication.chart import Chart
from leaderboard.replication.numbers import Got

Tone = Literal["", "missing", "holds", "contrary", "unclear", "clear"]
Kind = Literal["word", "paper", "here"]
NOT_HERE = "not in the paper"


@dataclass(frozen=True)
class Entry:
    """One cell of a table.

    Attributes:
        text: what stands in it.
        tone: how it is to be read: a missing number, a verdict, a difference whose interval leaves out 0 (``clear``).
    """

    text: str
    tone: Tone = ""


@dataclass(frozen=True)
class Heading:
    """One column of a table.

    Attributes:
        name: the column's own heading.
        group: a heading that neighbouring columns share; empty where there is none.
        kind: ``word`` for the leading columns that name a row, ``paper`` for published numbers, ``here`` for the rest.
    """

    name: str
    group: str = ""
    kind: Kind = "here"


@dataclass(frozen=True)
class Table:
    """A table with its caption.

    Attributes:
        caption: what it shows.
        headings: the columns.
        rows: of entries, as many as there are columns.
        notes: sentences below it: readings, and what is missing and why.
        published: number of published numbers that it shows.
        matched: how many of these have a number beside them.
    """

    caption: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Entry, ...], ...]
    notes: tuple[str, ...] = ()
    published: int = 0
    matched: int = 0


@dataclass(frozen=True)
class Figure:
    """A figure with the table of its numbers.

    Attributes:
        name: of its files, without a suffix.
        chart: what is drawn.
        numbers: the same numbers as a table; its caption and notes are the figure's.
        plots: how many plots it has when everything is measured.
    """

    name: str
    chart: Chart
    numbers: Table
    plots: int


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    parts: tuple[Table | Figure, ...]
    text: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes:
        title: of the page.
        warnings: sentences that must be read first: stand-ins.
        lead: how to read the page.
        sections: in order.
    """

    title: str
    warnings: tuple[str, ...]
    lead: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def figures(self) -> list[Figure]:
        """All figures, in order."""
        return [part for section in self.sections for part in section.parts if isinstance(part, Figure)]


def word(text: str) -> Entry:
    """Return a plain entry."""
    return Entry(text)


def value(got: Got, digits: int = 3, *, scale: float = 1.0, signed: bool = False) -> Entry:
    """Write this side's number with its seeds in brackets, ``0.783 (3)``, or why it is missing; counts have none."""
    number = got.number
    if number.value is None:
        return Entry(got.word or "missing", "missing")
    if number.seeds == 0:
        return Entry(fixed(number.value * scale, digits, signed=signed))
    seeds = f"{number.seeds}" if number.seeds >= got.planned else f"{number.seeds} of {got.planned}"
    return Entry(f"{fixed(number.value * scale, digits, signed=signed)} ({seeds})")


def ranged(got: Got, digits: int = 3, *, less: float = 0.0, scale: float = 1.0) -> Entry:
    """Write a difference with its interval, ``-0.027 (-0.039 to -0.015)``; it is ``clear`` where 0 is left out.

    Args:
        got: the number.
        digits: after the point.
        less: what is taken off the number and both ends, in the unit that is written.
        scale: what the number is multiplied with first.
    """
    number = got.number
    if number.value is None:
        return Entry("-", "missing")
    middle = fixed(number.value * scale - less, digits, signed=True)
    if number.low is None or number.high is None:
        return Entry(f"{middle} (no interval)" if number.seeds else middle)
    low, high = number.low * scale - less, number.high * scale - less
    told = f"{middle} ({fixed(low, digits, signed=True)} to {fixed(high, digits, signed=True)})"
    return Entry(told, "clear" if low > 0 or high < 0 else "")


def fixed(number: float, digits: int, *, signed: bool = False) -> str:
    """Write a number with so many digits after the point; a zero has no minus."""
    text = f"{number:+.{digits}f}" if signed else f"{number:.{digits}f}"
    return text if float(text) else f"{0:.{digits}f}"
