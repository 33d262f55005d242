"""Columns of measures that users added: known by the results that hold them, whether the plug-in is here or not."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from leaderboard.reading.column import Column
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.sources import PluginColumnSource
from leaderboard.reading.store import METRICS, Cell
from polyskew.errors import UserError

_NAMES = "task model variant method regime weighting learning_rate skew_regime vectors reference seeds_planned"
_NAMES += " seeds_done status notes group cells device precision n"
RESERVED = frozenset((*_NAMES.split(), *(column.name for column in COLUMNS)))
"""What else a board has columns for."""

_FORM = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PART = re.compile(r".*_(low|high|interval|seeds|reason|untuned|group|vs_reference(_low|_high|_p)?)")


class PluginColumn(NamedTuple):
    """What a block of ``metrics.json`` says of its measure.

    Attributes:
        name: of the measure, and of its column.
        version: of the measure.
        unit: of the value.
        stage: on whose artifact it is measured.
        better: ``higher``, ``lower`` or empty.
        summary: one line about the measure.
    """

    name: str
    version: int
    unit: str
    stage: str
    better: str
    summary: str

    def column(self) -> Column:
        """Return the board's column; rows are compared by what has a better end."""
        return Column(
            self.name,
            self.unit,
            PluginColumnSource(self.name, self.stage),
            self.summary,
            over_texts=self.stage == "attributions",
            compared=bool(self.better),
            better={"higher": "higher", "lower": "lower"}.get(self.better),  # type: ignore[arg-type]
            plugin=True,
        )


def wrong_name(name: str) -> str:
    """Return what keeps a measure's name from being a column of the board; empty where nothing does."""
    if not _FORM.fullmatch(name):
        return "lower-case letters, digits and _ are wanted, 40 at most"
    if name in RESERVED:
        return "the board has a column of this name already"
    return "the board has columns that end so, which belong to others" if _PART.fullmatch(name) else ""


def plugin_columns(cell: Cell) -> set[PluginColumn]:
    """Return the plug-ins' measures that a cell has numbers of.

    Raises:
        UserError: one has a name that no column can have.
    """
    found = set()
    for name, block in cell.plugin_blocks.items():
        if wrong := wrong_name(name):
            raise UserError(f"{cell.folder / METRICS}: {name!r} cannot be the name of a plug-in's measure: {wrong}")
        if (told := block.plugin) is not None:
            found.add(PluginColumn(name, block.version, block.unit, told.stage, told.better or "", told.summary))
    return found


def latest(columns: Iterable[PluginColumn]) -> tuple[PluginColumn, ...]:
    """Return one of each name, the one of the latest version, in the order of their names."""
    return tuple({column.name: column for column in sorted(columns)}.values())
