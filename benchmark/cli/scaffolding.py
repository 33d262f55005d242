"""Commands for what users add: ``new`` starts it, ``check`` tries it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.grids import PluginOption, load_plugins


class New(StrEnum):
    """What can be started."""

    task = "task"
    method = "method"
    weighting = "weighting"
    loss = "loss"
    metric = "metric"
    explainer = "explainer"


def new(
    kind: Annotated[New, typer.Argument(help="What to start.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as cube_root.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write it.")] = Path(),
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Of a task: your own files, a folder or a path with {language}; repeatable."),
    ] = None,
) -> None:
    """Write a small task, method, ... that works, its test and a grid for it, to begin with."""
    from benchmark.scaffolds.new import new as write

    file, test, grid = write(kind.value, name, out, data or ())
    plugin = "" if kind is New.task else f" --plugin {file}"
    print(f"wrote {file}, {test} and {grid}; next:")
    print(f"  polyskew check {file}")
    print(f"  pytest {test}")
    print(f"  polyskew run {grid}{plugin}")


def check(
    target: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A registered name, a plug-in's .py file or a task's .yaml file.")
    ],
    kind: Annotated[str, typer.Option(help="Which kind NAME means, where several have it.")] = "",
    plugin: PluginOption = None,
) -> None:
    """Check what a task, method, weighting, loss, measure or explainer promises, a line for each promise."""
    load_plugins(plugin)
    from benchmark.contracts.check import check as checked

    found = checked(target, "measure" if kind == "metric" else kind)  # as the other commands call it
    for thing in found:
        print(thing)
    if not all(thing.kept for thing in found):
        raise typer.Exit(1)
