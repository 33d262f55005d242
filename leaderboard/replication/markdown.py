"""A replication page as Markdown."""

import re

from leaderboard.replication.page import Entry, Figure, Heading, Page, Table


def markdown(page: Page, *, pictures: bool) -> str:
    """Write a page.

    Args:
        page: what to write.
        pictures: refer to the figures' PNG files, which stand beside the page.
    """
    blocks = [f"# {_safe(page.title)}"]
    blocks += [f"**{_safe(text)}**" for text in page.warnings]
    blocks += [_safe(text) for text in page.lead]
    for section in page.sections:
        blocks.append(f"## {_safe(section.title)}")
        blocks += [_safe(text) for text in section.text]
        for part in section.parts:
            if isinstance(part, Figure):
                if pictures:
                    blocks.append(f"![{_safe(part.numbers.caption)}]({part.name}.png)")
                blocks.append(_table(part.numbers))
            else:
                blocks.append(_table(part))
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    ruler = ["---" if heading.kind == "word" else "---:" for heading in table.headings]
    lines = [f"**{_safe(table.caption)}**", "", _line([_heading(heading) for heading in table.headings]), _line(ruler)]
    lines += [_line([_entry(entry) for entry in row]) for row in table.rows]
    if table.notes:
        lines += ["", *[f"- {_safe(note)}" for note in table.notes]]
    return "\n".join(lines)


def _heading(heading: Heading) -> str:
    return _safe(f"{heading.group}: {heading.name}" if heading.group else heading.name) or " "


def _entry(entry: Entry) -> str:
    text = _safe(entry.text)
    return f"**{text}**" if entry.tone in ("clear", "holds", "contrary") else text


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _safe(text: str) -> str:
    """Keep a text in its cell and on its line, and keep names from being read as Markdown or HTML."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\|`*\[\]])", r"\\\1", text)
