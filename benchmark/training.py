"""Train one cell: from encoded rows to a trained model, going on where a killed run stopped."""

import ctypes
import gc
import json
import math
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerBase, TrainerCallback, TrainingArguments

from adapters import Method
from adapters.parts import unwrapped
from benchmark.encoding import Encoded, collate
from benchmark.losses.language_head import LanguageHead
from benchmark.losses.masked_entropy import MaskedEntropy
from benchmark.progress import Report
from benchmark.recipes import Recipe
from benchmark.trainer import FILLER, WeightedTrainer
from polyskew.errors import UserError
from polyskew.files import write_json

_WHOLE = "whole"  # marks a checkpoint that was written to its end


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
    accumulation, so that an update keeps its examples.

    Args:
        job: what to train on what.
        report: told the share of steps done.

    Raises:
        DivergedError: the loss is not a number any more.
        UserError: an update's examples cannot be shared evenly by the processes that train together.
        torch.OutOfMemoryError: one example is too large.
    """
    update = job.recipe.batch_size * job.recipe.accumulation
    world = int(os.environ.get("WORLD_SIZE", "1"))  # set by `accelerate launch` and torchrun
    if update % world:
        raise UserError(f"an update of {update} examples cannot be shared evenly by {world} processes")
    share = update // world
    micro_batch, shortages = _largest_divisor(share, job.recipe.batch_size), 0
    trainable = [parameter for parameter in job.model.parameters() if parameter.requires_grad]
    fresh = [parameter.detach().to("cpu", copy=True) for parameter in trainable]
    while True:
        try:
            trained = _attempt(job, micro_batch, share // micro_batch, report)
        except (torch.OutOfMemoryError, MemoryError):
            if micro_batch == 1:
                raise
        else:
            trained.cost["out_of_memory"] = shortages
            return trained
        # Here, not in the handler, where the exception still holds the failed attempt's tensors.
        torch.cuda.empty_cache()
        micro_batch = _largest_divisor(share, micro_batch // 2)
        shortages += 1
        # The attempt may have moved the weights before there was a checkpoint to go back to.
        with torch.no_grad():
            for parameter, value in zip(trainable, fresh, strict=True):
                parameter.copy_(value)


def _largest_divisor(number: int, limit: int) -> int:
    return max(size for size in range(1, limit + 1) if number % size == 0)


def _attempt(job: Job, micro_batch: int, accumulation: int, report: Report) -> Trained:
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
    masked_entropy = language_head = None
    if recipe.masked_entropy:
        masked_entropy = MaskedEntropy(
            recipe.masked_entropy, int(job.tokenizer.mask_token_id), int(job.tokenizer.pad_token_id)
        )
    if recipe.unlearn_language:
        torch.manual_seed(job.seed)
        body: Any = unwrapped(job.model)
        languages = int(job.training.languages.max()) + 1
        language_head = LanguageHead(recipe.unlearn_language, body.config.hidden_size, languages)
        language_head.to(next(job.model.parameters()).device)
    trainer = WeightedTrainer(
        model=job.model,
        args=arguments,
        recipe=recipe,
        rates=rates,
        groups=groups,
        lengths=job.training.encoded.lengths,
        masked_entropy=masked_entropy,
        language_head=language_head,
        train_dataset=Rows(job.training),
        eval_dataset=Rows(job.validation),
        data_collator=lambda rows: collate(job.tokenizer, rows),
        callbacks=[meter],
    )
    trainer.train(resume_from_checkpoint=last_whole(job.folder))
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


def memory() -> int:
    """Return the bytes in use now: allocated on the GPU, or resident in this process where there is none.

    What earlier cells left is given back first, or a warm worker's next cell would seem to need nothing.
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # only the GNU C library can be asked
        ctypes.CDLL(None).malloc_trim(0)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        return int(torch.cuda.memory_allocated())
    return int(psutil.Process().memory_info().rss)


class Meter(TrainerCallback):
    """Seconds and peak memory of training over all resumes, the marks of whole checkpoints, and the progress."""

    def __init__(self, folder: Path, report: Report, memory_before: int) -> None:
        self._before = memory_before
        self._file = folder / "meter.json"
        self._report = report
        earlier: dict[str, Any] = {"seconds": 0.0, "peak": 0}
        if self._file.exists():
            earlier = json.loads(self._file.read_text())
        self._earlier: float = earlier["seconds"]
        self._peak: int = earlier["peak"]
        self._start = time.perf_counter()
        self._written = self._start
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those of killed runs included."""
        return self._earlier + time.perf_counter() - self._start

    def peak(self) -> int:
        """Peak bytes above those before the model was loaded."""
        now = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else psutil.Process().memory_info().rss
        self._peak = max(self._peak, int(now) - self._before)
        return self._peak

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note time and memory at most once a second."""
        self._report(state.global_step / max(1, state.max_steps))
        if time.perf_counter() - self._written > 1.0:
            self._written = time.perf_counter()
            self._write(state)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark the checkpoint as whole: a killed run may leave a part of one, which must not be gone on with."""
        self._write(state)
        if state.is_world_process_zero:
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _WHOLE).touch()

    def _write(self, state: Any) -> None:
        if not state.is_world_process_zero:
            return
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps({"seconds": self.seconds, "peak": self.peak()}))
        temporary.replace(self._file)


def last_whole(folder: Path) -> str | None:
    """Return the newest checkpoint that was written to its end, and remove all that were not."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / _WHOLE).exists():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    whole.sort(key=lambda checkpoint: int(checkpoint.name.rpartition("-")[2]))
    while whole:
        # The best checkpoint is recorded with its folder, which may have been moved or copied since.
        file = whole[-1] / "trainer_state.json"
        state = json.loads(file.read_text())
        best = folder / Path(state["best_model_checkpoint"]).name
        if (best / _WHOLE).exists():
            write_json(file, state | {"best_model_checkpoint": str(best)})
            return str(whole[-1])
        shutil.rmtree(whole.pop())
    return None
