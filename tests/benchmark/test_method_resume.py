"""Methods that keep more than PEFT saves: a killed training ends with the very bits of one that was not."""

from pathlib import Path
from typing import Any

import pytest

from benchmark.recipes import Rates, Recipe
from polyskew.errors import UserError
from tests.benchmark.test_resume import same, trained


@pytest.mark.parametrize("name", ["adalora", "p_tuning", "prefix_tuning", "prompt_tuning", "pissa", "bitfit", "head"])
def test_going_on_gives_the_same_bits(name: str, bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=3, accumulation=2, epochs=2, rates=Rates(body=5e-3, head=5e-3), evaluations_per_epoch=3)
    settings: dict[str, Any] = {"method": name, "recipe": recipe, "rows": 42}
    whole, record = trained(bert, tmp_path / "whole", **settings)
    resumed, again = trained(bert, tmp_path / "killed", kill_at=9 / 14 - 1e-9, **settings)
    same(whole, resumed)
    assert again.cost["best_step"] == record.cost["best_step"]


def test_adaloras_ranks_are_masked_in_a_training_of_this_suite(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=3, accumulation=2, rates=Rates(body=5e-3, head=5e-3), evaluations_per_epoch=1)
    model, _ = trained(bert, tmp_path, method="adalora", recipe=recipe, rows=42)
    ranks = [int((tensor != 0).sum()) for name, tensor in model.named_parameters() if ".lora_E." in name]
    assert sum(ranks) == 8 * len(ranks)
    assert len(set(ranks)) > 1


def test_adalora_wants_steps_in_which_ranks_can_be_told_apart(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=8, accumulation=1, rates=Rates(body=5e-3, head=5e-3), evaluations_per_epoch=1)
    with pytest.raises(UserError, match="no step to learn the ranks' importance in a training of 2; take smaller"):
        trained(bert, tmp_path / "two", method="adalora", recipe=recipe, rows=16)
    trained(bert, tmp_path / "three", method="adalora", recipe=recipe, rows=24)
