"""A training that is killed and gone on with ends with the very bits of one that is not."""

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from adapters import get_loss
from benchmark.checkpoints import last_whole
from benchmark.job import Trained
from benchmark.recipes import Rates, Recipe
from benchmark.sampling import Draws
from benchmark.training import train
from tests.benchmark import world
from tests.benchmark.test_trainer import job

RATES = Rates(body=5e-3, head=5e-3)


class Killed(BaseException):
    """What no handler of ordinary errors catches."""


def trained(model: Path, folder: Path, *, kill_at: float | None = None, **changes: Any) -> tuple[Any, Trained]:
    """Train to the end; where ``kill_at`` is given, stop once at that share of the steps and go on in a new job."""

    def make() -> Any:
        return job(model, folder, **changes)

    if kill_at is not None:

        def kill(share: float) -> None:
            if share >= kill_at:
                raise Killed

        with pytest.raises(Killed):
            train(make(), kill)
        torch.manual_seed(999)  # what stood in the dead process' generators is lost
    work = make()
    return work.model, train(work, lambda share: None)


def same(first: torch.nn.Module, second: torch.nn.Module) -> None:
    one, two = first.state_dict(), second.state_dict()
    assert one.keys() == two.keys()
    different = [name for name in one if not torch.equal(one[name], two[name])]
    assert different == []


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("method", ["full", "lora", "houlsby"])
def test_going_on_gives_the_same_bits(bert: Path, tmp_path: Path, method: str, grouped: bool) -> None:
    # 42 rows in updates of 2 x 3: 7 an epoch, the last ones short; checkpoints after steps 3, 6, 9, 12, 14. Stopped
    # in the first epoch (step 5), at its end (7), in the second (8, and 9, just before it is saved), and at the end.
    recipe = Recipe(
        batch_size=3, accumulation=2, epochs=2, rates=RATES, evaluations_per_epoch=3, group_by_length=grouped
    )
    settings: dict[str, Any] = {"method": method, "recipe": recipe, "rows": 42}
    whole, record = trained(bert, tmp_path / "whole", **settings)
    assert record.cost["steps"] == 14
    for step in (5, 7, 9, 14) if method == "full" else (5, 9):
        resumed, again = trained(bert, tmp_path / str(step), kill_at=step / 14 - 1e-9, **settings)
        same(whole, resumed)
        assert again.cost["best_step"] == record.cost["best_step"]
        losses = [
            {entry["step"]: entry["eval_loss"] for entry in found.history if "eval_loss" in entry}
            for found in (record, again)
        ]
        assert losses[0] == losses[1]


