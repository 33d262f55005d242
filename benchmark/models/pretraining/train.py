"""The pretraining loop: two objectives, one wall-clock budget."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import BertForPreTraining, PreTrainedTokenizerFast

from .batches import Sampler
from .examples import Batch, collate, group
from .model import architecture, bag_loss, forward, pair_loss, rarity
from .vectors import initialise

COLUMNS = (
    "step",
    "seconds",
    "tokens",
    "lr",
    "mlm_loss",
    "pair_loss",
    "pair_accuracy",
    "bag_loss",
    "heldout_mlm_loss",
    "heldout_mlm_accuracy",
    "heldout_pair_accuracy",
)


@dataclass(frozen=True)
class Plan:
    """Hyper-parameters of a run; the defaults are those of the shipped weights."""

    minutes: float = 28.0
    rate: float = 1e-3
    warmup: float = 0.04
    weight_decay: float = 0.01
    pair_weight: float = 0.5
    bag_weight: float = 1.0
    swapped: float = 0.5
    tokens: int = 4096
    clip: float = 1.0
    threads: int = 2
    seed: int = 0


def heldout_batches(
    encoded: dict[str, list[np.ndarray]],
    tokenizer: PreTrainedTokenizerFast,
    tokens: int = 8192,
    swapped: float = 0.5,
) -> dict[str, list[Batch]]:
    """Fixed batches by language: each held-out sentence once, and as many sentence pairs."""
    batches = {}
    for number, (language, rows) in enumerate(encoded.items()):
        sampler = Sampler({language: rows}, tokenizer, seed=1000 + number, swapped=swapped)
        examples = [sampler.single(row) for row in rows]
        examples += [sampler.pair(language) for _ in rows]
        batches[language] = [collate(part, tokenizer, sampler.rng) for part in group(examples, tokens)]
    return batches


@torch.no_grad()
def evaluate(model: BertForPreTraining, batches: dict[str, list[Batch]]) -> dict[str, list[float]]:
    """Per language: masked-piece loss, masked-piece accuracy, pair accuracy."""
    model.eval()
    scores = {}
    for language, parts in batches.items():
        loss = hits = pieces = right = pairs = 0.0
        for batch in parts:
            words, relation, _ = forward(model, batch)
            loss += float(functional.cross_entropy(words, batch["targets"], reduction="sum"))
            hits += float((words.argmax(-1) == batch["targets"]).sum())
            pieces += len(batch["targets"])
            is_pair = batch["together"] >= 0
            right += float((relation.argmax(-1) == batch["together"])[is_pair].sum())
            pairs += float(is_pair.sum())
        scores[language] = [loss / pieces, hits / pieces, right / max(pairs, 1)]
    model.train()
    return scores


def scaled(progress: float, warmup: float) -> float:
    """Factor of the learning rate: linear up during ``warmup``, then linear down to 0."""
    return min(progress / warmup, max(0.0, (1 - progress) / (1 - warmup)))


def optimiser(model: BertForPreTraining, plan: Plan) -> torch.optim.AdamW:
    """AdamW; weight decay spares biases, normalisations and positions (some are seldom seen)."""
    spared: list[torch.Tensor] = []
    decayed: list[torch.Tensor] = []
    for name, weight in model.named_parameters():
        (spared if weight.ndim < 2 or "position" in name else decayed).append(weight)
    groups = [
        {"params": decayed, "weight_decay": plan.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.98), eps=1e-6)


def pretrain(
    train: dict[str, list[np.ndarray]],
    heldout: dict[str, list[np.ndarray]],
    tokenizer: PreTrainedTokenizerFast,
    plan: Plan,
    out: Path,
    resume: Path | None = None,
) -> BertForPreTraining:
    """Trains for ``plan.minutes`` and returns the model.

    Writes ``training_log.csv`` and, every three minutes and at the end, the float32 state dict
    as ``checkpoint.pt``.

    Args:
        train: word-piece ids of the training sentences by language
        heldout: the same of the sentences that training never shows
        tokenizer: the one that made the ids
        plan: hyper-parameters
        out: folder for the log and the checkpoint
        resume: a state dict to start from; without it, the model starts from word vectors
    """
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    model = BertForPreTraining(architecture(len(tokenizer), dropout=0.0))
    if resume is None:
        initialise(model, train)
    else:
        model.load_state_dict(torch.load(resume, weights_only=True))
    pieces = np.concatenate([row for rows in train.values() for row in rows])
    counts = torch.from_numpy(np.bincount(pieces, minlength=len(tokenizer)))
    weights = rarity(counts / counts.sum())
    checks = heldout_batches(heldout, tokenizer, swapped=plan.swapped)
    steps = optimiser(model, plan)
    batches = Sampler(train, tokenizer, plan.seed, swapped=plan.swapped).batches(plan.tokens)
    sums, tokens, step, saved = np.zeros(7), 0, 0, 0.0
    begin = time.monotonic()
    with (out / "training_log.csv").open("w", newline="") as stream:
        log = csv.writer(stream)
        log.writerow(COLUMNS)
        while True:
            elapsed = time.monotonic() - begin
            done = elapsed >= 60 * plan.minutes
            if step % 50 == 0 or done:
                row = [step, round(elapsed, 1), tokens, f"{steps.param_groups[0]['lr']:.3e}"]
                means = sums[[0, 1, 2, 5]] / np.maximum(sums[[3, 4, 4, 6]], 1)
                row += [f"{value:.4f}" for value in means] if sums[3] else [""] * 4
                if step % 500 == 0 or done:
                    row += [f"{x:.4f}" for x in np.mean(list(evaluate(model, checks).values()), 0)]
                log.writerow(row)
                stream.flush()
                sums[:] = 0
            if done or elapsed - saved > 180:
                saved = elapsed
                torch.save(model.state_dict(), out / "checkpoint.pt")
            if done:
                return model
            factor = scaled(elapsed / (60 * plan.minutes), plan.warmup)
            for part in steps.param_groups:
                part["lr"] = plan.rate * factor
            batch = next(batches)
            with torch.autocast("cpu", torch.bfloat16):
                words, relation, bag = (logits.float() for logits in forward(model, batch))
            masked = functional.cross_entropy(words, batch["targets"])
            paired = pair_loss(relation, batch["together"])
            steps.zero_grad(set_to_none=True)
            held = bag_loss(bag, batch["pieces"], weights)
            (masked + plan.pair_weight * paired + plan.bag_weight * held).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
            steps.step()
            step += 1
            tokens += int(batch["attention_mask"].sum())
            pairs = batch["together"] >= 0
            right = (relation.argmax(-1) == batch["together"])[pairs].float()
            # A batch of long sequences has no pairs, so sums are over pieces and pairs.
            sums += [
                float(masked.detach()) * len(batch["targets"]),
                float(paired.detach()) * len(right),
                float(right.sum()),
                len(batch["targets"]),
                len(right),
                float(held.detach()),
                1,
            ]
