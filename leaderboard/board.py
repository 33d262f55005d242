"""The board: one row per task, model, regime, method and weighting, over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard.reading.column import Column
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.index import read_index
from leaderboard.rows import Row, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from leaderboard.tables.terminal import Tables


@dataclass(frozen=True)
class Board:
    """All rows; `where` and `sort` choose among them, `to_table` and its siblings write them down.

    All that write take the same two arguments:

    - ``columns``: what to show beside a row's names; by default the core ones, in CSV and JSON all.
    - ``group``: columns of texts, such as regime; rows that share them stand in one table. By default task, model and
      variant.

    ``docs/tables.md`` describes the formats. All raise a `UserError` about a name that is no column.

    Attributes:
        rows: the rows.
        columns: the columns of numbers: the suite's, then those of the plug-ins' measures that the results hold.
    """

    rows: tuple[Row, ...]
    columns: tuple[Column, ...] = COLUMNS

    def where(self, expression: str) -> "Board":
        """Return the rows that fit, for example ``board.where('method == "lora" and accuracy > .3')``.

        Args:
            expression: comparisons of columns of the CSV, joined by and, or and not; see `leaderboard.tables.filters`.

        Raises:
            UserError: it is none; the message names the place.
        """
        from leaderboard.tables.choosing import filtered
        from leaderboard.tables.fields import fields_of

        return replace(self, rows=filtered(self.rows, expression, fields_of(self.columns)))

    def sort(self, *columns: str) -> "Board":
        """Return the rows sorted, for example ``board.sort("regime", "-accuracy")``; what is missing comes last.

        Args:
            columns: of the CSV, the first one first; ``-`` before a name sorts from its largest value.

        Raises:
            UserError: one is no column.
        """
        from leaderboard.tables.choosing import sorted_by
        from leaderboard.tables.fields import fields_of

        return replace(self, rows=sorted_by(self.rows, columns, fields_of(self.columns)))

    def to_table(self, columns: Sequence[str] = (), group: Sequence[str] = ()) -> "Tables":
        """Return what rich prints as tables, each with a caption that explains the numbers."""
        from leaderboard.tables.terminal import Tables

        return Tables(self, columns, group)

    def to_text(self, width: int = 120, columns: Sequence[str] = (), group: Sequence[str] = ()) -> str:
        """Return the terminal tables as plain text of at most ``width`` columns."""
        from leaderboard.tables.terminal import text

        return text(self, width, columns, group)

    def to_markdown(self, columns: Sequence[str] = (), group: Sequence[str] = ()) -> str:
        """Return Markdown tables."""
        from leaderboard.tables.markdown import markdown

        return markdown(self, columns, group)

    def to_latex(self, columns: Sequence[str] = (), group: Sequence[str] = ()) -> str:
        """Return LaTeX tables, which need the packages booktabs and graphicx."""
        from leaderboard.tables.latex import latex

        return latex(self, columns, group)

    def to_html(self, columns: Sequence[str] = (), group: Sequence[str] = ()) -> str:
        """Return one HTML page, without scripts."""
        from leaderboard.tables.html import html

        return html(self, columns, group)

    def to_csv(self, columns: Sequence[str] = (), group: Sequence[str] = ()) -> str:
        """Return CSV; its columns are documented in ``docs/board.md``."""
        from leaderboard.tables.records import csv_text

        return csv_text(self, columns, group)

    def to_json(self, columns: Sequence[str] = (), group: Sequence[str] = ()) -> str:
        """Return JSON with the method, seeds and reason of every number."""
        from leaderboard.tables.records import json_text

        return json_text(self, columns, group)

    def to_frame(self) -> "DataFrame":
        """Return a pandas frame: one row for each of the board's, with the columns of the CSV."""
        import pandas as pd

        from leaderboard.tables.fields import fields_of

        fields = fields_of(self.columns)
        kinds = {True: object, False: float}
        told = {name: ([field.get(row) for row in self.rows], kinds[field.text]) for name, field in fields.items()}
        return pd.DataFrame({name: pd.Series(values, dtype=kind) for name, (values, kind) in told.items()})

    def figure(self, title: str = "") -> "Figure":
        """Return the board as a matplotlib figure; raises a `UserError` where there is nothing to draw."""
        from leaderboard.figure import drawn

        return drawn(self, title)

    def __repr__(self) -> str:
        """Return what a terminal shows: the tables as plain text."""
        return self.to_text()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from leaderboard.tables.html import fragment

        return fragment(self)


def board(results: Path | str, workers: int = 1) -> Board:
    """Read a results folder (of a finished or a running grid) into a board. Nothing is measured.

    Args:
        results: the results folder.
        workers: processes that share the cells which the folder's index does not know yet, where they are thousands.

    Raises:
        UserError: not a results folder, or a file in it is broken.
    """
    found, summaries = read_index(results, workers)
    return Board(tuple(rows_of(found, summaries)), summaries.columns)
