"""Run a grid into a results folder."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from benchmark.executor import Tally, execute
from benchmark.grid import GridSpec, expand, load_grid, regimes_of
from benchmark.progress import GridProgress
from benchmark.seeds import data_seed
from benchmark.spec import CellSpec
from benchmark.stages import Cell, comparable, settled, stages
from leaderboard.measuring.measure import measure
from polyskew.errors import UserError
from polyskew.files import check_folder, read_json, write_json, write_text
from tasks import Task, draw, explained, get_probe
from tasks.regimes import shares, skew

_TERMS = {"licence", "redistribute", "citation"}  # on which data are used


def run(grid: GridSpec | str, results: Path, workers: int | None = None) -> Tally:
    """Run all cells of a grid that are not done yet, and measure them.

    Args:
        grid: a grid, a shipped grid's name, or a YAML file's path.
        results: the folder; a folder of an earlier, killed or other run is gone on with.
        workers: number of worker processes; by default one a GPU, or by the number of cores.

    Returns:
        The ids of the cells that were done now and of those that failed; finished cells are in neither.

    Raises:
        UserError: the grid or its data are wrong, or several processes of one launcher run it; nothing was run.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            "a grid shares out its cells to its own workers; start it without `accelerate launch` or torchrun"
        )
    spec = load_grid(grid) if isinstance(grid, str) else grid
    specs = expand(spec)
    check_folder(results)
    check(spec, specs)
    record(spec, specs, results)
    todo = [cell for cell in cells(spec, specs, results) if not settled(cell)]
    with GridProgress(len(todo)) as progress:
        for model in spec.models:
            if not model.pinned:
                progress.note(f"model {model.name!r} is whatever {model.source} is today; give it a revision to pin it")
        tally = execute(todo, progress, workers) if todo else Tally()
        progress.note("measuring")
        try:
            measure(results, workers=workers or os.cpu_count() or 1)
        except UserError as error:  # a broken artifact of one cell; the board of the others is still worth showing
            tally.unmeasured = str(error)
    return tally


def check(grid: GridSpec, specs: list[CellSpec]) -> None:
    """Read the data and draw every regime once, so that what is wrong with them is said before anything is trained.

    Raises:
        UserError: a task's data are wrong or too few, or its probe corpus is missing or lacks a language.
    """
    regimes = regimes_of(specs)
    for choice in {spec.task.name: spec.task for spec in specs}.values():
        task = choice.task
        splits = task.load()
        for regime in regimes[choice.name]:
            drawn = draw(task, splits, regime, data_seed(choice.name, grid.seeds[0]))
        if grid.measure.explained_texts:
            explained(task, drawn.test, grid.measure.explained_texts)
        if grid.measure.probe_rows:
            if task.probe is None:
                raise UserError(
                    f"task {task.name!r} names no probe corpus; add `probe`, or set measure.probe_rows to 0"
                )
            corpus = get_probe(task.probe)
            for language in task.languages:
                if language not in corpus.languages:
                    known = ", ".join(corpus.languages)
                    raise UserError(
                        f"the probe corpus {corpus.name!r} of task {task.name!r} has no {language!r}, only {known}"
                    )


def cells(grid: GridSpec, specs: Iterable[CellSpec], results: Path) -> list[Cell]:
    """Return the cells whose work is to be done: each once, however many cells share it."""
    works = {work.id: work for spec in specs for work in [spec.work()]}
    return [
        Cell(
            spec=work,
            folder=results / "cells" / work.id,
            measure=grid.measure,
            keep_weights=grid.keep_weights,
            report_to=tuple(grid.report_to),
        )
        for work in works.values()
    ]


def record(grid: GridSpec, specs: list[CellSpec], results: Path) -> None:
    """Write ``grid.yaml`` and each cell's ``spec.json``, by which a board tells what is missing."""
    asked_for = grid.model_dump(mode="json", exclude_defaults=True, by_alias=True) | {"version": 1}
    for choice in asked_for["tasks"]:
        choice["use"] = Path(choice["use"]).name  # where a task's file lay is nobody's business
    text = yaml.safe_dump(asked_for, sort_keys=False)
    write_text(results / "grid.yaml", text)
    asked = {spec.id for spec in specs}
    regimes = regimes_of(specs)
    for spec in [*specs, *(spec.work() for spec in specs if spec.work().id not in asked)]:
        path = results / "cells" / spec.id / "spec.json"
        content = describe(spec, grid, regimes[spec.task.name])
        if not path.exists() or read_json(path) != content:
            write_json(path, content)


def describe(spec: CellSpec, grid: GridSpec, regimes: list[str]) -> dict[str, Any]:
    """Return a cell's ``spec.json``: its place on every axis, and what the measures need to know of it.

    Args:
        spec: the cell.
        grid: the grid that asked for it.
        regimes: the regimes of its task in this grid.
    """
    task = spec.task.task
    corpus = get_probe(task.probe) if task.probe and grid.measure.probe_rows else None
    work = spec.work()
    skews = {} if spec.untuned else _skews(task, [str(spec.regime)]) or _skews(task, regimes)
    target = None if spec.untuned else shares(task, str(spec.regime))
    return {
        "schema": 1,
        "id": spec.id,
        "same_as": None if work.id == spec.id else work.id,
        "task": spec.task.name,
        "task_version": task.version,
        "regime": spec.regime,
        "model": spec.model.identity()["name"],
        "method": spec.method.name,
        "weighting": spec.weighting,
        "seed": spec.seed,
        "recipe": spec.recipe_name,
        "canonical": spec.canonical(),
        "group": comparable(spec, grid.measure),
        "languages": list(task.languages),
        "labels": list(task.labels),
        "pair": task.pair,
        **task.model_dump(include=_TERMS),
        "probe": None if corpus is None else corpus.model_dump(include={"name", *_TERMS}),
        "shares": None if target is None else target.tolist(),
        "skew": skews,
        "stages": [stage.name for stage in stages(spec, grid.measure)],
        "asked": {stage.name: stage.wanted(spec, grid.measure) for stage in stages(spec, grid.measure)},
    }


def _skews(task: Task, regimes: list[str]) -> dict[str, list[list[float]]]:
    """The skew d[l, c] of those regimes that have one; a balanced cell is compared with all of the grid's."""
    found = {regime: skew(task, regime) for regime in regimes}
    return {regime: matrix.tolist() for regime, matrix in found.items() if matrix is not None and matrix.any()}
