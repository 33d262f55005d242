"""The board: one row per task, model, regime, method and weighting, over seeds."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard.columns import COLUMNS
from leaderboard.index import read_index
from leaderboard.sources import skew_regime
from leaderboard.statistics.averaging import Number, average
from leaderboard.statistics.comparisons import Comparison
from leaderboard.store import Cell, Results
from leaderboard.summary import Summary
from leaderboard.variants import with_variants

if TYPE_CHECKING:
    from rich.console import RenderableType

SAME = "the same work as "
_LEAKS = ("leakage", "compression", "saved")  # the columns that are told of the untuned model too


@dataclass(frozen=True)
class Row:
    """One row of the board.

    Attributes:
        variant: how this row's task, model, recipe or device differs from another row of the same names; else empty.
        skew_regime: the skewed regime that both uptakes refer to.
        vectors: the vectors that were probed (``pooler`` or ``cls``).
        device: the kind of device of its trainings, or empty.
        precision: of its trainings, or empty.
        cells: ids, one for each seed.
        planned: number of seeds in the grid.
        done: number of seeds measured.
        status: ``done``, ``partly done``, ``unfinished``, ``failed``, ``not run`` or ``same as ...``.
        notes: what a reader must know: failures and their reasons, identical cells.
        numbers: by column name.
        untuned: numbers of the untuned model that this row is told beside, by column name.
        against_reference: by column name, of `COMPARED`.
        groups: letters, by column name: methods of this row's regime and weighting that share one cannot be told
            apart; empty where nothing is compared.
    """

    task: str
    model: str
    variant: str
    regime: str
    method: str
    weighting: str
    group: str
    reference: bool
    skew_regime: str
    vectors: str
    device: str
    precision: str
    cells: tuple[str, ...]
    planned: int
    done: int
    status: str
    notes: tuple[str, ...]
    numbers: dict[str, Number]
    untuned: dict[str, Number] = field(default_factory=dict)
    against_reference: dict[str, Comparison] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Board:
    """All rows; `to_table` and its siblings write them down."""

    rows: tuple[Row, ...]

    def to_table(self) -> "RenderableType":
        """Return rich tables, one for each task and model, with a caption that explains the numbers."""
        from leaderboard.tables.terminal import tables

        return tables(self)

    def to_text(self, width: int = 120) -> str:
        """Return the terminal tables as plain text."""
        from leaderboard.tables.terminal import text

        return text(self, width)

    def to_markdown(self) -> str:
        """Return Markdown tables with the core columns."""
        from leaderboard.tables.formats import markdown

        return markdown(self)

    def to_csv(self) -> str:
        """Return all columns as CSV; the names are documented in ``docs/board.md``."""
        from leaderboard.tables.formats import csv_text

        return csv_text(self)

    def to_json(self) -> str:
        """Return all rows with the method, seeds and reason of every number."""
        from leaderboard.tables.formats import json_text

        return json_text(self)


def board(results: Path | str) -> Board:
    """Read a results folder (of a finished or a running grid) into a board. Nothing is measured.

    Args:
        results: the results folder.

    Raises:
        UserError: not a results folder, or a file in it is broken.
    """
    found, summaries = read_index(results)
    return Board(tuple(rows_of(found, summaries)))


def rows_of(results: Results, summaries: dict[str, Summary]) -> list[Row]:
    """Return a board's rows.

    Args:
        results: the cells.
        summaries: of all of them, by id.
    """
    rows = [_row(results, cells, summaries) for cells in _same_row(results, summaries).values()]
    return with_variants(results, rows)


def _same_row(results: Results, summaries: dict[str, Summary]) -> dict[tuple[Any, ...], list[Cell]]:
    """Gather the cells that differ by their seed only; devices and precisions are kept apart."""
    rows: dict[tuple[Any, ...], list[Cell]] = {}
    waiting: list[tuple[tuple[Any, ...], Cell]] = []
    for cell in sorted(results.cells.values(), key=_order):
        spec = cell.spec
        key = (spec.task, spec.model, spec.group, spec.regime, spec.method, spec.weighting)
        worker = summaries[results.resolve(cell).spec.id]
        if worker.device or worker.precision:
            rows.setdefault((*key, worker.device, worker.precision), []).append(cell)
        else:
            waiting.append((key, cell))
    for key, cell in waiting:  # a cell that was not trained joins the first row of its names
        home = next((other for other in rows if other[:6] == key), (*key, "", ""))
        rows.setdefault(home, []).append(cell)
    return dict(sorted(rows.items(), key=lambda item: _order(item[1][0])))


def _order(cell: Cell) -> tuple[Any, ...]:
    spec = cell.spec
    # The untuned model comes first, then each method's reference and its regimes.
    return (
        spec.task,
        spec.model,
        not spec.is_untuned,
        _place(spec.method, ("full", "lora", "houlsby")),
        len(spec.canonical.get("recipe", {})),  # the plainest recipe first
        spec.recipe,
        spec.group,
        _place(spec.regime or "", ("balanced", "imbalanced", "switched", "natural")),
        _place(spec.weighting or "", ("none", "global", "per_language")),
        -1 if spec.seed is None else spec.seed,
    )


def _place(name: str, known: tuple[str, ...]) -> tuple[int, str]:
    return (known.index(name) if name in known else len(known), name)


def _row(results: Results, cells: list[Cell], summaries: dict[str, Summary]) -> Row:
    """Return the row of cells that differ by their seed; its variant is left to `with_variants`."""
    spec = cells[0].spec
    workers = [summaries[results.resolve(cell).spec.id] for cell in cells]
    columns = zip(*(worker.founds for worker in workers), strict=True)
    numbers = {column.name: average(column, founds) for column, founds in zip(COLUMNS, columns, strict=True)}
    done = sum(worker.done for worker in workers)
    status, notes = _status(results, cells, workers, done)
    before = results.untuned(cells[0])
    leaks = zip(COLUMNS, summaries[before.spec.id].founds, strict=True) if before else ()
    return Row(
        task=spec.task,
        model=spec.model,
        variant="",
        regime=spec.regime or "",
        method=spec.method,
        weighting=spec.weighting or "",
        group=spec.group,
        reference=spec.is_reference,
        skew_regime=skew_regime(cells[0]),
        vectors=next((worker.vectors for worker in workers if worker.vectors), ""),
        device=next((worker.device for worker in workers if worker.device), ""),
        precision=next((worker.precision for worker in workers if worker.precision), ""),
        cells=tuple(cell.spec.id for cell in cells),
        planned=len(cells),
        done=done,
        status=status,
        notes=tuple(notes),
        numbers=numbers,
        untuned={column.name: average(column, [found]) for column, found in leaks if column.name.startswith(_LEAKS)},
    )


def _status(results: Results, cells: list[Cell], workers: list[Summary], done: int) -> tuple[str, list[str]]:
    notes = []
    twins = sorted({_name(results, cell) for cell in cells if cell.spec.same_as})
    if twins:
        notes.append(SAME + ", ".join(twins))
    for cell, worker in zip(cells, workers, strict=True):
        if worker.failure:
            notes.append(f"seed {cell.spec.seed} {worker.failure}")
    failed = sum(bool(worker.failure) for worker in workers)
    if done == len(cells):
        status = "done"
    elif done:
        status = "partly done"
    elif failed:
        status = "failed"
    else:
        status = "unfinished" if any(worker.started for worker in workers) else "not run"
    if status == "partly done" and done + failed < len(cells):
        missing = [str(cell.spec.seed) for cell, w in zip(cells, workers, strict=True) if not (w.done or w.failure)]
        notes.append(f"seed {', '.join(missing)} not finished yet")
    return (f"same as {twins[0]}" if twins and status == "done" else status), notes


def _name(results: Results, cell: Cell) -> str:
    spec = results.resolve(cell).spec
    return f"{spec.method}/{spec.regime}/{spec.weighting}"
