"""Train one cell: from encoded rows to a trained model, going on where a killed run stopped."""

import os
from typing import Any

import torch

from adapters.parts import numbers, unwrapped
from benchmark.checkpoints import last_whole
from benchmark.encoding import collate
from benchmark.examples import Rows
from benchmark.job import Job, Trained
from benchmark.losses.language_head import LanguageHead
from benchmark.losses.masked_entropy import MaskedEntropy
from benchmark.meter import Meter
from benchmark.objective import Objective
from benchmark.progress import Report
from benchmark.trainer import WeightedTrainer
from polyskew.errors import UserError


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
    rates = job.recipe.rates or job.method.rates
    arguments = job.arguments(micro_batch, accumulation)
    groups = job.method.parameter_groups(job.model)
    meter = Meter(job.folder, report, job.memory_before)
    trainer = WeightedTrainer(
        model=job.model,
        args=arguments,
        recipe=job.recipe,
        rates=rates,
        groups=groups,
        lengths=job.training.encoded.lengths,
        objective=Objective(job.loss().to(arguments.device), _masked_entropy(job), _language_head(job)),
        draws=job.draws,
        train_dataset=Rows(job.training),
        eval_dataset=Rows(job.validation),
        data_collator=lambda rows: collate(job.tokenizer, rows),
        callbacks=[meter, *job.method.callbacks(job.model)],
    )
    try:
        trainer.train(resume_from_checkpoint=checkpoint)
    finally:
        if trainer.is_world_process_zero():
            meter.note()
    seconds, examples = meter.seconds, job.rows * job.recipe.epochs
    kept = ("step", "epoch", "loss", "eval_loss", "grad_norm")
    return Trained(
        history=[{key: entry[key] for key in kept if key in entry} for entry in trainer.state.log_history],
        cost={
            "trainable_parameters": sum(parameter.numel() for group in groups.values() for parameter in group),
            "total_parameters": sum(numbers(parameter) for parameter in job.model.parameters()),
            "peak_memory_bytes": meter.peak(),
            "seconds": round(seconds, 3),
            "examples": examples,
            "examples_per_second": round(examples / seconds, 3),
            "micro_batch": micro_batch,
            "accumulation": accumulation,
            "steps": trainer.state.global_step,
            "best_step": trainer.state.best_global_step,
            "rates": {"body": rates.body, "head": rates.head},
            "rate_body": rates.body,
            "rate_head": rates.head,
            "device": arguments.device.type,
            "precision": "fp32",
            **({"base": quantized} if (quantized := job.method.quantization) else {}),
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
