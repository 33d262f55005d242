"""What a verification says of each row of the board."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from leaderboard.reading.store import SPEC
from leaderboard.rows import Row
from leaderboard.verification.findings import Note
from leaderboard.verification.verify import Verification

Outcome = Literal["holds", "holds in part", "cannot be checked", "does not hold", "no numbers yet"]


@dataclass(frozen=True)
class Checked:
    """One row of the board, checked.

    Attributes:
        row: the row.
        outcome: ``does not hold`` where anything is wrong with a cell that its numbers rest on; ``holds in part``
            where some numbers were computed again and are as recorded, and others cannot be.
        faults: what does not hold, of its own cells first.
        gaps: what cannot be checked.
        recomputed: by measure, how many numbers of its own cells were computed again and are as recorded.
    """

    row: Row
    outcome: Outcome
    faults: tuple[Note, ...]
    gaps: tuple[Note, ...]
    recomputed: dict[str, int]


def outcomes(found: Verification) -> Iterator[Checked]:
    """Yield what was found of each row."""
    text = "cannot be read, so nobody knows whether it is of this row"
    unplaced = tuple(Note(name, SPEC, text) for name in found.unplaced)
    for row, (own, compared) in zip(found.rows, found.rests_on, strict=True):
        cells = [found.cells[name] for name in (*own, *compared)]
        faults = tuple(note for cell in cells for note in cell.faults)
        gaps = tuple(note for cell in cells for note in cell.gaps) + unplaced
        recomputed: Counter[str] = Counter()
        for name in own:
            recomputed.update(found.cells[name].recomputed)
        if faults:
            outcome: Outcome = "does not hold"
        elif gaps:
            outcome = "holds in part" if recomputed else "cannot be checked"
        else:
            outcome = "holds" if recomputed else "no numbers yet"
        yield Checked(row, outcome, faults, gaps, dict(recomputed))
