"""The board as Markdown."""

import re
from collections.abc import Sequence

from leaderboard.board import Board
from leaderboard.tables.layout import Cell, Section, layout, parted
from leaderboard.tables.writing import raised

# An underscore between letters, as in per_language, is one; elsewhere two of them would be emphasis.
_SIGNS = re.compile(r"([\\|`*\[\]#~$>]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_LIST = re.compile(r"^(\d*)([-+.)])")  # at the beginning of an item: a list within it


def markdown(board: Board, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return one table for each section."""
    sections = layout(board, columns, group, ("bold", "italic"))
    captions, common = parted(sections)
    parts = [_section(section, caption) for section, caption in zip(sections, captions, strict=True)]
    parts += [f"All tables:\n\n{_list(common)}"] if common else []
    return "\n\n".join(parts or ["no rows"]) + "\n"


def _section(section: Section, caption: list[str]) -> str:
    ruler = ["---"] * len(section.names) + ["---" if worded else "---:" for worded in section.worded]
    lines = [f"### {safe(section.title)}", ""]
    lines += [_line([safe(name) for name in (*section.names, *section.headings)]), _line(ruler)]
    for line in section.lines:
        lines.append(_line([*(safe(name) for name in line.names), *(_cell(cell) for cell in line.cells)]))
    notes = section.remarks + caption
    return "\n".join([*lines, "", _list(notes)] if notes else lines)


def _list(notes: Sequence[str]) -> str:
    return "\n".join("- " + _LIST.sub(r"\1\\\2", safe(note)) for note in notes)


def _cell(cell: Cell) -> str:
    value = safe(cell.value)
    if cell.mark.place:
        around = "**" if cell.mark.place == "best" else "*"
        value = f"{around}{value}{around}"
    half = f"±{cell.half}" if cell.half else ""
    return value + half + r"\*" * cell.mark.apart + raised(cell.mark.letters)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def safe(text: str) -> str:
    """Keep a text, which is one line, from being read as Markdown or HTML."""
    return _SIGNS.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;"))
