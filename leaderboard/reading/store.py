"""Reading a results folder, finished or still running.

What is not there yet is missing; what is there and broken is an error that names the file.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import RootModel

from leaderboard.reading.blocks import only
from leaderboard.reading.measured import Block, Metrics
from leaderboard.reading.schema import Cost, Failure, LanguageTokens, M, Spec, StageRecord, parse
from polyskew.errors import UserError
from polyskew.files import MANIFEST

CELLS, CONFLICTS = "cells", "conflicts"
SPEC, METRICS, FAILURE = "spec.json", "metrics.json", "failure.json"
PROVENANCE, STAGE_FILE = "provenance.json", "stage.json"
STAGES = ("data", "train", "predict", "features", "attributions")


class Tokens(RootModel[dict[str, LanguageTokens]]):
    """``data/tokens.json``: token statistics by language."""


@dataclass(frozen=True)
class Cell:
    """One cell's folder; files are read on first use.

    Attributes:
        folder: ``results/cells/<id>``.
        spec: what the cell is.
    """

    folder: Path
    spec: Spec

    @cached_property
    def metrics(self) -> Metrics | None:
        """What was measured, or None."""
        return self._metrics(_bytes(self.folder / METRICS))

    @cached_property
    def blocks(self) -> dict[str, list[Block]]:
        """The measured blocks by the name of their measure; empty where nothing was measured."""
        found: dict[str, list[Block]] = {}
        for block in self.metrics.measures if self.metrics else []:
            if block.plugin is None:
                found.setdefault(block.measure, []).append(block)
        return found

    @cached_property
    def plugin_blocks(self) -> dict[str, Block]:
        """What measures of plug-ins made, by their names."""
        return {block.measure: block for block in self.metrics.measures if block.plugin} if self.metrics else {}

    @cached_property
    def cost(self) -> Cost | None:
        """What training took, or None."""
        return _read(self.folder / "train" / "cost.json", Cost)

    @cached_property
    def tokens(self) -> dict[str, LanguageTokens] | None:
        """Token statistics by language, or None."""
        tokens = _read(self.folder / "data" / "tokens.json", Tokens)
        return tokens.root if tokens else None

    @cached_property
    def failure(self) -> Failure | None:
        """Why the cell failed, or None."""
        return _read(self.folder / FAILURE, Failure)

    def read_only(self, kept: Callable[[str], bool]) -> None:
        """Read the metrics without the other blocks, until `forget`; see `leaderboard.reading.blocks.only`."""
        text = _bytes(self.folder / METRICS)
        self.__dict__["metrics"] = self._metrics(text and only(text, kept))

    def _metrics(self, text: bytes | None) -> Metrics | None:
        place = self.folder / METRICS
        metrics = None if text is None else parse(text, Metrics, str(place))
        if metrics and metrics.cell != self.spec.id:
            raise UserError(f"{place} is of the cell {metrics.cell}, not of {self.spec.id}")
        return metrics

    def forget(self) -> None:
        """Let go of the metrics, to be read again if asked for: thousands of cells are too much to keep at once."""
        for name in ("metrics", "blocks", "plugin_blocks"):
            self.__dict__.pop(name, None)

    def has(self, stage: str) -> bool:
        """Whether a stage is finished, and it and what it builds on as they are asked for now."""
        return stage in self._finished

    @cached_property
    def _finished(self) -> set[str]:
        found = {stage for stage in STAGES if (self.folder / stage / MANIFEST).exists() and self._as_asked(stage)}
        for place, stage in enumerate(("data", "train")):  # all later stages are made from these
            if stage in self.spec.asked and stage not in found:
                return found & set(STAGES[:place])
        return found

    def _as_asked(self, stage: str) -> bool:
        wanted = self.spec.asked.get(stage)
        if wanted is None:
            return True
        record = _read(self.folder / stage / STAGE_FILE, StageRecord)
        return record is not None and all(record.asked.get(key) == value for key, value in wanted.items())

    @property
    def done(self) -> bool:
        """Whether all its stages are finished and measured."""
        stages = self.spec.stages or (("features",) if self.spec.is_untuned else STAGES)
        return self.metrics is not None and self.failure is None and all(self.has(stage) for stage in stages)

    @property
    def started(self) -> bool:
        """Whether any stage is finished."""
        return any(self.has(stage) for stage in STAGES)


class Results:
    """All cells of a results folder.

    Args:
        folder: the results folder.
        cells: its cells by id.
    """

    def __init__(self, folder: Path, cells: dict[str, Cell]) -> None:
        self.folder = folder
        self.cells = cells
        self._trained: dict[tuple[object, ...], list[Cell]] = {}
        self._untuned: dict[tuple[object, ...], list[Cell]] = {}
        for cell in cells.values():
            spec = cell.spec
            if spec.is_untuned:
                self._untuned.setdefault((spec.task, spec.task_version, spec.model), []).append(cell)
            elif spec.is_reference:
                self._trained.setdefault((spec.task, spec.model, spec.method, spec.group), []).append(cell)

    def resolve(self, cell: Cell) -> Cell:
        """Return the cell that did the work of ``cell``: itself, or the one that ``same_as`` points to.

        Raises:
            UserError: ``same_as`` points to no cell, or in a circle.
        """
        seen = {cell.spec.id}
        while cell.spec.same_as is not None:
            other = self.cells.get(cell.spec.same_as)
            if other is None or other.spec.id in seen:
                fault = "points in a circle" if other else f"is {cell.spec.same_as!r}, which is no cell of this folder"
                raise UserError(f"{cell.folder / SPEC}: same_as {fault}")
            cell = other
            seen.add(cell.spec.id)
        return cell

    def references(self, cell: Cell) -> dict[int, Cell]:
        """Return the balanced, unweighted cells that ``cell`` may be compared with, by seed."""
        spec = cell.spec
        found = self._trained.get((spec.task, spec.model, spec.method, spec.group), [])
        return {other.spec.seed: self.resolve(other) for other in found if other.spec.seed is not None}

    def reference(self, cell: Cell) -> Cell | None:
        """Return the reference cell of the same seed, if the grid has one."""
        return None if cell.spec.seed is None else self.references(cell).get(cell.spec.seed)

    def placebo(self, cell: Cell) -> Cell | None:
        """Return the balanced cell of the next seed that has attributions, cyclically; None if there is no other."""
        seed = cell.spec.seed
        others = {other: found for other, found in self.references(cell).items() if other != seed}
        seeds = sorted(other for other, found in others.items() if found.has("attributions"))
        if seed is None or not seeds:
            return None
        return others[next((other for other in seeds if other > seed), seeds[0])]

    def untuned(self, cell: Cell) -> Cell | None:
        """Return the untuned cell of the same task and model, if there is one that can be compared."""
        spec = cell.spec
        found = self._untuned.get((spec.task, spec.task_version, spec.model), [])
        same = [other for other in found if other.spec.group == spec.group]
        if same or len(found) == 1:
            return self.resolve((same or found)[0])
        return None


def read_results(folder: Path | str) -> Results:
    """Read the specs of all cells of a results folder.

    Args:
        folder: the folder that holds ``cells/``; a grid may be running in it.

    Raises:
        UserError: not a results folder, or a ``spec.json`` is broken; the message names it.
    """
    found = [one for path in cell_folders(folder) if (one := read_cell(path)) is not None]
    return Results(Path(folder), {cell.spec.id: cell for cell, _ in found})


def cell_folders(folder: Path | str) -> list[Path]:
    """Return the folders in which the cells of a results folder stand, by name.

    Raises:
        UserError: not a results folder.
    """
    cells = Path(folder) / CELLS
    if not cells.is_dir():
        raise UserError(f"{folder} is not a results folder: it has no folder {CELLS!r}")
    # Names are sorted, not paths, which takes ten times as long.
    return [cells / name for name in sorted(os.listdir(cells)) if not name.startswith(".")]  # noqa: PTH208


def read_cell(folder: Path) -> tuple[Cell, bytes] | None:
    """Read a cell's spec; return the cell and what stands in ``spec.json``, or None where there is none.

    Raises:
        UserError: ``spec.json`` is broken, or its id is not the folder's name.
    """
    text = _bytes(folder / SPEC)
    if text is None:
        return None
    spec = parse(text, Spec, str(folder / SPEC))
    if spec.id != folder.name:
        raise UserError(f"{folder / SPEC}: the id is {spec.id!r}, but the folder is called {folder.name!r}")
    return Cell(folder, spec), text


def _read(path: Path, model: type[M]) -> M | None:
    text = _bytes(path)
    return None if text is None else parse(text, model, str(path))


def _bytes(path: Path) -> bytes | None:
    """Return what stands in a file, or None where there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:  # a folder of this name, or somebody else's file
        raise UserError(f"{path} cannot be read ({error.strerror})") from None
