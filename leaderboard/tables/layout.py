"""The board as tables, before they are set in any format: sections, names, numbers with their marks, captions."""

from collections.abc import Sequence
from typing import NamedTuple

from leaderboard.board import Board
from leaderboard.rows import Row
from leaderboard.tables.captions import explained, remarks, tested
from leaderboard.tables.choosing import DEFAULT_GROUP, sections
from leaderboard.tables.fields import FIELDS, chosen, texts
from leaderboard.tables.marks import Mark, marks
from leaderboard.tables.writing import SHOWN, UNITS, heading, one_line, seeds, written

_PLACES = ("task", "model", "variant")
_SETTINGS = ("method", "regime", "weighting")


class Cell(NamedTuple):
    """One field of a table.

    Attributes:
        value: a number, a text, or ``-`` where it is missing.
        half: half the width of the number's interval, or empty.
        mark: what stands beside it.
    """

    value: str
    half: str = ""
    mark: Mark = Mark()


class Line(NamedTuple):
    """One row of a table: what it is called, and its cells."""

    row: Row
    names: tuple[str, ...]
    cells: tuple[Cell, ...]


class Section(NamedTuple):
    """One table.

    Attributes:
        title: what all its rows share.
        names: headings of the columns that name a row.
        columns: the columns of the cells, by name; ``n`` is the number of seeds.
        lines: its rows.
        remarks: what a reader must know of single rows.
        caption: sentences without a full stop, which explain the numbers.
    """

    title: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    lines: list[Line]
    remarks: list[str]
    caption: list[str]

    @property
    def headings(self) -> list[str]:
        """The headings of the cells' columns."""
        return [heading(name) for name in self.columns]

    @property
    def worded(self) -> list[bool]:
        """Whether each of the cells' columns holds texts, not numbers."""
        return [name in FIELDS and FIELDS[name].text for name in self.columns]


def layout(
    board: Board, columns: Sequence[str], group: Sequence[str], emphasis: tuple[str, str] | None = None
) -> list[Section]:
    """Lay a board out.

    Args:
        board: the rows, in their order.
        columns: to show beside the names; the core ones where none are chosen.
        group: columns of texts, by which rows are parted; task, model and variant where none are chosen.
        emphasis: how the best and what is tied with it are set off, if they are.

    Raises:
        UserError: there is no such column.
    """
    shown, by = chosen(columns) if columns else SHOWN, texts(group) or DEFAULT_GROUP
    return [_section(title, rows, shown, by, emphasis) for title, rows in sections(board, by)]


def parted(sections: Sequence[Section]) -> tuple[list[list[str]], list[str]]:
    """Part captions into what each section says alone, and what several sections all say."""
    if len(sections) < 2:
        return [section.caption for section in sections], []
    common = [told for told in sections[0].caption if all(told in section.caption for section in sections)]
    return [[told for told in section.caption if told not in common] for section in sections], common


def contiguous(lines: Sequence[Line]) -> bool:
    """Return whether rows of the same first name stand together, as they do until they are sorted otherwise."""
    firsts = [line.names[0] for line in lines if line.names]
    runs = sum(place == 0 or firsts[place - 1] != first for place, first in enumerate(firsts))
    return runs == len(set(firsts)) < len(firsts)


def _section(
    title: str, rows: list[Row], shown: Sequence[str], by: Sequence[str], emphasis: tuple[str, str] | None
) -> Section:
    places = {name: dict.fromkeys(getattr(row, name) for row in rows) for name in _PLACES if name not in by}
    names = [name for name, found in places.items() if len(found) > 1] + [name for name in _SETTINGS if name not in by]
    title = " · ".join([title, *(only for found in places.values() if len(found) == 1 for only in found if only)])
    found = {name: marks(rows, name) for name in shown if name in UNITS}
    columns = [_column(rows, name, found.get(name), first=name == shown[0]) for name in shown]
    lines = [
        Line(row, tuple(_named(row, names)), (*(column[place] for column in columns), Cell(seeds(row))))
        for place, row in enumerate(rows)
    ]
    caption = explained(rows, shown) + tested(rows, found, emphasis)
    told = [one_line(text) for text in remarks(rows, shown)]
    headings = tuple(heading(name) for name in names)
    return Section(one_line(title), headings, (*shown, "n"), lines, told, [one_line(text) for text in caption])


def _named(row: Row, names: Sequence[str]) -> list[str]:
    told = [one_line(getattr(row, name)) or "-" for name in names]
    if told and row.status.startswith("same as"):
        told[-1] += " ="
    return told


def _column(rows: Sequence[Row], name: str, found: Sequence[Mark] | None, *, first: bool) -> list[Cell]:
    if found is None:
        return [Cell(_text(FIELDS[name].get(row))) for row in rows]
    cells = [Cell(*written(name, row.numbers[name]), mark) for row, mark in zip(rows, found, strict=True)]
    for place, row in enumerate(rows):
        if name == "accuracy_difference" and row.reference:
            cells[place] = Cell("reference")
        elif first and cells[place].value == "-" and row.status in ("failed", "not run", "unfinished"):
            cells[place] = Cell(row.status)
    return cells


def _text(value: str | float | None) -> str:
    return "-" if value in (None, "") else one_line(str(value))
