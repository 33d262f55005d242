"""What language probes found, as values with intervals."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import leakage, online_coding
from leaderboard.measuring.jobs import value
from leaderboard.probes.runs import Outcome
from leaderboard.reading.measured import Value
from leaderboard.statistics.intervals import normal

Formula = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
Controls = dict[str, Outcome | str]


def leakage_values(own: Outcome | str, controls: Controls, by: dict[str, str] | None = None) -> list[Value]:
    """Return the share of texts whose language was told, chance (``majority``), and the controls."""
    return share_values(own, {"majority": _chance(own)} | controls, by)


def share_values(own: Outcome | str, controls: Controls, by: dict[str, str] | None = None) -> list[Value]:
    """Return the share of texts whose language was told, and the controls."""
    return _values(lambda found, _: found, own, controls, by)


def majority_value(language: NDArray[np.int64]) -> Value:
    """Return the share of the most frequent language."""
    return value(leakage.chance(language), {"control": "majority"})


def above_chance_values(own: Outcome | str, controls: Controls, by: dict[str, str] | None = None) -> list[Value]:
    """Return `leakage.above_chance` and the controls."""
    return _values(leakage.above_chance, own, controls, by)


def compression_values(own: Outcome | str, controls: Controls, by: dict[str, str] | None = None) -> list[Value]:
    """Return `online_coding.compression` and the controls."""
    return _values(online_coding.compression, own, controls, by)


def bits_values(own: Outcome | str, controls: Controls, by: dict[str, str] | None = None) -> list[Value]:
    """Return the mean bits a text, those of the uniform code, and the controls."""
    return _values(lambda bits, _: bits, own, {"uniform code": _chance(own)} | controls, by)


def saved_values(own: Outcome | str, controls: Controls, by: dict[str, str] | None = None) -> list[Value]:
    """Return `online_coding.saved` and the controls."""
    return _values(online_coding.saved, own, controls, by)


def _values(formula: Formula, own: Outcome | str, controls: Controls, by: dict[str, str] | None) -> list[Value]:
    if isinstance(own, str):
        return [value(None, by, reason=own)]
    number = _number(formula, own)
    values = [value(number, by, normal(number, formula(*own.replicates)) if np.isfinite(number) else None)]
    for name, control in controls.items():
        place = (by or {}) | {"control": name}
        if isinstance(control, str):
            values.append(value(None, place, reason=control))
        else:
            values.append(value(_number(formula, control), place))
    return values


def _chance(own: Outcome | str) -> Outcome | str:
    return own if isinstance(own, str) else Outcome(own.chance, own.chance, own.group)


def _number(formula: Formula, outcome: Outcome) -> float:
    found, chance = outcome.means
    return float(formula(np.asarray(found), np.asarray(chance)))
