"""The command line: ``polyskew run``, ``plan``, ``board``, ``show``, ``list``, ``replicate``."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyskew.errors import UserError
from polyskew.house import check_rooms

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="polyskew",
    help="Does a fine-tuned model learn the task, or does it learn the language?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

GridArgument = Annotated[
    str, typer.Argument(metavar="GRID", help="A shipped grid (polyskew list grids) or a YAML file.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="RESULTS", help="Results folder; results/<grid's name> by default.")
]


class Format(StrEnum):
    """How a board is written."""

    table = "table"
    md = "md"
    csv = "csv"
    json = "json"


class Kind(StrEnum):
    """What can be listed."""

    tasks = "tasks"
    methods = "methods"
    weightings = "weightings"
    regimes = "regimes"
    models = "models"
    recipes = "recipes"
    grids = "grids"
    metrics = "metrics"


@app.command()
def run(
    grid: GridArgument,
    out: OutOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; one a GPU, or by the number of cores, by default.")
    ] = None,
) -> None:
    """Run a grid; what an earlier run finished is kept and not run again."""
    from benchmark.grid import load_grid
    from benchmark.run import run as run_grid

    spec = load_grid(grid)
    results = out or Path("results") / spec.name
    tally = run_grid(spec, results, workers)
    board(results)
    if tally.failed:
        print(f"{len(tally.failed)} cells failed; `polyskew show CELL` says why, and the rest is kept", file=sys.stderr)
    if tally.unmeasured:
        print(f"not all could be measured: {tally.unmeasured}", file=sys.stderr)
    if tally.failed or tally.unmeasured:
        raise typer.Exit(1)


@app.command()
def plan(grid: GridArgument, out: OutOption = None) -> None:
    """Show a grid's cells and rows, what is done and what would run; train nothing."""
    from benchmark.grid import load_grid
    from benchmark.plan import show as show_plan

    spec = load_grid(grid)
    show_plan(spec, out or Path("results") / spec.name, _console())


@app.command()
def board(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results folder.")],
    format: Annotated[Format, typer.Option(help="How to write it.")] = Format.table,
    figure: Annotated[Path | None, typer.Option(help="Also draw the board into this PNG, PDF or SVG file.")] = None,
) -> None:
    """Show the leaderboard of a results folder, finished or not."""
    from leaderboard.board import board as read_board

    if figure and not figure.parent.is_dir():
        raise UserError(f"the folder {figure.parent} of the figure does not exist")
    found = read_board(results)
    if format is Format.table:
        _console().print(found.to_table())
    else:
        text = {Format.md: found.to_markdown, Format.csv: found.to_csv, Format.json: found.to_json}[format]()
        sys.stdout.write(text)
    if figure:
        from leaderboard.figure import draw

        draw(found, figure)


@app.command()
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


@app.command()
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
        show_text(folder, text, language, label, html, _console())
        return
    if language is not None or label is not None or html is not None:
        raise UserError("--language, --label and --html belong to a text: name it with --text ID")
    try:
        show_cell(folder, _console())
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"a file in {folder} does not have the form of docs/results.md ({error!r})") from None


@app.command("list")
def list_(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """List what can stand in a grid."""
    from rich.table import Table

    from benchmark.listing import listing

    columns, rows = listing(kind.value)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _console() -> "Console":
    """Standard output; where it is not a terminal, as wide as a page, since nobody could make it wider."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Run the command line; a user's mistake is one sentence and status 2."""
    try:
        check_rooms()
        app()
    except UserError as error:
        print(f"polyskew: {error}", file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as end:
        # Typer turns an interruption into an exit of its own.
        if isinstance(end, SystemExit) and end.code != 130:
            raise
        print("polyskew: interrupted; what is finished is kept, the same command goes on from there", file=sys.stderr)
        sys.exit(130)
