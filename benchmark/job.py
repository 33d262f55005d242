"""What one training takes, and what it leaves."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase, TrainingArguments

from adapters import Method
from adapters.losses.modules import CrossEntropyRows
from benchmark.examples import Examples
from benchmark.models.loading import device
from benchmark.recipes import Recipe
from benchmark.sampling import Draws


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        model: as `Method.prepare` returned it; it is trained in place.
        method: for the groups of trained parameters and the default learning rates.
        recipe: everything else.
        tokenizer: for padding.
        training: rows to learn from.
        validation: rows whose weighted loss selects the checkpoint.
        folder: checkpoints are kept here while training; what is found here is gone on with.
        seed: of dropout and batch order.
        report_to: experiment trackers.
        run_name: the run's name there.
        memory_before: bytes of `memory` before the model was loaded.
        loss: makes the loss of the rows, in the state that it has before training.
        draws: how often training rows are drawn; None is once an epoch.
    """

    model: torch.nn.Module
    method: Method
    recipe: Recipe
    tokenizer: PreTrainedTokenizerBase
    training: Examples
    validation: Examples
    folder: Path
    seed: int
    report_to: tuple[str, ...]
    run_name: str
    memory_before: int
    loss: Callable[[], torch.nn.Module] = CrossEntropyRows
    draws: Draws | None = None

    @property
    def rows(self) -> int:
        """Training rows of an epoch."""
        return len(self.training.labels if self.draws is None else self.draws)

    def arguments(self, micro_batch: int, accumulation: int) -> TrainingArguments:
        """Return the Trainer's arguments, for micro-batches of so many examples and so many of them an update."""
        recipe = self.recipe
        updates = math.ceil(self.rows / (recipe.batch_size * recipe.accumulation))
        every = math.ceil(updates / recipe.evaluations_per_epoch)
        return TrainingArguments(
            output_dir=str(self.folder),
            per_device_train_batch_size=micro_batch,
            per_device_eval_batch_size=micro_batch * 4,
            gradient_accumulation_steps=accumulation,
            num_train_epochs=recipe.epochs,
            max_grad_norm=recipe.max_grad_norm,
            eval_strategy="steps",
            eval_steps=every,
            save_strategy="steps",
            save_steps=every,
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model="eval_loss",
            greater_is_better=False,
            logging_steps=max(1, every // 4),
            logging_nan_inf_filter=False,
            prediction_loss_only=True,
            remove_unused_columns=False,
            dataloader_pin_memory=torch.cuda.is_available(),
            use_cpu=device().type == "cpu",  # on a Mac the Trainer would take its GPU, where nothing else here computes
            disable_tqdm=True,
            report_to=list(self.report_to) or "none",
            run_name=self.run_name,
            seed=self.seed,
            data_seed=self.seed,
        )


@dataclass(frozen=True)
class Trained:
    """What a training leaves beside the model: its losses by step, and its cost (``docs/results.md``)."""

    history: list[dict[str, float]]
    cost: dict[str, Any]
