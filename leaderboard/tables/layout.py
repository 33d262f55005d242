"""The board as tables, before they are set in any format: sections, names, numbers with their marks, captions."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from leaderboard.board import Board
from leaderboard.reading.column import Column
from leaderboard.rows import Row
from leaderboard.tables.captions import explained, remarks, tested
from leaderboard.tables.choosing import DEFAULT_GROUP, sections
from leaderboard.tables.fields import Field, Fields, chosen, fields_of, texts
from leaderboard.tables.marks import Mark, marks
from leaderboard.tables.writing import heading, one_line, seeds, shown_columns, written

_PLACES = ("task", "model", "variant")
_SETTINGS = ("method", "learning_rate", "regime", "weighting")
OWN_RATE = "own"
"""What stands for the learning rate of a row that has its method's own, beside rows that have others."""


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
        worded: whether each of them holds texts, not numbers.
        numbers: those of the board's numbers among them.
        lines: its rows.
        remarks: what a reader must know of single rows.
        caption: sentences without a full stop, which explain the numbers.
    """

    title: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    worded: tuple[bool, ...]
    numbers: Mapping[str, Column]
    lines: list[Line]
    remarks: list[str]
    caption: list[str]

    @property
    def headings(self) -> list[str]:
        """The headings of the cells' columns."""
        return [heading(name) for name in self.columns]


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
    fields = fields_of(board.columns)
    shown = chosen(columns, fields) if columns else shown_columns(board.columns)
    by = texts(group, fields) or DEFAULT_GROUP
    columns_of = {column.name: column for column in board.columns}
    numbers = {name: columns_of[name] for name in shown if name in columns_of}
    look = _Look(shown, by, {name: fields[name] for name in shown}, numbers, emphasis)
    return [_section(title, rows, look) for title, rows in sections(board, by)]


class _Look(NamedTuple):
    """What all sections have in common: columns, what parts them, and how the best is set off."""

    shown: tuple[str, ...]
    by: tuple[str, ...]
    fields: Fields
    numbers: Mapping[str, Column]
    emphasis: tuple[str, str] | None


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


def _section(title: str, rows: list[Row], look: _Look) -> Section:
    shown, by, fields, numbers, emphasis = look
    places = {name: dict.fromkeys(getattr(row, name) for row in rows) for name in _PLACES if name not in by}
    names = [name for name, found in places.items() if len(found) > 1] + [name for name in _SETTINGS if name not in by]
    if not any(row.learning_rate for row in rows):
        names = [name for name in names if name != "learning_rate"]
    title = " · ".join([title, *(only for found in places.values() if len(found) == 1 for only in found if only)])
    beside = {name: marks(rows, column) for name, column in numbers.items()}
    cells = [
        _numbers(rows, numbers[name], beside[name], first=name == shown[0])
        if name in numbers
        else _texts(rows, fields[name])
        for name in shown
    ]
    return Section(
        title=one_line(title),
        names=tuple(heading(name) for name in names),
        columns=(*shown, "n"),
        worded=(*(fields[name].text for name in shown), False),
        numbers=numbers,
        lines=[
            Line(row, tuple(_named(row, names)), (*(column[place] for column in cells), Cell(seeds(row))))
            for place, row in enumerate(rows)
        ],
        remarks=[one_line(text) for text in remarks(rows, list(numbers.values()))],
        caption=[
            one_line(text) for text in explained(rows, list(numbers.values())) + tested(rows, numbers, beside, emphasis)
        ],
    )


def _named(row: Row, names: Sequence[str]) -> list[str]:
    told = [one_line(_name(row, name)) or "-" for name in names]
    if told and row.status.startswith("same as"):
        told[-1] += " ="
    return told


def _name(row: Row, name: str) -> str:
    if name == "learning_rate" and not row.learning_rate and row.method != "untuned":
        return OWN_RATE
    return str(getattr(row, name))


def _texts(rows: Sequence[Row], field: Field) -> list[Cell]:
    return [Cell(_text(field.get(row))) for row in rows]


def _numbers(rows: Sequence[Row], column: Column, found: Sequence[Mark], *, first: bool) -> list[Cell]:
    name = column.name
    cells = [Cell(*written(column, row.numbers[name]), mark) for row, mark in zip(rows, found, strict=True)]
    for place, row in enumerate(rows):
        if name == "accuracy_difference" and row.reference:
            cells[place] = Cell("reference")
        elif first and cells[place].value == "-" and row.status in ("failed", "not run", "unfinished"):
            cells[place] = Cell(row.status)
    return cells


def _text(value: str | float | None) -> str:
    return "-" if value in (None, "") else one_line(str(value))
