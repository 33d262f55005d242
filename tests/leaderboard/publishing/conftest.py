"""A hub that can be written to, and a user of it, in this process."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

from leaderboard.measuring.measure import measure
from tests.leaderboard.publishing.stand_in import TOKEN, Hub, serve
from tests.leaderboard.synthetic import grid, write_grid


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with serve() as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", running.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # whose protocol is not this stand-in's
        monkeypatch.setattr("huggingface_hub.utils._http.time", Mock())  # it waits between its attempts
        monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        disable_progress_bars()
        yield running
        enable_progress_bars()


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small grid of a task whose texts may be passed on; copy it before changing it."""
    folder = write(tmp_path_factory.mktemp("measured") / "results")
    measure(folder)
    return folder


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("written") / "results")


@pytest.fixture
def results(written: Path, tmp_path: Path) -> Path:
    """The same before it is measured, to be changed."""
    return shutil.copytree(written, tmp_path / "results")


def write(folder: Path) -> Path:
    write_grid(folder, grid((0, 1), ("lora",)), rows=60, explained=12, hidden=4)
    (folder / "grid.yaml").write_text("version: 1\nname: small\n")
    return folder
