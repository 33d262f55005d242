"""The Trainer of this suite: per-example weights, two learning rates, and batches that a resumed run repeats."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import Sampler
from transformers import Trainer

from adapters import LearningRates
from benchmark.recipes import Rates, Recipe


class DivergedError(ArithmeticError):
    """The loss became infinite or not a number."""


class EpochSampler(Sampler[int]):
    """Row numbers in an order that depends on seed and epoch alone, so a resumed epoch goes on where it stopped.

    Args:
        lengths: tokens of each row.
        batch_size: rows of a batch.
        seed: of the order.
        group_by_length: sort by length within stretches of 50 batches, then shuffle the batches.
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int, group_by_length: bool) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.group_by_length = group_by_length
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.lengths))
        if self.group_by_length:
            order = self._grouped(order, random)
        return iter(order.tolist())

    def _grouped(self, order: np.ndarray, random: np.random.Generator) -> np.ndarray:
        stretch = 50 * self.batch_size
        pieces = [order[start : start + stretch] for start in range(0, len(order), stretch)]
        in_order = np.concatenate([piece[np.argsort(self.lengths[piece], kind="stable")] for piece in pieces])
        # Only whole batches are shuffled: a short one in the middle would shift the borders of all that follow.
        whole = len(in_order) // self.batch_size * self.batch_size
        shuffled = in_order[:whole].reshape(-1, self.batch_size)[random.permutation(whole // self.batch_size)]
        return np.concatenate([shuffled.ravel(), in_order[whole:]])


class WeightedTrainer(Trainer):
    """A Trainer whose loss is the plain mean over an update's examples of weight times cross-entropy.

    The dataset's rows carry ``labels`` and ``weight`` beside what the model takes. The mean is over all examples of
    an update, micro-batches together, and is never divided by the sum of the weights (paper, equation 2, and its
    code: ``reduction="none"``, times the weight, then the mean).

    Args:
        recipe: what is not the Trainer's own default.
        rates: peak learning rates of body and head.
        groups: the trained parameters, under ``body`` and ``head``.
        lengths: tokens of each training row.
        kwargs: the Trainer's own arguments.
    """

    def __init__(
        self,
        *,
        recipe: Recipe,
        rates: LearningRates | Rates,
        groups: dict[str, list[torch.nn.Parameter]],
        lengths: np.ndarray,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._recipe = recipe
        self._rates = rates
        self._groups = groups
        self._lengths = lengths
        # The loss below divides by the update's examples itself. Without this the Trainer would divide a second time,
        # or, for a model that takes loss arguments, leave a plain mean undivided: 8 times the gradient at 8 steps.
        self.model_accepts_loss_kwargs = True

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the sum of weight times cross-entropy, divided by the number of examples of the whole update."""
        features = {name: value for name, value in inputs.items() if name not in ("labels", "weight")}
        outputs = model(**features)
        losses = cross_entropy(outputs.logits.float(), inputs["labels"], reduction="none") * inputs["weight"]
        if num_items_in_batch is None:
            loss = losses.mean()
        else:
            # Gradients of several processes are averaged, while the number of examples is that of all of them.
            loss = losses.sum() / num_items_in_batch * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """Build the recipe's optimizer with one learning rate for the body and one for the head.

        Weight decay, where there is any, spares biases and normalisation weights.
        """
        if self.optimizer is None:
            rate = {"body": self._rates.body, "head": self._rates.head}
            parts = [
                {
                    "params": [parameter for parameter in parameters if (parameter.ndim > 1) == decayed],
                    "lr": rate[name],
                    "weight_decay": self._recipe.weight_decay if decayed else 0.0,
                }
                for name, parameters in self._groups.items()
                for decayed in (True, False)
            ]
            parts = [part for part in parts if part["params"]]
            if self._recipe.optimizer == "radam":
                self.optimizer = torch.optim.RAdam(parts, eps=self._recipe.epsilon, decoupled_weight_decay=True)
            else:
                self.optimizer = torch.optim.AdamW(parts, eps=self._recipe.epsilon)
        return self.optimizer

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Rates rise linearly over the warmup, then fall linearly to the recipe's final share of their peak."""
        if self.lr_scheduler is None:
            warmup = math.ceil(self._recipe.warmup * num_training_steps)
            final = self._recipe.final_rate

            def share(step: int) -> float:
                if step < warmup:
                    return (step + 1) / warmup
                done = (step - warmup) / max(1, num_training_steps - warmup)
                return 1.0 - (1.0 - final) * min(1.0, done)

            self.lr_scheduler = LambdaLR(optimizer or self.create_optimizer(), share)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Log, and stop where the loss is no longer a number.

        Raises:
            DivergedError: a logged loss is infinite or NaN.
        """
        for name in ("loss", "eval_loss"):
            if not math.isfinite(logs.get(name, 0.0)):
                raise DivergedError(f"{name} is {logs[name]} at step {self.state.global_step}; lower the rates")
        super().log(logs, *args, **kwargs)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        # The recipe's batch, not the micro-batch in force: running out of memory must not change an update's examples.
        return EpochSampler(
            self._lengths, self._recipe.batch_size, int(self.args.data_seed or 0), self._recipe.group_by_length
        )

    def _save(self, output_dir: str | None = None, state_dict: dict[str, torch.Tensor] | None = None) -> None:
        """Write a checkpoint's weights under the names that they have in memory.

        The Trainer's own way writes a model from an old checkpoint under that one's names (``LayerNorm.gamma``), which
        it does not find again when it goes on from there or takes the best checkpoint back.
        """
        model: Any = self.model
        # Unless told, PEFT asks the hub for the base model's configuration, to see whether its vocabulary was resized.
        plain = {"save_embedding_layers": False} if isinstance(model, PeftModel) else {"save_original_format": False}
        model.save_pretrained(output_dir or self.args.output_dir, state_dict=state_dict, **plain)
