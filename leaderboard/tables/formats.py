"""The formats that a board is written in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from leaderboard.board import Board


class Write(Protocol):
    """A function that writes a board."""

    def __call__(self, board: Board, /, columns: Sequence[str] = (), group: Sequence[str] = ()) -> str:
        """Return the board as text; `Board` says what the arguments are."""


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        suffix: of a file's name.
        write: returns a board as text.
    """

    suffix: str
    write: Write


FORMATS = {
    "csv": Format("csv", Board.to_csv),
    "json": Format("json", Board.to_json),
    "md": Format("md", Board.to_markdown),
    "latex": Format("tex", Board.to_latex),
    "html": Format("html", Board.to_html),
}
"""By the name that the command ``board`` has for each."""
