"""A replication page as one HTML file: no script, nothing from outside, figures inside."""

from base64 import b64encode
from html import escape
from itertools import groupby

from leaderboard.replication.drawing import svg
from leaderboard.replication.page import Entry, Figure, Heading, Page, Section, Table

_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 100rem; background: #fff; color: #1a1a1a;
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; max-width: 50rem; }
h2 { margin-top: 3rem; padding-top: 0.6rem; border-top: 2px solid #1a1a1a; font-size: 1.25rem; }
p, li { max-width: 60rem; }
nav ul { columns: 16rem; padding-left: 1.2rem; }
a { color: #0b5394; }
.warning { padding: 0.7rem 1rem; border-left: 5px solid #d55e00; background: #fdf1e7; font-weight: 600; }
.wide { overflow-x: auto; margin-top: 1.5rem; }
table { border-collapse: collapse; min-width: min(44rem, 100%);
  font-size: 0.875rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
caption { padding: 0 0 0.4rem; text-align: left; font-weight: 600; font-size: 0.95rem; }
th, td { padding: 0.25rem 0.65rem; text-align: right; white-space: nowrap; vertical-align: baseline; }
thead th { border-bottom: 1px solid #1a1a1a; font-weight: 600; white-space: normal; vertical-align: bottom; }
thead th[colspan] { text-align: center; border-bottom: 1px solid #999; }
tbody tr { border-bottom: 1px solid #e5e5e5; }
tbody th, thead th.word { text-align: left; font-weight: 400; white-space: normal; max-width: 38rem; }
caption { max-width: 60rem; }
thead th.word { font-weight: 600; }
.paper { background: #f3f1ea; }
.missing { color: #6b6b6b; font-style: italic; }
.clear { font-weight: 700; }
.holds { color: #00614a; font-weight: 700; }
.contrary { color: #a33d00; font-weight: 700; }
.unclear { color: #555; }
ul.notes { margin: 0.5rem 0 0; padding-left: 1.2rem; font-size: 0.85rem; color: #444; }
figure { margin: 1.5rem 0 0; }
figure img { width: 100%; height: auto; }
details { margin-top: 0.5rem; }
summary { cursor: pointer; font-size: 0.9rem; }
"""


def html(page: Page) -> str:
    """Write a page; all names are escaped."""
    lines = ["<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">']
    lines += ['<meta name="viewport" content="width=device-width, initial-scale=1">']
    lines += [f"<title>{escape(page.title)}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>", "<main>"]
    lines.append(f"<h1>{escape(page.title)}</h1>")
    lines += [f'<p class="warning" role="note">{escape(text)}</p>' for text in page.warnings]
    lines += [f"<p>{escape(text)}</p>" for text in page.lead]
    lines.append('<nav aria-label="Contents"><ul>')
    for number, section in enumerate(page.sections):
        lines.append(f'<li><a href="#part-{number}">{escape(section.title)}</a></li>')
    lines.append("</ul></nav>")
    for number, section in enumerate(page.sections):
        lines += _section(section, number)
    return "\n".join([*lines, "</main>", "</body>", "</html>"]) + "\n"


def _section(section: Section, number: int) -> list[str]:
    lines = [f'<section id="part-{number}">', f"<h2>{escape(section.title)}</h2>"]
    lines += [f"<p>{escape(text)}</p>" for text in section.text]
    for part in section.parts:
        lines += _figure(part) if isinstance(part, Figure) else [*_table(part), *_notes(part)]
    return [*lines, "</section>"]


def _figure(figure: Figure) -> list[str]:
    image = b64encode(svg(figure.chart)).decode()
    caption = escape(figure.numbers.caption)
    return [
        "<figure>",
        f'<img src="data:image/svg+xml;base64,{image}" alt="{caption}; the numbers stand in the table below">',
        f"<figcaption><strong>{caption}</strong></figcaption>",
        *_notes(figure.numbers),
        "<details><summary>the numbers of all bars</summary>",
        *_table(figure.numbers),
        "</details>",
        "</figure>",
    ]


def _notes(table: Table) -> list[str]:
    if not table.notes:
        return []
    return ['<ul class="notes">', *[f"<li>{escape(note)}</li>" for note in table.notes], "</ul>"]


def _table(table: Table) -> list[str]:
    lines = [f'<div class="wide" role="region" tabindex="0" aria-label="{escape(table.caption)}">', "<table>"]
    lines += [f"<caption>{escape(table.caption)}</caption>", *_head(table.headings), "<tbody>"]
    for row in table.rows:
        cells = [_cell(entry, heading) for entry, heading in zip(row, table.headings, strict=True)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return [*lines, "</tbody>", "</table>", "</div>"]


def _head(headings: tuple[Heading, ...]) -> list[str]:
    if not any(heading.group for heading in headings):
        cells = [f'<th scope="col" class="{heading.kind}">{escape(heading.name)}</th>' for heading in headings]
        return [f"<thead><tr>{''.join(cells)}</tr></thead>"]
    above, below = [], []
    for group, members in groupby(headings, key=lambda heading: heading.group):
        own = list(members)
        if not group:
            above += [f'<th scope="col" rowspan="2" class="{one.kind}">{escape(one.name)}</th>' for one in own]
            continue
        above.append(f'<th scope="colgroup" colspan="{len(own)}">{escape(group)}</th>')
        below += [f'<th scope="col" class="{one.kind}">{escape(one.name)}</th>' for one in own]
    return [f"<thead><tr>{''.join(above)}</tr>", f"<tr>{''.join(below)}</tr></thead>"]


def _cell(entry: Entry, heading: Heading) -> str:
    kinds = " ".join(name for name in (heading.kind if heading.kind == "paper" else "", entry.tone) if name)
    marked = f' class="{kinds}"' if kinds else ""
    if heading.kind == "word":
        return f'<th scope="row"{marked}>{escape(entry.text)}</th>'
    return f"<td{marked}>{escape(entry.text)}</td>"
