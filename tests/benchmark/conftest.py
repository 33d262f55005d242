"""What the tests of this room share: tiny encoders on disk, and a tiny task in one YAML file."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers.trainer  # noqa: F401  (before what is imported is frozen)

from benchmark.cli import main
from tests.benchmark import world

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer x 32 with its pooler and a WordPiece tokenizer."""
    return world.make_bert(tmp_path_factory.mktemp("encoders") / "bert")


@pytest.fixture(scope="session")
def xlmr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An XLM-R of one layer x 32 with a Unigram tokenizer that puts two separators between the sides of a pair."""
    return world.make_xlmr(tmp_path_factory.mktemp("encoders") / "xlmr")


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task of 120 training rows: French and English, five stars."""
    return world.write_task(tmp_path_factory.mktemp("tasks"))


@pytest.fixture
def polyskew(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Call the command in this process, in a folder of its own: returns status, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["polyskew", *map(str, arguments)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return call
