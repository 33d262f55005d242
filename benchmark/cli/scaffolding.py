"""Commands for what users add: ``new`` starts it, ``check`` tries it."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.grids import PluginOption, load_plugins


def new(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="What to start: task, method, weighting, loss, metric or explainer.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, such as cube_root.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write it.")] = Path(),
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Of a task: your own files, a folder or a path with {language}; repeatable."),
    ] = None,
) -> None:
    """Start a thing of your own: a small file that works, its test, and a grid."""
    from benchmark.scaffolds.new import new as write

    file, test, grid = (shlex.quote(str(path)) for path in write(kind, name, out, data or ()))
    plugin = "" if kind == "task" else f" --plugin {file}"
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
    """Check that a thing keeps the promises of its kind, a line for each."""
    load_plugins(plugin)
    from benchmark.contracts.check import check as checked

    found = checked(target, kind)
    for thing in found:
        print(thing)
    if not all(thing.kept for thing in found):
        raise typer.Exit(1)
