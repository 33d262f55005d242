"""``metrics.json``: what was measured on a cell."""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation
from typing_extensions import TypedDict

from leaderboard.reading.plugin_records import MeasuredBy
from leaderboard.reading.schema import SCHEMA


class Value(TypedDict, total=False):
    """One number. Absent keys mean: ``by`` nothing, no interval, no reason.

    ``by`` says of what it is the value (``{"language": "fr"}``); ``value`` is null when missing, and then ``reason``
    says why; ``low`` and ``high`` bound the interval, whose method stands with the block; ``resampled`` is the number
    in the first resamples of its texts, which are the same in every seed.
    """

    by: dict[str, str]
    value: float | None
    low: float
    high: float
    resampled: list[float]
    reason: str


class Block(BaseModel):
    """All values of one measure with the same parameters and inputs.

    Attributes:
        inputs: SHA-256 of each file used: ``predict/predictions.parquet``, or with the id of another cell before it.
        interval: the method of the values' intervals, or None.
        plugin: what made it, where that is not the suite.
    """

    model_config = ConfigDict(extra="forbid")

    measure: str
    version: int
    unit: str
    params: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, str] = Field(default_factory=dict)
    interval: str | None = None
    plugin: MeasuredBy | None = None
    # Not validated one by one, which would take most of the time of reading: the board checks those it shows.
    values: SkipValidation[list[Value]]

    def get(self, by: dict[str, str]) -> Value | None:
        """Return the value of exactly this ``by``, if there is one."""
        return next((value for value in self.values if value.get("by", {}) == by), None)


class Metrics(BaseModel):
    """``metrics.json``."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    version: Literal[1] = Field(default=1, alias="schema")
    cell: str
    measures: list[Block]


def dump(metrics: Metrics) -> str:
    """Return ``metrics.json`` as text: compact JSON with one value on a line, so that it stays small and diffs well."""

    def compact(value: Any) -> str:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))

    blocks = []
    for block in metrics.measures:
        head = compact(block.model_dump(exclude={"values"}, exclude_defaults=True))[:-1]
        values = ",\n".join(compact(value) for value in block.values)
        blocks.append(f'{head},"values":[\n{values}]}}')
    return f'{{"schema":{SCHEMA},"cell":{compact(metrics.cell)},"measures":[\n' + ",\n".join(blocks) + "]}\n"
