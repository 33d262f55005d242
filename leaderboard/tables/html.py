"""The board as one HTML page: no script, nothing from outside."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from leaderboard.board import Board
from leaderboard.tables.layout import Cell, Line, Section, contiguous, layout, parted
from leaderboard.tables.writing import LONGEST, scale

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #595959; --line: #d9d9d9; --bad: #a33d00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #16181c; --soft: #a8adb5; --line: #3a3f47; --bad: #ff9a62; }
}
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 90rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; }
section { margin-top: 2rem; }
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 2px solid currentcolor; }
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.5rem; text-align: left; font-weight: 600; font-size: 1rem; overflow-wrap: anywhere; }
th, td { padding: 0.3rem 0.7rem; text-align: right; white-space: nowrap; vertical-align: baseline; }
thead th { border-bottom: 1px solid; vertical-align: bottom; }
thead small { display: block; font-weight: 400; color: var(--soft); }
tbody tr { border-bottom: 1px solid var(--line); }
tbody + tbody tr:first-child { border-top: 2px solid var(--line); }
th.word, td.word { text-align: left; }
tbody th { font-weight: 400; }
tbody th.long, td.long { min-width: 12rem; max-width: 24rem; white-space: normal; overflow-wrap: anywhere; }
tr.reference th { font-weight: 600; }
tr.same { color: var(--soft); }
tr.failed td { color: var(--bad); }
td span { color: var(--soft); }
sup { line-height: 0; }
td em { font-style: normal; text-decoration: underline; text-underline-offset: 0.2em; }
ul { max-width: 60rem; padding-left: 1.2rem; font-size: 0.875rem; overflow-wrap: anywhere; }
ul.notes { color: var(--soft); }
"""


def html(board: Board, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return a page with one table for each section; all names are escaped and isolated from what is around them."""
    lines = ["<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">']
    lines.append(f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{_hash()}'\">")
    lines += ['<meta name="viewport" content="width=device-width, initial-scale=1">', "<title>Leaderboard</title>"]
    lines += [f"<style>{_STYLE}</style>", "</head>", "<body>", "<main>", "<h1>Leaderboard</h1>"]
    lines += _sections(board, columns, group)
    return "\n".join([*lines, "</main>", "</body>", "</html>"]) + "\n"


def fragment(board: Board) -> str:
    """Return the tables alone, to stand in a page that has a style of its own."""
    return "\n".join(_sections(board, (), ()))


def _sections(board: Board, columns: Sequence[str], group: Sequence[str]) -> Iterator[str]:
    sections = layout(board, columns, group, ("bold", "underlined"))
    captions, common = parted(sections)
    for section, caption in zip(sections, captions, strict=True):
        yield from ("<section>", *_table(section), *_list(section.remarks))
        yield from (*_list(caption, ' class="notes"'), "</section>")
    if common:
        yield from ("<p>All tables:</p>", *_list(common, ' class="notes"'))
    if not sections:
        yield "<p>No rows.</p>"


def _hash() -> str:
    return f"sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}"


def _table(section: Section) -> list[str]:
    title = escape(section.title)
    heads = [f'<th scope="col" class="word">{escape(name)}</th>' for name in section.names]
    heads += [
        f'<th scope="col"{_word(worded)}>{escape(name)}{_unit(section, column)}</th>'
        for name, column, worded in zip(section.headings, section.columns, section.worded, strict=True)
    ]
    lines = [f'<div class="wide" role="region" tabindex="0" aria-label="{title}">', "<table>"]
    lines += [f'<caption dir="auto">{title}</caption>', f"<thead><tr>{''.join(heads)}</tr></thead>"]
    for body in _bodies(section.lines):
        lines += ["<tbody>", *(_row(section, line) for line in body), "</tbody>"]
    return [*lines, "</table>", "</div>"]


def _bodies(lines: Sequence[Line]) -> list[list[Line]]:
    """Part the rows by their first name where rows of the same one stand together."""
    if not contiguous(lines):
        return [list(lines)]
    return [list(body) for _, body in groupby(lines, key=lambda line: line.names[0])]


def _row(section: Section, line: Line) -> str:
    names = [f'<th scope="row"{_word(True, name)}>{_isolated(name)}</th>' for name in line.names]
    cells = [
        f"<td{_word(worded, cell.value)}{_title(line, column)}>{_cell(cell)}</td>"
        for cell, column, worded in zip(line.cells, section.columns, section.worded, strict=True)
    ]
    return f"<tr{_kind(line)}>{''.join(names)}{''.join(cells)}</tr>"


def _cell(cell: Cell) -> str:
    value = _isolated(cell.value)
    if cell.mark.place:
        tag = "strong" if cell.mark.place == "best" else "em"
        value = f"<{tag}>{value}</{tag}>"
    half = f"<span>±{cell.half}</span>" if cell.half else ""
    marks = "*" * cell.mark.apart + escape(cell.mark.letters)
    return value + half + (f"<sup>{marks}</sup>" if marks else "")


def _title(line: Line, column: str) -> str:
    """Return the attribute that tells a number's interval, or why it is missing."""
    number = line.row.numbers.get(column)
    if number is None:
        return ""
    told = [] if number.low is None else [f"{number.low:.4g} to {number.high:.4g}, {number.method}"]
    told += [number.reason] if number.reason else []
    return f' title="{escape("; ".join(told))}"' if told else ""


def _kind(line: Line) -> str:
    if line.row.status == "failed":
        return ' class="failed"'
    if line.row.reference:
        return ' class="reference"'
    return ' class="same"' if line.row.status.startswith("same as") else ""


def _unit(section: Section, name: str) -> str:
    column = section.numbers.get(name)
    if column is None:
        return ""
    return f"<small>{'10⁻³ ' if scale(column) != 1.0 else ''}{escape(column.unit)}</small>"


def _word(worded: bool, text: str = "") -> str:
    long = " long" if len(text) > LONGEST else ""
    return f' class="word{long}"' if worded else ""


def _isolated(text: str) -> str:
    """Escape a text; where it may run from right to left, it does not move what stands around it."""
    return escape(text) if text.isascii() else f"<bdi>{escape(text)}</bdi>"


def _list(told: Sequence[str], kind: str = "") -> list[str]:
    return [f"<ul{kind}>", *(f'<li dir="auto">{escape(one)}</li>' for one in told), "</ul>"] if told else []
