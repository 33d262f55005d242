"""Train one cell: from encoded rows to a trained model, going on where a killed run stopped."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase, TrainingArguments

from adapters import Method
from adapters.parts import unwrapped
from benchmark.checkpoints import last_whole
from benchmark.encoding import Encoded, collate
from benchmark.losses.language_head import LanguageHead
from benchmark.losses.masked_entropy import MaskedEntropy
from benchmark.meter import Meter
from benchmark.progress import Report
from benchmark.recipes import Recipe
from benchmark.trainer import FILLER, WeightedTrainer
from polyskew.errors import UserError


@dataclass(frozen=True)
class Examples:
    """Rows ready to train on.

    Attributes:
        encoded: their tokens.
        labels: class indices, int64 [N].
        weights: what each counts in the loss, float64 [N].
        languages: indices into the task's languages, int64 [N].
    """

    encoded: Encoded
    labels: np.ndarray
    weights: np.ndarray
    languages: np.ndarray


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


@dataclass(frozen=True)
class Trained:
    """What a training leaves beside the model: its losses by step, and its cost (``docs/results.md``)."""

    history: list[dict[str, float]]
    cost: dict[str, Any]


class Rows(Dataset[dict[str, Any]]):
    """Training rows as the Trainer takes them."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        examples = self._examples
        if index == FILLER:
            # Some row, without a label.
            return {**examples.encoded.rows[0], "labels": -100, "weight": 0.0, "language": 0}
        return {
            **examples.encoded.rows[index],
            "labels": int(examples.labels[index]),
            "weight": float(examples.weights[index]),
            "language": int(examples.languages[index]),
        }


def train(job: Job, report: Report) -> Trained:
    """Train a model and leave it at its checkpoint of least validation loss.

    Out of memory halves the micro-batch (or takes the next smaller one that divides an update) and raises
    accumulation, so that an update keeps its examples. Several processes (``accelerate launch``, torchrun) share an
    update's examples and see the losses of one; they neither go on from a checkpoint nor try again out of memory.

    Args:
        job: what to train on what.
        report: told the share of steps done.

    Raises:
        DivergedError: the loss is not a number any more.
        UserError: an update's examples cannot be shared evenly by the processes that train together, or there is a
            checkpoint, which only a single process goes on from.
        torch.OutOfMemoryError: one example is too large.
    """
    update = job.recipe.batch_size * job.recipe.accumulation
    world = int(os.environ.get("WORLD_SIZE", "1"))  # set by `accelerate launch` and torchrun
    if update % world:
        raise UserError(f"an update of {update} examples cannot be shared evenly by {world} processes")
    job.folder.mkdir(parents=True, exist_ok=True)
    checkpoint = last_whole(job.folder) if world == 1 else None
    if world > 1 and any(job.folder.glob("checkpoint-*")):
        raise UserError(f"{job.folder} holds checkpoints, and {world} processes can only train from the beginning")
    share = update // world
    micro_batch, shortages = _largest_divisor(share, job.recipe.batch_size), 0
    trainable = [parameter for parameter in job.model.parameters() if parameter.requires_grad]
    fresh = [parameter.detach().to("cpu", copy=True) for parameter in trainable]
    while True:
        try:
            trained = _attempt(job, micro_batch, share // micro_batch, checkpoint, report)
        except (torch.OutOfMemoryError, MemoryError):
            if micro_batch == 1 or world > 1:  # the other processes know nothing of it
                raise
        else:
            trained.cost["out_of_memory"] = shortages
            return trained
        # Here, not in the handler, where the exception still holds the failed attempt's tensors.
        torch.cuda.empty_cache()
        micro_batch = _largest_divisor(share, micro_batch // 2)
        checkpoint = last_whole(job.folder)
        shortages += 1
        # The attempt may have moved the weights before there was a checkpoint to go back to.
        with torch.no_grad():
            for parameter, value in zip(trainable, fresh, strict=True):
                parameter.copy_(value)


def _largest_divisor(number: int, limit: int) -> int:
    return max(size for size in range(1, limit + 1) if number % size == 0)


def _attempt(job: Job, micro_batch: int, accumulation: int, checkpoint: str | None, report: Report) -> Trained:
    recipe, rates = job.recipe, job.recipe.rates or job.method.rates
    count = len(job.training.labels)
    updates = math.ceil(count / (recipe.batch_size * recipe.accumulation))
    every = math.ceil(updates / recipe.evaluations_per_epoch)
    arguments = TrainingArguments(
        output_dir=str(job.folder),
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
        disable_tqdm=True,
        report_to=list(job.report_to) or "none",
        run_name=job.run_name,
        seed=job.seed,
        data_seed=job.seed,
    )
    groups = job.method.parameter_groups(job.model)
    meter = Meter(job.folder, report, job.memory_before)
    trainer = WeightedTrainer(
        model=job.model,
        args=arguments,
        recipe=recipe,
        rates=rates,
        groups=groups,
        lengths=job.training.encoded.lengths,
        masked_entropy=_masked_entropy(job),
        language_head=_language_head(job),
        train_dataset=Rows(job.training),
        eval_dataset=Rows(job.validation),
        data_collator=lambda rows: collate(job.tokenizer, rows),
        callbacks=[meter],
    )
    trainer.train(resume_from_checkpoint=checkpoint)
    seconds, examples = meter.seconds, count * recipe.epochs
    kept = ("step", "epoch", "loss", "eval_loss", "grad_norm")
    return Trained(
        history=[{key: entry[key] for key in kept if key in entry} for entry in trainer.state.log_history],
        cost={
            "trainable_parameters": sum(parameter.numel() for group in groups.values() for parameter in group),
            "total_parameters": sum(parameter.numel() for parameter in job.model.parameters()),
            "peak_memory_bytes": meter.peak(),
            "seconds": round(seconds, 3),
            "examples": examples,
            "examples_per_second": round(examples / seconds, 3),
            "micro_batch": micro_batch,
            "accumulation": accumulation,
            "steps": trainer.state.global_step,
            "best_step": trainer.state.best_global_step,
            "rates": {"body": rates.body, "head": rates.head},
            "device": arguments.device.type,
            "precision": "fp32",
        },
    )


def _masked_entropy(job: Job) -> MaskedEntropy | None:
    variant, tokenizer = job.recipe.masked_entropy, job.tokenizer
    return MaskedEntropy(variant, int(tokenizer.mask_token_id), int(tokenizer.pad_token_id)) if variant else None


def _language_head(job: Job) -> LanguageHead | None:
    way = job.recipe.unlearn_language
    if way is None:
        return None
    torch.manual_seed(job.seed)
    body: Any = unwrapped(job.model)
    head = LanguageHead(way, body.config.hidden_size, int(job.training.languages.max()) + 1)
    return head.to(next(job.model.parameters()).device)
