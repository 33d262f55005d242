"""The rows of a board: cells that differ by their seed only, and what is known of them."""

import json
from dataclasses import dataclass, field, replace

from leaderboard.gathering import same_row
from leaderboard.outdated import earlier, outdated
from leaderboard.reading.schema import Spec
from leaderboard.reading.sources import skew_regime
from leaderboard.reading.store import Cell, Results
from leaderboard.reading.summary import Summaries, Told
from leaderboard.statistics.averaging import Number, averages
from leaderboard.statistics.comparisons import Comparison, Entrant, compare_rows
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
        planned: number of seeds that the folder has of it.
        done: number of seeds measured.
        status: ``done``, ``partly done``, ``unfinished``, ``failed``, ``not run`` or ``same as ...``.
        notes: what a reader must know: failures and their reasons, identical cells.
        numbers: by column name.
        untuned: numbers of the untuned model that this row is told beside, by column name.
        against_reference: by the name of a column that rows are compared by.
        groups: letters, by column name: methods of this row's regime and weighting that share one cannot be told
            apart; empty where nothing is compared.
        learning_rate: what the grid calls the row's learning rates; empty for the method's own.
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
    learning_rate: str = ""


def rows_of(results: Results, summaries: Summaries) -> list[Row]:
    """Return a board's rows.

    Args:
        results: the cells.
        summaries: of all of them.
    """
    gathered = same_row(results, summaries)
    places = [[summaries.places[results.resolve(cell).spec.id] for cell in cells] for cells in gathered]
    columns = summaries.columns
    numbers = averages(columns, summaries.founds, places)
    before, old = _untuned(results, summaries), outdated(summaries.founds)
    rows = []
    for cells, own, found in zip(gathered, places, numbers, strict=True):
        row = _row(results, cells, [summaries.told[place] for place in own])
        untuned = results.untuned(cells[0])
        rows.append(
            replace(
                row,
                notes=(*row.notes, *earlier(summaries.founds, own, old)),
                numbers={column.name: number for column, number in zip(columns, found, strict=True)},
                untuned=before[untuned.spec.id] if untuned else {},
            )
        )
    rows = [replace(row, notes=(*row.notes, *_elsewhere(results, summaries, row))) for row in rows]
    entrants = [_entrant(results, summaries, row, own) for row, own in zip(rows, places, strict=True)]
    compared = compare_rows(entrants, summaries.founds, columns)
    rows = [replace(row, **vars(found)) for row, found in zip(rows, compared, strict=True)]
    return with_variants(results, rows)


def _untuned(results: Results, summaries: Summaries) -> dict[str, dict[str, Number]]:
    """Return what each untuned cell leaks."""
    ids = sorted({results.resolve(cell).spec.id for cell in results.cells.values() if cell.spec.is_untuned})
    columns = summaries.columns
    numbers = averages(columns, summaries.founds, [[summaries.places[name]] for name in ids])
    told = [zip(columns, found, strict=True) for found in numbers]
    return {
        name: {column.name: number for column, number in own if column.name.startswith(_LEAKS) and not column.plugin}
        for name, own in zip(ids, told, strict=True)
    }


def _entrant(results: Results, summaries: Summaries, row: Row, places: list[int]) -> Entrant:
    """Return what a row is compared by; its reference's cells count where they were trained on the same."""
    cells = [results.cells[name] for name in row.cells]
    spec, trained = cells[0].spec, (row.device, row.precision)
    own = {cell.spec.seed: place for cell, place in zip(cells, places, strict=True) if cell.spec.seed is not None}
    table = (spec.task, spec.task_version, spec.model, _made_alike(spec), *trained)
    entrant = Entrant(table, (spec.regime, spec.weighting), own)
    if row.reference or spec.is_untuned:
        return entrant
    found = {seed: cell for seed, cell in results.references(cells[0]).items() if seed in own}
    home = {seed: summaries.places[cell.spec.id] for seed, cell in found.items()}
    told = {seed: summaries.told[place] for seed, place in home.items()}
    home = {seed: home[seed] for seed, one in told.items() if (one.device, one.precision) == trained}
    if all(skew_regime(cell) == row.skew_regime for cell in found.values()):
        return replace(entrant, reference=home)
    uptakes = {seed: one.uptakes[row.skew_regime] for seed, one in told.items() if row.skew_regime in one.uptakes}
    return replace(entrant, reference=home, uptakes=uptakes)


def _elsewhere(results: Results, summaries: Summaries, row: Row) -> tuple[str, ...]:
    """Return a note where a row's reference was trained on another kind of device or in another precision."""
    if row.reference or not row.device:
        return ()
    cells = results.references(results.cells[row.cells[0]]).values()
    told = [summaries.told[summaries.places[cell.spec.id]] for cell in cells]
    there = {(one.device, one.precision) for one in told if one.device} - {(row.device, row.precision)}
    return tuple(
        f"trained on {row.device} in {row.precision} and its reference on {device} in {precision}: differences from it "
        f"hold that too, and are not tested"
        for device, precision in sorted(there)
    )


def _made_alike(spec: Spec) -> str:
    """Return what rows of one table share: all that was asked but method, regime, weighting, learning rates and seed.

    Learning rates belong to the method: each has its own, and a grid that varies them tries each method several times.
    """
    form = {key: value for key, value in spec.canonical.items() if key not in ("method", "regime", "weighting", "seed")}
    if isinstance(recipe := form.pop("recipe", {}), dict):
        recipe = {key: value for key, value in recipe.items() if key != "rates"}
    form |= {"recipe": recipe} if recipe else {}
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
        learning_rate=spec.learning_rate,
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
    return "/".join(filter(None, (spec.method, spec.regime, spec.weighting, spec.learning_rate)))
