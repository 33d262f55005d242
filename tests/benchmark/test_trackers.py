"""Experiment trackers: names that cannot be used are told at once, and each training is a run of its own."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers.integrations import TensorBoardCallback

from benchmark.trackers import check_trackers, one_run
from polyskew.errors import UserError

VARIABLE = "TENSORBOARD_LOGGING_DIR"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tensorbord", "no tracker called 'tensorbord'; did you mean 'tensorboard'"),
        ("comet_ml", "comet_ml cannot be used"),
    ],
)
def test_what_cannot_be_used_is_told(name: str, said: str) -> None:
    check_trackers([])
    with pytest.raises(UserError, match=said) as raised:
        check_trackers([name])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("given", [None, "elsewhere"])
def test_tensorboard_writes_where_nothing_is_removed(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, given) if given else monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("transformers.integrations.integration_utils.is_tensorboard_available", lambda: True)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=object))
    with one_run(["tensorboard"], "t lora none/1 seed 0"):
        callback: Any = TensorBoardCallback()
    assert Path(callback.logging_dir) == Path(given or "runs", "t_lora_none_1_seed_0")
    assert os.environ.get(VARIABLE) == given


def test_a_run_of_wandb_ends_with_its_training(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(finish=lambda: ended.append("run")))
    with one_run([], "one"):
        pass
    assert ended == []
    with pytest.raises(ZeroDivisionError), one_run(["wandb"], "two"):
        raise ZeroDivisionError
    assert ended == ["run"]