@pytest.mark.parametrize(
    "terms",
    [
        {"masked_entropy": "text"},
        {"unlearn_language": {"use": "gradient_reversal"}},
        {"unlearn_language": {"use": "entropy_maximisation"}},
    ],
)
def test_additional_losses_go_on_too(bert: Path, tmp_path: Path, terms: dict[str, Any]) -> None:
    recipe = Recipe(batch_size=3, accumulation=1, rates=RATES, evaluations_per_epoch=3, **terms)
    whole, _ = trained(bert, tmp_path / "whole", recipe=recipe)
    resumed, _ = trained(bert, tmp_path / "killed", recipe=recipe, kill_at=0.5)
    same(whole, resumed)
    other, _ = trained(bert, tmp_path / "other", recipe=Recipe(**recipe.model_dump(exclude=set(terms))))
    assert any(not torch.equal(one, two) for one, two in zip(whole.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("accumulation", [1, 3])
def test_the_weights_of_groups_go_on_too(bert: Path, tmp_path: Path, accumulation: int) -> None:
    recipe = Recipe(batch_size=3, accumulation=accumulation, epochs=2, rates=RATES, evaluations_per_epoch=3)
    settings: dict[str, Any] = {
        "recipe": recipe,
        "rows": 42,
        "loss": partial(get_loss("group_dro", {"step_size": 0.5}).prepare, np.full((2, 5), 4)),
    }
    whole, record = trained(bert, tmp_path / "whole", **settings)
    for share in (0.3, 0.5, 0.8):
        resumed, again = trained(bert, tmp_path / str(share), kill_at=share, **settings)
        same(whole, resumed)
        assert [entry.get("loss") for entry in record.history] == [entry.get("loss") for entry in again.history]
    other, _ = trained(bert, tmp_path / "other", recipe=recipe, rows=42)
    assert any(not torch.equal(one, two) for one, two in zip(whole.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("grouped", [False, True])
def test_drawn_rows_go_on_too(bert: Path, tmp_path: Path, grouped: bool) -> None:
    recipe = Recipe(
        batch_size=3, accumulation=2, epochs=2, rates=RATES, evaluations_per_epoch=3, group_by_length=grouped
    )
    draws = Draws(np.tile([0.25, 1.0, 1.75], 14), np.tile([0, 1, 2], 14))
    whole, record = trained(bert, tmp_path / "whole", recipe=recipe, rows=42, draws=draws)
    assert record.cost["steps"] == 14
    for share in (0.3, 0.5, 0.8):
        resumed, _ = trained(bert, tmp_path / str(share), kill_at=share, recipe=recipe, rows=42, draws=draws)
        same(whole, resumed)


def test_a_finished_training_that_is_asked_again_stays(bert: Path, tmp_path: Path) -> None:
    # Killed after the last checkpoint, before the weights were kept.
    recipe = Recipe(batch_size=3, accumulation=2, rates=RATES, evaluations_per_epoch=3)
    first, record = trained(bert, tmp_path, recipe=recipe)
    second, again = trained(bert, tmp_path, recipe=recipe)
    same(first, second)
    assert again.history == record.history
    assert again.cost["steps"] == record.cost["steps"]


def test_killed_before_the_first_checkpoint(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=3, accumulation=1, rates=RATES, evaluations_per_epoch=2)
    whole, _ = trained(bert, tmp_path / "whole", recipe=recipe)
    resumed, _ = trained(bert, tmp_path / "killed", recipe=recipe, kill_at=0.3)
    same(whole, resumed)


def test_killed_twice(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=3, accumulation=1, rates=RATES, evaluations_per_epoch=4)
    whole, _ = trained(bert, tmp_path / "whole", recipe=recipe)
    for share in (0.4, 0.7):

        def kill(done: float, share: float = share) -> None:
            if done >= share:
                raise Killed

        with pytest.raises(Killed):
            train(job(bert, tmp_path / "killed", recipe=recipe), kill)
    resumed, _ = trained(bert, tmp_path / "killed", recipe=recipe)
    same(whole, resumed)


def test_a_half_written_checkpoint_is_not_gone_on_with(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=3, accumulation=1, rates=RATES, evaluations_per_epoch=4)
    whole, _ = trained(bert, tmp_path / "whole", recipe=recipe)
    folder = tmp_path / "killed"

    def kill(share: float) -> None:
        if share >= 0.7:
            raise Killed

    with pytest.raises(Killed):
        train(job(bert, folder, recipe=recipe), kill)
    newest = Path(str(last_whole(folder)))
    half = folder / f"checkpoint-{int(newest.name.rpartition('-')[2]) + 1}"
    shutil.copytree(newest, half)
    (half / "whole").unlink()
    (half / "optimizer.pt").write_bytes(b"ha")
    assert last_whole(folder) == str(newest)
    assert not half.exists()
    resumed, _ = trained(bert, folder, recipe=recipe)
    same(whole, resumed)


def test_a_moved_folder_is_gone_on_with_and_keeps_its_best(bert: Path, tmp_path: Path) -> None:
    # A large rate, so that the best checkpoint is likely an early one.
    recipe = Recipe(
        batch_size=2, accumulation=1, rates=Rates(body=0.05, head=0.05), evaluations_per_epoch=6, optimizer="adamw"
    )
    whole, _ = trained(bert, tmp_path / "whole", recipe=recipe)

    def kill(share: float) -> None:
        if share >= 0.8:
            raise Killed

    with pytest.raises(Killed):
        train(job(bert, tmp_path / "here", recipe=recipe), kill)
    (tmp_path / "here").rename(tmp_path / "there")
    shares: list[float] = []
    work = job(bert, tmp_path / "there", recipe=recipe)
    train(work, shares.append)
    assert min(shares) > 0.5, "the moved folder's checkpoint was gone on with, not begun anew"
    same(whole, work.model)


def test_seconds_add_up_over_runs(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=3, accumulation=1, rates=RATES, evaluations_per_epoch=4)

    def kill(share: float) -> None:
        if share >= 0.7:
            raise Killed

    with pytest.raises(Killed):
        train(job(bert, tmp_path, recipe=recipe), kill)
    noted = json.loads((tmp_path / "meter.json").read_text())
    assert noted["seconds"] > 0
    noted["seconds"] += 1000
    noted["peak"] = 10**15
    (tmp_path / "meter.json").write_text(json.dumps(noted))
    _, record = trained(bert, tmp_path, recipe=recipe)
    assert 1000 < record.cost["seconds"] < 1100
    assert record.cost["peak_memory_bytes"] == 10**15
    assert record.cost["examples_per_second"] == pytest.approx(
        record.cost["examples"] / record.cost["seconds"], rel=0.1
    )


def test_a_checkpoint_with_the_old_names_of_layer_norms_is_gone_on_with(tmp_path: Path) -> None:
    """Old BERT checkpoints call a LayerNorm's weight gamma; transformers renames them on the way in and out."""
    folder = world.make_bert(tmp_path / "old")
    weights = load_file(folder / "model.safetensors")
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in weights.items()
    }
    assert renamed.keys() != weights.keys()
    save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})
    recipe = Recipe(batch_size=3, accumulation=1, rates=RATES, evaluations_per_epoch=4)
    whole, _ = trained(folder, tmp_path / "whole", recipe=recipe)
    resumed, _ = trained(folder, tmp_path / "killed", recipe=recipe, kill_at=0.7)
    same(whole, resumed)
