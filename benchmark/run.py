"""Run a grid into a results folder."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmark.executor import Tally, execute
from benchmark.expansion import expand, regimes_of
from benchmark.fitting import check_methods, check_weightings
from benchmark.grid import GridSpec, load_grid
from benchmark.progress import GridProgress
from benchmark.seeds import data_seed
from benchmark.spec import CellSpec
from benchmark.stages import Cell, comparable, settled, stages
from benchmark.trackers import check_trackers
from leaderboard.measuring.measure import measure
from polyskew.errors import UserError
from polyskew.files import check_folder, read_json, write_json, write_text
from polyskew.plugins import stop_reading
from polyskew.processes import without_script
from polyskew.yamls import validate
from tasks import Task, draw, explained, get_probe
from tasks.natural import skew as natural_skew
from tasks.regimes import shares, skew

_TERMS = {"licence", "redistribute", "citation"}  # on which data are used
Skews = dict[str, NDArray[np.float64]]
"""By task, the skew d[l, c] of its training rows as they are, ``[L, C]``."""


def run(grid: GridSpec | Mapping[str, Any] | str | Path, results: str | Path, workers: int | None = None) -> Tally:
    """Run all cells of a grid that are not done yet, and measure them.

    Args:
        grid: a grid, the same as a mapping, a shipped grid's name, or a YAML file's path.
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
    stop_reading()
    spec, results = as_grid(grid), Path(results)
    specs = expand(spec)
    check_folder(results)
    check_trackers(spec.report_to)
    natural = check(spec, specs)
    todo = [cell for cell in cells(spec, specs, results) if not settled(cell)]
    check_methods(cell.spec for cell in todo)
    record(spec, specs, results, natural)
    with GridProgress(len(todo)) as progress, without_script():
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


def as_grid(grid: GridSpec | Mapping[str, Any] | str | Path) -> GridSpec:
    """Return the grid that is meant by a mapping, a shipped grid's name or a YAML file's path.

    Raises:
        UserError: there is no such grid, or it is wrong.
    """
    if isinstance(grid, str | Path):
        return load_grid(str(grid))
    return grid if isinstance(grid, GridSpec) else validate(dict(grid), GridSpec, "the grid")


def check(grid: GridSpec, specs: list[CellSpec]) -> Skews:
    """Read the data, draw and weigh every regime once, so that what is wrong is said before anything is trained.

    Returns:
        The skew of each task that is also learned as it is (`tasks.natural`).

    Raises:
        UserError: a task's data are wrong or too few, or its probe corpus is missing or lacks a language, or a
            weighting or loss cannot be used with them.
    """
    regimes = regimes_of(specs)
    natural: Skews = {}
    for choice in {spec.task.name: spec.task for spec in specs}.values():
        task = choice.task
        splits = task.load()
        for regime in regimes[choice.name]:
            drawn = draw(task, splits, regime, data_seed(choice.name, grid.seeds[0]))
            there = [spec for spec in specs if (spec.task.name, spec.regime) == (choice.name, regime)]
            check_weightings(there, drawn.counts)
            if regime == "natural":
                natural[choice.name] = natural_skew(drawn.counts)
        if grid.measure.explained_texts:
            explained(task, drawn.test, grid.measure.explained_texts)
        if grid.measure.probe_rows:
            check_probe(task)
    return natural


def check_probe(task: Task) -> None:
    """Refuse a task that names no probe corpus, none that there is, or one that lacks a language.

    Raises:
        UserError: it is so.
    """
    if task.probe is None:
        raise UserError(f"task {task.name!r} names no probe corpus; add `probe`, or set measure.probe_rows to 0")
    try:
        corpus = get_probe(task.probe)
    except UserError as error:
        raise UserError(f"task {task.name!r}: probe: {error}") from None
    for language in task.languages:
        if language not in corpus.languages:
            known = ", ".join(corpus.languages)
            raise UserError(f"the probe corpus {corpus.name!r} of task {task.name!r} has no {language!r}, only {known}")


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


def record(grid: GridSpec, specs: list[CellSpec], results: Path, natural: Skews | None = None) -> None:
    """Write ``grid.yaml`` and each cell's ``spec.json``, by which a board tells what is missing.

    Args:
        grid: the grid.
        specs: its cells.
        results: the results folder.
        natural: from `check`.
    """
    asked_for = grid.model_dump(mode="json", exclude_defaults=True, by_alias=True) | {"version": 1}
    for choice in asked_for["tasks"]:
        choice["use"] = Path(choice["use"]).name  # where a task's file lay is nobody's business
    text = yaml.safe_dump(asked_for, sort_keys=False)
    write_text(results / "grid.yaml", text)
    asked = {spec.id for spec in specs}
    regimes = regimes_of(specs)
    for spec in [*specs, *(spec.work() for spec in specs if spec.work().id not in asked)]:
        path = results / "cells" / spec.id / "spec.json"
        content = describe(spec, grid, regimes[spec.task.name], natural)
        if not path.exists() or read_json(path) != content:
            write_json(path, content)


def describe(spec: CellSpec, grid: GridSpec, regimes: list[str], natural: Skews | None = None) -> dict[str, Any]:
    """Return a cell's ``spec.json``: its place on every axis, and what the measures need to know of it.

    Args:
        spec: the cell.
        grid: the grid that asked for it.
        regimes: the regimes of its task in this grid.
        natural: from `check`; a natural cell that is not in it has no skew.
    """
    task = spec.task.task
    corpus = get_probe(task.probe) if task.probe and grid.measure.probe_rows else None
    work = spec.work()
    skews = {} if spec.untuned else _skews(spec, regimes, natural or {})
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
        "weighting": None if spec.weighting is None else spec.weighting.name,
        "seed": spec.seed,
        "recipe": spec.recipe_name,
        "learning_rate": spec.learning_rate,
        "plugins": spec.plugins(grid.measure),
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


def _skews(spec: CellSpec, regimes: list[str], natural: Skews) -> dict[str, list[list[float]]]:
    """The skew d[l, c] of the cell's regime; a balanced cell is compared with all of the grid's that have one."""
    task, own = spec.task.task, str(spec.regime)
    found = {regime: skew(task, regime) for regime in regimes if regime != "natural"}
    if "natural" in regimes:
        found["natural"] = natural.get(spec.task.name)
    skewed = {regime: matrix for regime, matrix in found.items() if matrix is not None and matrix.any()}
    if own in skewed or own == "natural":  # of which all 0 is kept: the rows were looked at, and tell of none
        skewed = {own: matrix} if (matrix := found[own]) is not None else {}
    return {regime: matrix.tolist() for regime, matrix in skewed.items()}
