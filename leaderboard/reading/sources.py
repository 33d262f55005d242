"""Where the board's numbers stand in a cell's files."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from leaderboard.reading.measured import Block, Value
from leaderboard.reading.schema import SCHEMA, Cost
from leaderboard.reading.store import METRICS, Cell
from leaderboard.statistics.intervals import KEPT
from polyskew.errors import UserError

BOARD_VECTORS = ("pooler", "cls")
"""The vectors that the board's probes read, the first that a model has."""

NO_SEARCH = "no search"

# Which cell was the reference or the placebo differs from seed to seed, which skews are measured from grid to grid.
_NOT_METHOD = ("reference", "placebo", "skew")
_WHOLE = {"within": None, "match": None}  # the parameters of probes on a part of the texts


class Found(NamedTuple):
    """One cell's number, or the reason why it is missing.

    Attributes:
        made_by: measure, version and parameters; numbers that were made differently are never averaged.
        resampled: the number in the first resamples of its texts, the same in all seeds; or empty.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""
    reason: str = ""
    made_by: str = ""
    resampled: Sequence[float] = ()


@dataclass(frozen=True)
class Source:
    """Where a measured number stands in ``metrics.json``.

    Attributes:
        measure: its name.
        params: parameters that the block must have.
        by: of which value; ``"skew": "*"`` stands for the skewed regime that the row is set against.
        stage: the stage that must be finished before it can be measured.
    """

    measure: str
    stage: str
    params: dict[str, str | float] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)

    def __call__(self, cell: Cell) -> Found:
        """Find the number of a cell that did its own work."""
        # Numbers of an artifact that was made for other settings than those asked for now are not shown.
        block = self._block(cell) if cell.has(self.stage) else None
        if block is None:
            return Found(None, reason=self._why_not(cell))
        by = {key: (skew_regime(cell) if value == "*" else value) for key, value in self.by.items()}
        try:
            value = block.get(by)
            if value is None or value["value"] is None:
                # Where a whole block is missing, one value without `by` says why.
                reason = (value or block.get({}) or {}).get("reason", "not measured")
                sound, value = isinstance(reason, str), None
            else:
                sound = _is_sound(value)
        except (AttributeError, KeyError, OverflowError, TypeError):
            sound = False
        if not sound:
            raise UserError(
                f"{cell.folder / METRICS}: a value of {self.measure!r} is not of schema {SCHEMA}, whose numbers are "
                f"finite and whose reasons are texts"
            )
        if value is None:
            return Found(None, reason=reason)
        made_by = _made_by(block)
        method = block.interval or "" if "low" in value else ""
        resampled = value.get("resampled", ())
        return Found(value["value"], value.get("low"), value.get("high"), method, "", made_by, resampled)

    def _block(self, cell: Cell) -> Block | None:
        return find_block(cell, self.measure, self.params)

    def _why_not(self, cell: Cell) -> str:
        if reason := lacks(cell, self.stage):
            return reason
        if self.stage == "attributions" or self.measure == "accuracy_difference":
            return "there is no reference cell with this stage finished"
        corpus = self.params.get("corpus")
        if corpus is None:
            return "not measured"
        if any(block.params.get("corpus") == corpus for blocks in cell.blocks.values() for block in blocks):
            return "not measured by the version of polyskew that measured this cell"
        return f"not measured (no {corpus} features)"


class PluginColumnSource(Source):
    """Where the number of a plug-in's measure stands."""

    def _block(self, cell: Cell) -> Block | None:
        return cell.plugin_blocks.get(self.measure)

    def _why_not(self, cell: Cell) -> str:
        return lacks(cell, self.stage) or NOT_BY_PLUGIN


NOT_BY_PLUGIN = "not measured with the plug-in"


def lacks(cell: Cell, stage: str) -> str:
    """Return why nothing is measured on a stage of a cell; empty where something can be."""
    if cell.spec.is_untuned and stage != "features":
        return "the untuned model makes no predictions"
    if cell.failure is not None:
        return cell.failure.sentence()
    if not cell.started:
        return "not run yet"
    if not cell.has(stage):
        return f"the stage {stage!r} is not finished"
    return "not measured yet" if cell.metrics is None else ""


def find_block(cell: Cell, measure: str, params: dict[str, str | float]) -> Block | None:
    """Return the block of a measure with these parameters; vectors of the pooler come before those of CLS.

    The paper takes the pooler's output where the body has a pooler, and CLS where it has none. Vectors of single
    layers, and probes on a part of the texts, are found only where ``params`` asks for them.
    """
    wanted = tuple((_WHOLE | params).items())
    found: dict[object, Block] = {}
    for block in cell.blocks.get(measure, []):
        own = block.params
        for key, value in wanted:  # plain loops: a board asks tens of thousands of times
            if own.get(key) != value:
                break
        else:
            found.setdefault(own.get("vectors"), block)
    names = [params["vectors"]] if "vectors" in params else [*BOARD_VECTORS, None]
    return next((found[name] for name in names if name in found), None)


def skew_regime(cell: Cell) -> str:
    """Return the skewed regime that a cell is set against: its own, or for a balanced cell the grid's.

    With several in the grid, ``imbalanced`` is taken, or else the first by name.
    """
    names = sorted(cell.spec.skew or {})
    return "imbalanced" if "imbalanced" in names else next(iter(names), "")


_NUMBERS = {float, int}  # not bool, which is a kind of int


def _is_sound(value: Value) -> bool:
    """Return whether finite numbers stand where numbers belong. A board asks half a million times."""
    numbers: list[Any] = [value["value"]]
    if "low" in value or "high" in value:
        numbers += (value["low"], value["high"])
    if resampled := value.get("resampled"):
        if type(resampled) is not list or len(resampled) != KEPT:
            return False
        numbers += resampled
    return _NUMBERS.issuperset(map(type, numbers)) and all(map(math.isfinite, numbers))


def _made_by(block: Block) -> str:
    shared = [f"{key}={value}" for key, value in sorted(block.params.items()) if key not in _NOT_METHOD]
    shared += [f"plugin={block.plugin}"] if block.plugin else []
    return f"{block.measure} {block.version}" + (f" ({', '.join(shared)})" if shared else "")


def cost(name: str) -> Callable[[Cell], Found]:
    """Return what finds a number of ``train/cost.json``."""

    def find(cell: Cell) -> Found:
        recorded: Cost | None = cell.cost if cell.has("train") else None
        number = getattr(recorded, name, None)
        if number is not None:
            return Found(float(number))
        if cell.spec.is_untuned:
            return Found(None, reason="the untuned model is not trained")
        if recorded is None:
            return Found(None, reason=Source("cost", "train")._why_not(cell))
        return Found(None, reason=NO_SEARCH if name.startswith("search_") else "not recorded")

    return find


def search_at_edge(cell: Cell) -> Found:
    """Return 1 where a search chose the smallest or the largest rate of its range, and 0 where another."""
    recorded = cell.cost if cell.has("train") else None
    if recorded is not None and recorded.search is not None:
        return Found(float(recorded.search.at_edge))
    return cost("search_at_edge")(cell)  # which is no number of the file, and says why there is none


def tokens(name: str) -> Callable[[Cell], Found]:
    """Return what finds the mean over languages of a number of ``data/tokens.json``."""

    def find(cell: Cell) -> Found:
        recorded = cell.tokens if cell.has("data") else None
        if not recorded:
            return Found(None, reason="not recorded")
        return Found(sum(getattr(entry, name) for entry in recorded.values()) / len(recorded))

    return find
