"""The rows of a board: cells that differ by their seed only, and what is known of them."""

import json
from dataclasses import dataclass, field, replace

from leaderboard.columns import COLUMNS
from leaderboard.gathering import same_row
from leaderboard.schema import Spec
from leaderboard.sources import skew_regime
from leaderboard.statistics.averaging import Number, averages
from leaderboard.statistics.comparisons import Comparison, Entrant, compare
from leaderboard.store import Cell, Results
from leaderboard.summary import Summaries, Told
from leaderboard.variants import with_variants

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


def rows_of(results: Results, summaries: Summaries) -> list[Row]:
    """Return a board's rows.

    Args:
        results: the cells.
        summaries: of all of them.
    """
    gathered = same_row(results, summaries)
    works = [[results.resolve(cell).spec.id for cell in cells] for cells in gathered]
    places = [[summaries.places[name] for name in own] for own in works]
    numbers = averages(COLUMNS, summaries.founds, places)
    before = _untuned(results, summaries)
    compared = compare([_entrant(results, summaries, cells) for cells in gathered], summaries.founds)
    rows = []
    for cells, own, found, told in zip(gathered, places, numbers, compared, strict=True):
        untuned = results.untuned(cells[0])
        row = _row(results, cells, [summaries.told[place] for place in own])
        named = {column.name: number for column, number in zip(COLUMNS, found, strict=True)}
        leaks = before[untuned.spec.id] if untuned else {}
        rows.append(replace(row, numbers=named, untuned=leaks, **vars(told)))
    return with_variants(results, rows)


def _untuned(results: Results, summaries: Summaries) -> dict[str, dict[str, Number]]:
    """Return what each untuned cell leaks."""
    ids = sorted({results.resolve(cell).spec.id for cell in results.cells.values() if cell.spec.is_untuned})
    numbers = averages(COLUMNS, summaries.founds, [[summaries.places[name]] for name in ids])
    told = [zip(COLUMNS, found, strict=True) for found in numbers]
    return {
        name: {column.name: number for column, number in own if column.name.startswith(_LEAKS)}
        for name, own in zip(ids, told, strict=True)
    }


def _entrant(results: Results, summaries: Summaries, cells: list[Cell]) -> Entrant:
    """Return what a row's cells are compared by."""
    spec, regime = cells[0].spec, skew_regime(cells[0])
    placed = {cell.spec.seed: summaries.places[results.resolve(cell).spec.id] for cell in cells}
    own = {seed: place for seed, place in placed.items() if seed is not None}
    first = summaries.told[next(iter(placed.values()))]
    table = (spec.task, spec.task_version, spec.model, _made_alike(spec), first.device, first.precision)
    entrant = Entrant(table, (spec.regime, spec.weighting), own)
    if spec.is_untuned or spec.is_reference:
        return entrant
    references = {seed: cell for seed, cell in results.references(cells[0]).items() if seed in own}
    places = {seed: summaries.places[cell.spec.id] for seed, cell in references.items()}
    told = {seed: summaries.told[place] for seed, place in places.items()}
    alike = {seed for seed, one in told.items() if (one.device, one.precision) == (first.device, first.precision)}
    uptakes = None
    if any(skew_regime(cell) != regime for cell in references.values()):
        uptakes = {seed: one.uptakes[regime] for seed, one in told.items() if regime in one.uptakes}
    return replace(entrant, reference={seed: places[seed] for seed in alike}, uptakes=uptakes)


def _made_alike(spec: Spec) -> str:
    """Return what rows of one table share: all that was asked but method, regime, weighting and seed.

    Learning rates belong to the method.
    """
    form = {key: value for key, value in spec.canonical.items() if key not in ("method", "regime", "weighting", "seed")}
    if isinstance(recipe := form.get("recipe"), dict):
        form["recipe"] = {key: value for key, value in recipe.items() if key != "rates"}
    if isinstance(task := form.get("task"), dict):
        form["task"] = {key: value for key, value in task.items() if key != "regimes"}
    return json.dumps([form, spec.asked], sort_keys=True)


def _row(results: Results, cells: list[Cell], workers: list[Told]) -> Row:
    """Return what a row's cells say of it but its numbers; its variant is left to `with_variants`."""
    spec = cells[0].spec
    done = sum(worker.done for worker in workers)
    status, notes = _status(results, cells, workers, done)
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
        numbers={},
    )


def _status(results: Results, cells: list[Cell], workers: list[Told], done: int) -> tuple[str, list[str]]:
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
