"""Commands on a results folder: ``board``, ``replicate``, ``show``."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.console import console
from polyskew.errors import UserError


class Format(StrEnum):
    """How a board is written."""

    table = "table"
    md = "md"
    csv = "csv"
    json = "json"
    latex = "latex"
    html = "html"


def board(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results folder.")],
    format: Annotated[Format, typer.Option(help="How to write it.")] = Format.table,
    columns: Annotated[
        str, typer.Option(metavar="NAMES", help="Columns to show, for example accuracy,skew_uptake.")
    ] = "",
    where: Annotated[
        str, typer.Option(metavar="FILTER", help="Rows to show, for example 'method == \"lora\" and accuracy > .3'.")
    ] = "",
    sort: Annotated[
        str, typer.Option(metavar="NAMES", help="Columns to sort by; -accuracy sorts from the largest.")
    ] = "",
    group: Annotated[
        str, typer.Option(metavar="NAMES", help="Columns that part the rows into tables, for example regime.")
    ] = "",
    figure: Annotated[Path | None, typer.Option(help="Also draw the board into this PNG, PDF or SVG file.")] = None,
) -> None:
    """Show the leaderboard of a results folder, finished or not."""
    from leaderboard.board import board as read_board

    if figure and not figure.parent.is_dir():
        raise UserError(f"the folder {figure.parent} of the figure does not exist")
    found = read_board(results, os.cpu_count() or 1)
    if where:
        found = found.where(where)
    found = found.sort(*_names(sort))
    if figure:
        from leaderboard.figure import draw

        draw(found, figure)
    shown, by = _names(columns), _names(group)
    if format is Format.table:
        console().print(found.to_table(shown, by), crop=False)
    else:
        from leaderboard.tables.formats import FORMATS

        sys.stdout.write(FORMATS[format].write(found, shown, by))


def _names(text: str) -> list[str]:
    """Return the names of a list with commas."""
    return [name for part in text.split(",") if (name := part.strip())]


def replicate(
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS...", help="Results folders, finished or not.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write Markdown, HTML and figures here; else Markdown to the terminal."),
    ] = None,
    stand_in: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PAPER'S",
            help="Set a task or model here in the place of amazon_reviews, xnli, mbert or xlm-r.",
        ),
    ] = None,
) -> None:
    """Set results beside every table and figure of the paper (Jung and van der Plas 2024)."""
    from leaderboard.replication import write
    from leaderboard.replication.markdown import markdown
    from leaderboard.replication.report import replication

    named = dict(_stand_in(text) for text in stand_in or [])
    page = replication(results, named)
    if out is None:
        sys.stdout.write(markdown(page, pictures=False))
        return
    for path in write(page, out):
        print(path)


def _stand_in(text: str) -> tuple[str, str]:
    mine, equals, papers = text.rpartition("=")
    if not (mine and equals and papers):
        raise UserError(f"--stand-in {text}: NAME=PAPER'S is wanted, for example umsab=amazon_reviews")
    return mine, papers


def show(
    cell: Annotated[str, typer.Argument(metavar="CELL", help="A cell's folder, or the beginning of its id.")],
    results: Annotated[Path, typer.Option(help="Where to look for the id.")] = Path("results"),
    text: Annotated[
        str | None, typer.Option(metavar="ID", help="Show this explained text instead, its tokens shaded.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="The text's language, where several have its id.")] = None,
    label: Annotated[str | None, typer.Option(help="The label to speak about; the text's true one by default.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the text as an HTML snippet.")] = None,
) -> None:
    """Show one cell: what was asked, in force, measured; or one text that was explained in it."""
    from benchmark.show import find, show_text
    from benchmark.show import show as show_cell

    folder = find(cell, results)
    if text is not None:
        show_text(folder, text, language, label, html, console())
        return
    if language is not None or label is not None or html is not None:
        raise UserError("--language, --label and --html belong to a text: name it with --text ID")
    try:
        show_cell(folder, console())
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"a file in {folder} does not have the form of docs/results.md ({error!r})") from None
