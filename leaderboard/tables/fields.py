"""Everything a row of the board can be asked for, by the name it has in the CSV."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from leaderboard.reading.column import Column
from leaderboard.rows import Row
from polyskew.errors import UserError, suggest

Value = str | float | None
NAMES = ("task", "model", "variant", "method", "regime", "weighting", "learning_rate")
"""What a row is called; always written."""


_UNTUNED = ("leakage_probe", "leakage_test", "compression_probe", "compression_test", "saved_probe", "saved_test")
_PARTS = {"": "value", "_low": "low", "_high": "high", "_interval": "method", "_seeds": "seeds", "_reason": "reason"}
_AGAINST = {"": "difference", "_low": "low", "_high": "high", "_p": "p"}


class Field(NamedTuple):
    """One column of the CSV.

    Attributes:
        column: of the board, to which it belongs: of ``accuracy_low`` that is ``accuracy``.
        text: whether it holds texts; else numbers.
        get: takes a row and returns its value; None where a number is missing.
    """

    column: str
    text: bool
    get: Callable[[Row], Value]


Fields = dict[str, Field]
"""By name, in the order of the CSV."""


def fields_of(columns: Sequence[Column]) -> Fields:
    """Return all that rows with these numbers can be asked for."""
    return dict(_fields(columns))


def chosen(names: Sequence[str], fields: Fields) -> tuple[str, ...]:
    """Return the columns to write beside a row's names, each once.

    Raises:
        UserError: one is no column.
    """
    for name in names:
        if name not in fields or fields[name].column != name:
            raise UserError(no_column(name, (field.column for field in fields.values())))
    return tuple(dict.fromkeys(name for name in names if name not in NAMES))


def texts(names: Sequence[str], fields: Fields) -> tuple[str, ...]:
    """Return names of columns to group by, each once.

    Raises:
        UserError: one is no column, or one of numbers.
    """
    for name in names:
        if name not in fields:
            raise UserError(no_column(name, (field for field in fields if fields[field].text)))
        if not fields[name].text:
            raise UserError(f"rows are grouped by a column of texts, such as regime; {name} holds numbers")
    return tuple(dict.fromkeys(names))


def no_column(name: str, known: Iterable[str], otherwise: str = "docs/board.md lists the columns") -> str:
    """Return the sentence about a name that is no column.

    Args:
        name: what was asked for.
        known: what could have been meant; too many to list.
        otherwise: what to say where none of them is close.
    """
    hint = suggest(name, known)
    return f"the board has no column {name!r}{hint if 'did you mean' in hint else f'; {otherwise}'}"


def _fields(columns: Sequence[Column]) -> Iterator[tuple[str, Field]]:
    own, plugins = ([column for column in columns if column.plugin is plugin] for plugin in (False, True))
    for name in (*NAMES, "skew_regime", "vectors"):
        yield name, Field(name, True, attrgetter(name))
    yield "reference", Field("reference", False, lambda row: int(row.reference))
    yield "seeds_planned", Field("seeds_planned", False, attrgetter("planned"))
    yield "seeds_done", Field("seeds_done", False, attrgetter("done"))
    yield "status", Field("status", True, attrgetter("status"))
    yield "notes", Field("notes", True, lambda row: "; ".join(row.notes))
    yield "group", Field("group", True, attrgetter("group"))
    yield "cells", Field("cells", True, lambda row: " ".join(row.cells))
    for column in own:
        yield from _number(column.name)
    for name in _UNTUNED:
        yield f"{name}_untuned", Field(name, False, _of_untuned(name))
    yield "device", Field("device", True, attrgetter("device"))
    yield "precision", Field("precision", True, attrgetter("precision"))
    for column in own:
        if column.compared:
            yield from _compared(column.name)
    for column in plugins:
        yield from _number(column.name)
        if column.compared:
            yield from _compared(column.name)


def _number(column: str) -> Iterator[tuple[str, Field]]:
    for suffix, part in _PARTS.items():
        yield f"{column}{suffix}", Field(column, part in ("method", "reason"), _of_number(column, part))


def _compared(column: str) -> Iterator[tuple[str, Field]]:
    for suffix, part in _AGAINST.items():
        yield f"{column}_vs_reference{suffix}", Field(column, False, _of_comparison(column, part))
    yield f"{column}_group", Field(column, True, _of_groups(column))


def _of_number(column: str, part: str) -> Callable[[Row], Value]:
    get = attrgetter(part)
    return lambda row: get(row.numbers[column])


def _of_untuned(column: str) -> Callable[[Row], Value]:
    return lambda row: number.value if (number := row.untuned.get(column)) else None


def _of_comparison(column: str, part: str) -> Callable[[Row], Value]:
    get = attrgetter(part)
    return lambda row: get(comparison) if (comparison := row.against_reference.get(column)) else None


def _of_groups(column: str) -> Callable[[Row], Value]:
    return lambda row: row.groups.get(column, "")
