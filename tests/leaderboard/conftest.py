"""One thread for linear algebra, as `leaderboard.probes.jobs` has it; and no fit of a language probe is made twice."""

import hashlib
import os
import sqlite3
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
def one_fit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remember what fits gave, for the processes of a run too: they take most of the time of measuring."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    known = sqlite3.connect(folder / "fits.sqlite", timeout=60, isolation_level=None)
    known.execute("pragma journal_mode = wal")
    known.execute("pragma synchronous = off")
    known.execute("create table if not exists fits (asked blob primary key, given blob)")

    def remembered(train: Any, language: Any, test: Any, c: float, classes: int) -> Any:
        asked = hashlib.blake2b(repr((train.shape, test.shape, c, classes)).encode())
        for array in (train, language, test):
            asked.update(f"{array.dtype}".encode() + np.ascontiguousarray(array).tobytes())
        found = known.execute("select given from fits where asked = ?", (asked.digest(),)).fetchone()
        if found is None:
            found = (fit_predict(train, language, test, c, classes).astype(np.float64).tobytes(),)
            known.execute("insert or ignore into fits values (?, ?)", (asked.digest(), *found))
        return np.frombuffer(found[0]).reshape(len(test), classes).copy()

    with pytest.MonkeyPatch.context() as patch:
        for module in (leakage, online_coding):
            patch.setattr(module, "fit_predict", remembered)
        yield
    known.close()
