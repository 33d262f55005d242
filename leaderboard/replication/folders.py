"""Results folders, one or several, gathered into studies."""

from collections.abc import Iterable
from pathlib import Path

from leaderboard.reading.store import STAGES, Cell, Results, read_results
from leaderboard.reading.summary import summarise
from leaderboard.replication.published import MODELS, TASKS
from leaderboard.replication.studies import Study
from leaderboard.rows import Row, rows_of
from polyskew.errors import UserError, suggest


def read_studies(folders: Iterable[Path], stand_ins: dict[str, str]) -> list[Study]:
    """Read results folders into studies.

    A cell that stands in several folders is taken from the one where it is further along, or else from the first.

    Args:
        folders: results folders, finished or not.
        stand_ins: names of tasks and models here, and of the paper's (keys of `TASKS` and `MODELS`) that they stand
            in for.

    Raises:
        UserError: not a results folder, a broken file, or a stand-in whose names are not known.
    """
    results = merge([read_results(folder) for folder in folders])
    tasks, models = _names(results, stand_ins)
    rows = rows_of(results, summarise(list(results.cells.values())))
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda row: _machine(row) == ""):  # those that no machine worked on come last
        if row.method == "untuned":
            continue
        key = (row.task, row.model, row.method, row.group, _machine(row))
        home = next((other for other in found if other[:4] == key[:4]), key) if not key[4] else key
        found.setdefault(home, []).append(row)
    order = [row.cells for row in rows]
    studies = []
    for (task, model, method, *_), own in found.items():
        own.sort(key=lambda row: order.index(row.cells))
        variant = max((row.variant for row in own), key=len)
        rate = next((f"learning rate {row.learning_rate}" for row in own if row.learning_rate), "")
        variant = ", ".join(part for part in (rate, variant) if part)
        placed = {(row.regime, row.weighting): row for row in own}
        study = Study(results, task, model, method, variant, tasks.get(task, ""), models.get(model, ""), placed)
        studies.append(study)
    return sorted(studies, key=lambda study: order.index(next(iter(study.rows.values())).cells))


def merge(folders: list[Results]) -> Results:
    """Return all cells of several results folders as one."""
    cells: dict[str, Cell] = {}
    for results in folders:
        for name, cell in results.cells.items():
            if name not in cells or _progress(cell) > _progress(cells[name]):
                cells[name] = cell
    return Results(folders[0].folder, cells)


def _progress(cell: Cell) -> tuple[bool, bool, int]:
    return cell.done, cell.metrics is not None, sum(cell.has(stage) for stage in STAGES)


def _machine(row: Row) -> str:
    return f"{row.device} {row.precision}".strip()


def _names(results: Results, stand_ins: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the paper's name of each task and each model that has one."""
    tasks, models = dict(TASKS), dict(MODELS)
    specs = [cell.spec for cell in results.cells.values()]
    for mine, papers in stand_ins.items():
        if papers in TASKS:
            kind, named, present = "task", tasks, {spec.task for spec in specs}
        elif papers in MODELS:
            kind, named, present = "model", models, {spec.model for spec in specs}
        else:
            known = suggest(papers, [*TASKS, *MODELS])
            raise UserError(f"--stand-in {mine}={papers}: the paper has no task or model {papers!r}{known}")
        if mine not in present:
            raise UserError(f"--stand-in {mine}={papers}: the results have no {kind} {mine!r}{suggest(mine, present)}")
        named[mine] = {**TASKS, **MODELS}[papers]
    return tasks, models
