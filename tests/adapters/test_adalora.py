"""AdaLoRA in a training of transformers' Trainer: the schedule, the extra term, and going on from a checkpoint."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments

from adapters import get_method
from adapters.allocation import orthogonality

from .models import LAYERS, batch, logits, tiny

OPTIONS = {"rank": 2, "initial_rank": 4, "warmup": 0.2, "final": 0.3}
WEIGHTS = 6 * LAYERS
ROWS = [
    {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor(index % 3)}
    for index, (ids, mask) in enumerate(zip(*batch(20).values(), strict=True))
]


def run(folder: Path, *, stop: int | None = None, checkpoint: str | None = None) -> Any:
    """Train 20 steps; the loss is computed without the model, as this suite's is."""
    method = get_method("adalora", OPTIONS)
    torch.manual_seed(0)
    model: Any = method.prepare(tiny())

    class Plain(Trainer):
        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            labels = inputs.pop("labels")
            return torch.nn.functional.cross_entropy(model(**inputs).logits, labels)

    arguments = TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=2,
        max_steps=20,
        learning_rate=1e-2,
        save_steps=5,
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=1,
        remove_unused_columns=False,
    )
    trainer = Plain(model=model, args=arguments, train_dataset=ROWS, callbacks=method.callbacks(model))
    if stop is not None:

        class StopError(Exception):
            pass

        step = trainer.training_step

        def stopping(*args: Any, **kwargs: Any) -> Any:
            if trainer.state.global_step == stop:
                raise StopError
            return step(*args, **kwargs)

        trainer.training_step = stopping  # type: ignore[method-assign]
        with pytest.raises(StopError):
            trainer.train()
    else:
        trainer.train(resume_from_checkpoint=checkpoint)
    return model


def ranks(model: Any) -> int:
    return sum(int((p != 0).sum()) for name, p in model.named_parameters() if ".lora_E." in name)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run(tmp_path_factory.mktemp("whole"))


def test_the_ranks_fall_to_the_budget(whole: Any, tmp_path: Path) -> None:
    model = whole
    config = model.peft_config["default"]
    assert (config.total_step, config.tinit, config.tfinal) == (20, 4, 6)
    assert ranks(model) == 2 * WEIGHTS
    kept = [sum(row) for row in config.rank_pattern.values()]
    assert sum(kept) == 2 * WEIGHTS
    assert len(set(kept)) > 1  # the budget is shared out unevenly
    method = get_method("adalora", OPTIONS)
    method.save(model, tmp_path / "saved")
    loaded = method.load(tiny(head_seed=3), tmp_path / "saved")  # without the masked ranks
    torch.testing.assert_close(logits(loaded), logits(model), rtol=0, atol=1e-6)
    assert torch.isfinite(loaded(**batch(), labels=torch.tensor([0, 1, 2, 0, 1, 2])).loss)


@pytest.mark.parametrize("stop", [7, 12, 17])
def test_going_on_gives_the_same_bits(stop: int, whole: Any, tmp_path: Path) -> None:
    """In the middle of the fall, at its end (step 14) and after it."""
    run(tmp_path / "killed", stop=stop)
    torch.manual_seed(99)
    last = max((tmp_path / "killed").glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    resumed = run(tmp_path / "killed", checkpoint=str(last))
    one, two = whole.state_dict(), resumed.state_dict()
    assert [name for name in one if not torch.equal(one[name], two[name])] == []


def test_the_orthogonality_term_is_pefts() -> None:
    model: Any = get_method("adalora", OPTIONS).prepare(tiny()).eval()
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    with torch.no_grad():
        output = model(**batch())
        plain = torch.nn.functional.cross_entropy(output.logits, labels)
        theirs = model(**batch(), labels=labels).loss - plain  # PEFT adds its term to a loss that the model computes
    assert (0.1 * orthogonality(model)).item() == pytest.approx(theirs.item(), rel=1e-4)


def test_the_term_moves_the_weights(whole: Any) -> None:
    assert orthogonality(whole) < orthogonality(get_method("adalora", OPTIONS).prepare(tiny()))


def test_a_training_from_the_beginning_knows_of_no_other(tmp_path: Path) -> None:
    """One that ran out of memory may have left the ranks' importance and masks in the model."""
    method = get_method("adalora", OPTIONS)
    model: Any = method.prepare(tiny())
    (callback,) = method.callbacks(model)
    arguments = TrainingArguments(output_dir=str(tmp_path), report_to="none", use_cpu=True)
    left = {"some.lora_E.default": torch.ones(4, 1)}
    for step, kept in ((5, left), (0, {})):
        model.base_model.rankallocator.exp_avg_ipt = dict(left)
        model.peft_config["default"].rank_pattern = {"some.lora_E.default": [True] * 4}
        callback.on_train_begin(arguments, TrainerState(max_steps=20, global_step=step), TrainerControl())
        assert model.base_model.rankallocator.exp_avg_ipt == kept
        assert bool(model.peft_config["default"].rank_pattern) is bool(kept)
