"""The board in a terminal, at home in 120 columns."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from leaderboard.board import Board
from leaderboard.tables.layout import Cell, Line, Section, contiguous, layout, parted
from leaderboard.tables.widths import cut, justified, width_of, wrapped
from leaderboard.tables.writing import LONGEST, raised

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

Styled = tuple[str, str]  # a line and its style
_SHORTEST = 8  # places of a name, however narrow the terminal


class Tables:
    """What rich prints: a board's tables, as wide as the console.

    rich's own tables take a millisecond a row, and a board can have thousands.
    """

    def __init__(self, board: Board, columns: Sequence[str], group: Sequence[str]) -> None:
        self._sections = layout(board, columns, group)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Yield the lines with their styles."""
        from rich.segment import Segment
        from rich.style import Style

        for style, lines in groupby(_lines(self._sections, options.max_width), itemgetter(1)):
            yield Segment("\n".join([*(line for line, _ in lines), ""]), Style.parse(style))


def text(board: Board, width: int, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return the tables as plain text."""
    return "".join(f"{line}\n" for line, _ in _lines(layout(board, columns, group), width))


def _lines(sections: Sequence[Section], width: int) -> Iterator[Styled]:
    if not sections:
        yield "no rows", ""
    captions, common = parted(sections)
    for section, caption in zip(sections, captions, strict=True):
        for line in wrapped(section.title, width):
            yield line, "bold"
        yield from _table(section, width)
        for remark in section.remarks:
            for line in wrapped(remark, width - 1):
                yield f" {line}", "yellow"
        yield from _explained(caption, width)
        yield "", ""
    yield from _explained(common, width)


def _explained(caption: Sequence[str], width: int) -> Iterator[Styled]:
    """Yield sentences, as many on a line as fit."""
    line = ""
    for told in [*caption, ""]:
        if line and told and width_of(line) + width_of(told) + 3 <= width:
            line += f". {told}"
            continue
        for part in wrapped(line, width - 1):
            yield f" {part}", "dim"
        line = told


def _table(section: Section, width: int) -> Iterator[Styled]:
    together = contiguous(section.lines)
    room = _room(section, width * 2 // 3)
    names = [
        justified([heading, *_names(section.lines, place, room, together)], right=False)
        for place, heading in enumerate(section.names)
    ]
    numbers = [
        justified([heading, *_numbers([line.cells[place] for line in section.lines])], right=not worded)
        for place, (heading, worded) in enumerate(zip(section.headings, section.worded, strict=True))
    ]
    for place, part in enumerate(_parts(names, numbers, width)):
        if place:
            yield "", ""
        heading, *lines = (" ".join(texts).rstrip() for texts in zip(*part, strict=True))
        yield heading, "bold"
        yield "─" * (sum(width_of(texts[0]) for texts in part) + len(part) - 1), ""
        for row, line in enumerate(lines):
            if row and together and section.lines[row - 1].names[0] != section.lines[row].names[0]:
                yield "", ""
            yield line, _style(section.lines[row])


def _room(section: Section, width: int) -> int:
    """Return how long names may be so that all of them fit into a width."""
    longest = [max(map(width_of, texts)) for texts in zip(*(line.names for line in section.lines), strict=True)]
    fitting = (room for room in range(LONGEST, _SHORTEST, -1) if sum(min(one, room) + 1 for one in longest) <= width)
    return next(fitting, _SHORTEST)


def _names(lines: Sequence[Line], place: int, room: int, together: bool) -> list[str]:
    """Return what rows are called; the first name stands once where rows of the same one stand together."""
    texts = [cut(line.names[place], room) for line in lines]
    if place or not together:
        return texts
    return [text if not row or lines[row - 1].names[0] != lines[row].names[0] else "" for row, text in enumerate(texts)]


def _numbers(cells: Sequence[Cell]) -> list[str]:
    """Write a column; marks stand behind the numbers, which end at the same place."""
    numbers = [f"{cell.value}±{cell.half}" if cell.half else cut(cell.value, LONGEST) for cell in cells]
    marks = ["*" * cell.mark.apart + raised(cell.mark.letters) for cell in cells]
    widest = max(map(len, marks))
    return [number + mark.ljust(widest) for number, mark in zip(numbers, marks, strict=True)]


def _parts(names: list[list[str]], numbers: list[list[str]], width: int) -> Iterator[list[list[str]]]:
    """Part a table that is too wide; the names stand in each part."""
    room = width - sum(width_of(column[0]) + 1 for column in names)
    part: list[list[str]] = []
    taken = 0
    for column in numbers:
        wanted = width_of(column[0])
        if part and taken + 1 + wanted > room:
            yield [*names, *part]
            part, taken = [], 0
        taken += wanted + bool(part)
        part.append(column)
    yield [*names, *part]


def _style(line: Line) -> str:
    row = line.row
    if row.numbers["accuracy"].value is None and row.status in ("failed", "not run", "unfinished"):
        return "red" if row.status == "failed" else "dim"
    if row.reference:
        return "bold"
    return "dim" if row.status.startswith("same as") else ""
