"""What a grid would do: its cells, its rows, what is done. Trains nothing and imports no torch."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmark.expansion import expand, regimes_of
from benchmark.grid import GridSpec
from benchmark.run import cells, check_probe
from benchmark.seeds import data_seed
from benchmark.spec import CellSpec
from benchmark.stages import pending
from polyskew.files import check_folder
from tasks import draw


@dataclass(frozen=True)
class Planned:
    """One cell of a plan.

    Attributes:
        spec: the cell.
        state: ``done``, ``same as <id>``, or the stages that would run; with `` (as <id>)`` where they belong to a cell
            of the same work that is not in the grid.
    """

    spec: CellSpec
    state: str


def plan(grid: GridSpec, results: Path) -> list[Planned]:
    """Return every cell of the grid with what there is to do for it."""
    specs = expand(grid)
    todo = {cell.spec.id: [stage.name for stage in pending(cell)] for cell in cells(grid, specs, results)}
    told = {spec.id for spec in specs}
    planned = []
    for spec in specs:
        work = spec.work()
        state = ", ".join(todo[work.id]) or "done"
        if work.id not in told:
            state += f" (as {work.id})"
            told.add(work.id)
        elif work.id != spec.id:
            state = f"same as {work.id}"
        planned.append(Planned(spec, state))
    return planned


def rows(grid: GridSpec) -> list[tuple[str, str, int, int, int, int]]:
    """Return per task and regime: names, rows of training, validation and test, and rows that were dropped.

    Dropped are rows that stand in two splits, from the training side. Reads the data.
    """
    found = []
    regimes = regimes_of(expand(grid))
    for choice in (choice for choice in grid.tasks if choice.name in regimes):
        if grid.measure.probe_rows:
            check_probe(choice.task)
        splits = choice.task.load()
        dropped = sum(sum(reasons.values()) for reasons in splits.report["dropped"].values())
        for regime in regimes[choice.name]:
            drawn = draw(choice.task, splits, regime, data_seed(choice.name, grid.seeds[0]))
            found.append((choice.name, regime, len(drawn.train), len(drawn.validation), len(drawn.test), dropped))
    return found


def show(grid: GridSpec, results: Path, console: Console) -> None:
    """Print the plan."""
    check_folder(results)
    found = rows(grid)  # first, as it may find something wrong
    planned = plan(grid, results)
    table = Table(title=f"grid {grid.name}: cells", title_justify="left")
    several = [axis for axis in ("recipe", "learning_rate") if len(getattr(grid, f"{axis}s")) > 1]
    axes = ("task", "regime", "model", "method", "weighting", *(axis.replace("_", " ") for axis in several), "seed")
    for column in ("cell", *axes, "to do"):
        table.add_column(column, overflow="fold")
    for item in planned:
        spec = item.spec
        told = {"recipe": spec.recipe_name, "learning_rate": spec.learning_rate or "own"}
        beside = [None if spec.untuned else told[axis] for axis in several]
        names = (spec.task.name, spec.regime, spec.model.name, spec.method.name, spec.weighting, *beside, spec.seed)
        table.add_row(spec.id, *("-" if name is None else str(name) for name in names), item.state)
    console.print(table)
    sizes = Table(title="rows", title_justify="left")
    for column in ("task", "regime", "training", "validation", "test", "dropped"):
        sizes.add_column(column, justify="left" if column in ("task", "regime") else "right")
    for row in found:
        sizes.add_row(*(str(value) for value in row))
    console.print(sizes)
    states = Counter(
        "done" if item.state.startswith("done") else "identical" if item.state.startswith("same as") else "to run"
        for item in planned
    )
    console.print(
        f"{len(planned)} cells: {states['done']} done, {states['identical']} identical to another, "
        f"{states['to run']} to run; results in {results}"
    )
