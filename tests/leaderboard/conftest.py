"""One thread for linear algebra, as `leaderboard.probes.jobs` has it; and no fit of a language probe is made twice."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from leaderboard.measures import leakage, online_coding
from leaderboard.measures.probing import fit_predict


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(autouse=True, scope="session")
def one_fit() -> Iterator[None]:
    """Remember what fits gave: they take most of the time of measuring, and copies of a folder have them in common."""
    known: dict[bytes, Any] = {}

    def remembered(train: Any, language: Any, test: Any, c: float, classes: int) -> Any:
        asked = hashlib.blake2b(repr((train.shape, test.shape, c, classes)).encode())
        for array in (train, language, test):
            asked.update(f"{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
        key = asked.digest()
        if key not in known:
            known[key] = fit_predict(train, language, test, c, classes)
        return known[key].copy()

    with pytest.MonkeyPatch.context() as patch:
        for module in (leakage, online_coding):
            patch.setattr(module, "fit_predict", remembered)
        yield
