"""Out of memory: smaller micro-batches, more of them, the same examples an update."""

import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertForSequenceClassification

from benchmark.examples import Rows
from benchmark.recipes import Rates, Recipe
from benchmark.training import train
from tests.benchmark.test_resume import same
from tests.benchmark.test_trainer import Spy, job

RATES = Rates(body=5e-3, head=5e-3)


class Device:
    """A device that holds ``limit`` training rows; while ``lucky`` calls are left it holds any number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: int, lucky: int = 0) -> None:
        self.lucky = lucky
        forward = BertForSequenceClassification.forward

        @functools.wraps(forward)
        def limited(model: Any, input_ids: torch.Tensor, **kwargs: Any) -> Any:
            if model.training and len(input_ids) > limit:
                if self.lucky == 0:
                    raise torch.OutOfMemoryError("no room")
                self.lucky -= 1
            return forward(model, input_ids=input_ids, **kwargs)

        monkeypatch.setattr(BertForSequenceClassification, "forward", limited)


def updates(monkeypatch: pytest.MonkeyPatch, work: Any) -> tuple[list[set[int]], Any]:
    """Train, and return the rows of every update that was made."""
    seen: list[set[int]] = []
    rows: list[int] = []
    fetch = Rows.__getitem__

    def fetched(self: Rows, index: int) -> dict[str, Any]:
        if len(self) == len(work.training.labels):
            rows.append(index)
        return fetch(self, index)

    with monkeypatch.context() as patch:
        spy = Spy(patch)
        patch.setattr(Rows, "__getitem__", fetched)
        trained = train(work, lambda share: None)
    size = work.recipe.batch_size * work.recipe.accumulation
    order = rows[-len(work.training.labels) :]  # what was fetched before memory ran out comes first
    seen = [set(order[start : start + size]) for start in range(0, len(order), size)]
    assert len(spy.gradients) >= len(seen)
    return seen, trained


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(("batch", "accumulation", "wanted"), [(16, 1, (4, 4)), (8, 2, (4, 4)), (9, 2, (3, 6))])
def test_an_update_keeps_its_examples(
    bert: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    accumulation: int,
    wanted: tuple[int, int],
    grouped: bool,
) -> None:
    recipe = Recipe(
        batch_size=batch, accumulation=accumulation, rates=RATES, evaluations_per_epoch=1, group_by_length=grouped
    )
    plain, record = updates(monkeypatch, job(bert, tmp_path / "plain", recipe=recipe, rows=60))
    assert record.cost["out_of_memory"] == 0
    assert (record.cost["micro_batch"], record.cost["accumulation"]) == (batch, accumulation)
    Device(monkeypatch, limit=4)
    tight, record = updates(monkeypatch, job(bert, tmp_path / "tight", recipe=recipe, rows=60))
    assert (record.cost["micro_batch"], record.cost["accumulation"]) == wanted
    assert record.cost["out_of_memory"] == (2 if batch == 16 else 1)
    assert tight == plain
    assert record.cost["steps"] == len(plain)


@pytest.mark.parametrize("method", ["full", "houlsby"])
def test_what_was_learned_before_memory_ran_out_is_not_learned_twice(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    # Three updates fit, and the fourth does not; there is no checkpoint yet.
    recipe = Recipe(batch_size=8, accumulation=1, rates=RATES, evaluations_per_epoch=1)
    settings: dict[str, Any] = {"recipe": recipe, "method": method, "rows": 48}
    device = Device(monkeypatch, limit=4)
    first = job(bert, tmp_path / "first", **settings)
    train(first, lambda share: None)
    device.lucky = 3
    late = job(bert, tmp_path / "late", **settings)
    record = train(late, lambda share: None)
    assert device.lucky == 0
    assert record.cost["out_of_memory"] == 1
    assert record.cost["micro_batch"] == 4
    same(first.model, late.model)


def test_after_a_checkpoint_it_goes_on_from_there(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(batch_size=8, accumulation=1, rates=RATES, evaluations_per_epoch=3)
    device = Device(monkeypatch, limit=4, lucky=5)
    steps: list[float] = []
    record = train(job(bert, tmp_path, recipe=recipe, rows=48), steps.append)
    assert device.lucky == 0
    assert record.cost["out_of_memory"] == 1
    assert [round(6 * share) for share in steps] == [1, 2, 3, 4, 5, 5, 6], "from the checkpoint of step 4, not from 0"
    assert record.cost["steps"] == 6


def test_one_example_that_does_not_fit_is_the_end(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Device(monkeypatch, limit=0)
    with pytest.raises(torch.OutOfMemoryError):
        train(job(bert, tmp_path, recipe=Recipe(batch_size=4)), lambda share: None)
