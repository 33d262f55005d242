"""The board in a terminal, at home in 120 columns."""

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from leaderboard.board import Board, Row
from leaderboard.tables.writing import CORE, amount, caption, remarks, sections, seeds, written


def tables(board: Board) -> RenderableType:
    """Return one table for each task and model, each with its caption and remarks."""
    parts: list[RenderableType] = []
    for title, rows in sections(board):
        parts.append(Text(title, style="bold"))
        parts.append(_table(rows))
        parts.extend(Padding(Text(line, style="yellow"), (0, 0, 0, 1)) for line in remarks(rows))
        parts.extend(Padding(Text(line, style="dim"), (0, 0, 0, 1)) for line in caption(rows))
        parts.append(Text(""))
    return Group(*parts) if parts else Text("no cells yet")


def text(board: Board, width: int) -> str:
    """Return the tables as plain text."""
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(tables(board))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _table(rows: list[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False)
    for heading in ("method", "regime", "weights"):
        table.add_column(heading, no_wrap=True)
    for _, heading in CORE:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("trains", justify="right", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    before = ""
    for place, row in enumerate(rows):
        numbers = [written(name, row.numbers[name]) for name, _ in CORE]
        style = ""
        if row.numbers["accuracy"].value is None and row.status in ("failed", "not run", "unfinished"):
            numbers[0], style = row.status, "red" if row.status == "failed" else "dim"
        elif row.reference:
            numbers[1], style = "reference", "bold"
        elif row.status.startswith("same as"):
            style = "dim"
        last = place + 1 == len(rows) or rows[place + 1].method != row.method
        table.add_row(
            row.method if row.method != before else "",
            row.regime or "-",
            (row.weighting or "-") + (" =" if row.status.startswith("same as") else ""),
            *numbers,
            amount(row.numbers["trainable_parameters"]),
            amount(row.numbers["seconds"]),
            seeds(row),
            style=style,
            end_section=last,
        )
        before = row.method
    return table
