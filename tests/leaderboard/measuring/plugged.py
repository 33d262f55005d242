"""Measures of plug-ins that are there for one test."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from leaderboard.measures import METRICS, CellMeasure
from polyskew.origin import Origin

Register = Callable[..., CellMeasure]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Registers a measure as the file ``mine.py`` of this checksum does, in the place of an earlier one."""
    METRICS.names()  # scanned
    entries, loaded = dict(METRICS._entries), dict(METRICS._loaded)
    monkeypatch.setattr(METRICS, "_entries", entries)
    monkeypatch.setattr(METRICS, "_loaded", loaded)

    def add(name: str, compute: Callable[[Any], Any], sha256: str = "ab12", **told: Any) -> CellMeasure:
        measure = CellMeasure(name, **({"version": 1, "unit": "share"} | told), compute=compute)
        entries.pop(name, None)
        loaded.pop(name, None)
        METRICS.add(
            name, lambda: measure, summary="", place="mine.py", origin=partial(Origin, "", "", "mine.py", sha256)
        )
        return measure

    return add


@pytest.fixture
def unregister(register: Register) -> Callable[[str], None]:
    def remove(name: str) -> None:
        METRICS._entries.pop(name)
        METRICS._loaded.pop(name, None)

    return remove
