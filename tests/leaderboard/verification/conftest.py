"""A whole results folder, measured once, and copies of it to tamper with."""

import shutil
from pathlib import Path

import pytest

from tests.leaderboard.verification.whole import write_whole


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whole(tmp_path_factory.mktemp("whole") / "results")


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "results"))
