"""What a check found in one cell."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Note(NamedTuple):
    """One thing that does not hold, or cannot be checked.

    Attributes:
        cell: id of the cell; empty for a file beside the cells.
        file: within the cell's folder.
        text: a clause that says what is wrong, or why it cannot be checked.
    """

    cell: str
    file: str
    text: str

    def sentence(self) -> str:
        """Return the note with its place before it."""
        return f"{'/'.join(part for part in (self.cell, self.file) if part)}: {self.text}"


@dataclass
class Findings:
    """What was found in one cell, added to by one check after another.

    Attributes:
        cell: its id.
        faults: what does not hold.
        gaps: what cannot be checked.
        broken: stages whose files are not read, as something is wrong with them.
        recomputed: by measure, how many numbers were computed again and are as recorded.
        deviation: the largest difference of such a number from the recorded one, over the larger of both.
        needs: ids of the cells that its numbers are differences to.
        prints: digests of what several cells must have in common, or must not, by what it is.
    """

    cell: str
    faults: list[Note] = field(default_factory=list)
    gaps: list[Note] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    recomputed: dict[str, int] = field(default_factory=dict)
    deviation: float = 0.0
    needs: set[str] = field(default_factory=set)
    prints: dict[str, str] = field(default_factory=dict)

    def fault(self, file: str, text: str) -> None:
        """Record what does not hold; the stage that the file belongs to is not read."""
        self.faults.append(Note(self.cell, file, text))
        stage, slash, _ = file.partition("/")
        if slash:
            self.broken.add(stage)

    def gap(self, file: str, text: str) -> None:
        """Record what cannot be checked; what is said of several parameters of a measure is said once."""
        note = Note(self.cell, file, text)
        if note not in self.gaps:
            self.gaps.append(note)
