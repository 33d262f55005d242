"""A verification as people and machines read it."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from leaderboard.tables.writing import one_line
from leaderboard.verification.findings import Note
from leaderboard.verification.outcome import Checked, outcomes
from leaderboard.verification.verify import Verification

if TYPE_CHECKING:
    from rich.table import Table

_SCHEMA = 1
_TOLD = 40  # faults; a broken folder has thousands


def faults(found: Verification) -> list[Note]:
    """Return all that does not hold, each once."""
    cells = (note for cell in found.cells.values() for note in cell.faults)
    return list(dict.fromkeys([*found.beside.faults, *cells]))


def gaps(found: Verification) -> list[Note]:
    """Return all that cannot be checked."""
    return [*found.beside.gaps, *(note for cell in found.cells.values() for note in cell.gaps)]


def table(found: Verification) -> "Table":
    """Return what was found of each row of the board, as a rich table."""
    from rich.table import Table
    from rich.text import Text

    result = Table(box=None, padding=(0, 2, 0, 0))
    variants = ("variant",) if any(row.variant for row in found.rows) else ()
    for heading in ("task", "model", *variants, "method", "regime", "weights", "seeds", "numbers", "outcome"):
        result.add_column(heading, justify="right" if heading in ("seeds", "numbers") else "left", overflow="fold")
    for checked in outcomes(found):
        row = checked.row
        variant = (row.variant,) if variants else ()
        names = (row.task, row.model, *variant, row.method, row.regime or "-", row.weighting or "-")
        told = (*names, str(row.done), str(sum(checked.recomputed.values())), checked.outcome)
        result.add_row(*(Text(one_line(text)) for text in told))
    return result


def sentences(found: Verification) -> list[str]:
    """Return what does not hold, what cannot be checked, and how closely the numbers were met."""
    lines = []
    told = faults(found)
    if told:
        lines.append("does not hold:")
        lines += [f"  {note.sentence()}" for note in told[:_TOLD]]
        if len(told) > _TOLD:
            lines.append(f"  and {len(told) - _TOLD} more; --json has all")
    if untold := gaps(found):
        lines += ["cannot be checked:", *(f"  {line}" for line in _gathered(untold))]
    numbers = sum(sum(cell.recomputed.values()) for cell in found.cells.values())
    deviation = max((cell.deviation for cell in found.cells.values()), default=0.0)
    lines.append(
        f"{numbers} numbers of {len(found.cells)} cells were computed again and are as recorded"
        + (f", to within {deviation:.1g} of their size" if deviation else ", to the last digit")
    )
    lines.append("time, memory and token counts are as recorded; nobody can compute them again without training")
    return [line[: len(line) - len(line.lstrip())] + one_line(line) for line in lines]


def _gathered(notes: Iterable[Note]) -> list[str]:
    """Say what several cells have in common once."""
    cells: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        cells.setdefault((note.file, note.text), []).append(note.cell)
    return [
        Note(names[0] if len(names) == 1 else f"{len(names)} cells", file, text).sentence()
        for (file, text), names in cells.items()
    ]


def as_json(found: Verification) -> str:
    """Return ``{"schema", "rows", "faults", "gaps"}``: of each row its names, cells and outcome."""
    value = {
        "schema": _SCHEMA,
        "rows": [_row(checked) for checked in outcomes(found)],
        "faults": [note._asdict() for note in faults(found)],
        "gaps": [note._asdict() for note in gaps(found)],
        "deviation": max((cell.deviation for cell in found.cells.values()), default=0.0),
    }
    # File names can have halves of characters, and what steers a terminal: ASCII alone is written.
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def _row(checked: Checked) -> dict[str, object]:
    row = checked.row
    names = {name: getattr(row, name) for name in ("task", "model", "variant", "method", "regime", "weighting")}
    return {
        **names,
        "cells": list(row.cells),
        "outcome": checked.outcome,
        "recomputed": checked.recomputed,
        "faults": [note.sentence() for note in checked.faults],
        "gaps": [note.sentence() for note in checked.gaps],
    }
