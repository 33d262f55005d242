"""Commands on a grid: ``run``, ``plan``, and ``list``, which says what can stand in one."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.console import console
from benchmark.cli.results import board

GridArgument = Annotated[
    str, typer.Argument(metavar="GRID", help="A shipped grid (polyskew list grids) or a YAML file.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="RESULTS", help="Results folder; results/<grid's name> by default.")
]

PluginOption = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", help="A Python file that adds tasks, methods, ...; may be repeated."),
]


def run(
    grid: GridArgument,
    out: OutOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; one a GPU, or by the number of cores, by default.")
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Run a grid; what an earlier run finished is kept and not run again."""
    load_plugins(plugin)
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


def plan(grid: GridArgument, out: OutOption = None, plugin: PluginOption = None) -> None:
    """Show a grid's cells and rows, what is done and what would run; train nothing."""
    load_plugins(plugin)
    from benchmark.grid import load_grid
    from benchmark.plan import show as show_plan

    spec = load_grid(grid)
    show_plan(spec, out or Path("results") / spec.name, console())


def list_(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="tasks, methods, weightings, losses, regimes, models, recipes, grids, metrics or explainers.",
        ),
    ],
    plugin: PluginOption = None,
) -> None:
    """List what can stand in a grid, and where each comes from."""
    load_plugins(plugin)
    from rich.table import Table
    from rich.text import Text

    from benchmark.listing import listing

    columns, rows = listing(kind)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # as it is: n[l, c] is no markup
    console().print(table)


def load_plugins(plugins: list[Path] | None) -> None:
    """Load the files named with ``--plugin``."""
    from polyskew.plugins import load_plugin

    for path in plugins or []:
        load_plugin(path)
