"""Commands by which others can trust results: ``verify`` and ``merge``."""

import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from benchmark.cli.console import console
from benchmark.cli.grids import PluginOption, load_plugins


def verify(
    results: Annotated[
        str, typer.Argument(metavar="FOLDER|ORG/NAME", help="A results folder, or a data set on the hub.")
    ],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core by default.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Write what was found as JSON.")] = False,
    rerun: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Also train K random cells again, with data and model."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the choice of those cells.")] = 0,
    plugin: PluginOption = None,
) -> None:
    """Check a results folder and compute its numbers again; no GPU, model or data is needed."""
    load_plugins(plugin)
    import os

    from adapters import get_loss, get_method, get_weighting
    from leaderboard.verification.specs import Registered
    from leaderboard.verification.verify import verify as check
    from leaderboard.verification.writing import as_json, faults, sentences, table

    folder = _folder(results)
    found = check(folder, Registered(get_weighting, get_method, get_loss), workers or os.cpu_count() or 1, _tell)
    if json:
        sys.stdout.write(as_json(found))
    else:
        console().print(table(found))
        for line in sentences(found):
            print(line)
    again = rerun is None or _rerun(folder, rerun, seed, workers, sys.stderr if json else sys.stdout)
    if faults(found) or not again:
        raise typer.Exit(1)


def _rerun(folder: Path, count: int, seed: int, workers: int | None, to: TextIO) -> bool:
    """Train cells again, say what came of it, and return whether all of it is as expected."""
    from benchmark.rerun import rerun
    from leaderboard.tables.writing import one_line

    repeats = rerun(folder, count, seed, workers)
    print(f"trained again, chosen with seed {seed}:", file=to)
    for repeat in repeats:
        failure = f": {repeat.failure}" if repeat.failure else ""
        print("  " + one_line(f"{repeat.cell} ({repeat.name}){failure}"), file=to)
        for number in repeat.numbers:
            if number.equal:
                outcome = "equal"
            elif number.low is None or number.high is None:
                outcome = "differs, and nothing says by how much it may"
            else:
                outcome = f"{'within' if number.holds else 'NOT within'} [{number.low:.4f}, {number.high:.4f}]"
            print(f"    {number.column}: {number.recorded:.4f}, now {number.again:.4f}: {outcome}", file=to)
        for change in repeat.changed:
            print(f"    {one_line(change)}", file=to)
    return all(repeat.holds for repeat in repeats)


def merge(
    sources: Annotated[list[Path], typer.Argument(metavar="RESULTS...", help="Results folders; they stay as they are")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="The new folder with all of them.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core by default.")] = None,
) -> None:
    """Unite results of several people or machines into a new folder; cells that differ are conflicts, and are kept."""
    import os

    from leaderboard.merging.merge import merge as unite
    from leaderboard.tables.writing import one_line

    merged = unite(sources, out, workers or os.cpu_count() or 1)
    print(f"{out} has {merged.cells} cells; {merged.common} of them stand in several of the folders")
    for conflict in merged.conflicts:
        print(one_line(f"conflict: {conflict.cell} ({conflict.name}): {conflict.text}"))
        for place, origins in conflict.versions:
            print("  " + one_line(f"{out / place} from {', '.join(map(str, origins))}"))
    if merged.conflicts:
        count = len(merged.conflicts)
        print(f"{count} cells are not on the board; put the version you want in the cell's place under {out / 'cells'}")
    if merged.unmeasured:
        print(one_line(f"not all could be measured: {merged.unmeasured}"), file=sys.stderr)
    if merged.conflicts or merged.unmeasured:
        raise typer.Exit(1)


def _folder(name: str) -> Path:
    """Return a local folder, or what is pulled from the hub where there is none of this name."""
    if Path(name).exists() or name.count("/") != 1:
        return Path(name)
    from leaderboard.publishing.pull import pull

    return pull(name)


def _tell(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of} cells checked", end="\n" if done == of else "", file=sys.stderr, flush=True)
