"""The Trainer of this suite: per-example weights, two learning rates, and batches that a resumed run repeats."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Sampler
from transformers import Trainer

from adapters import LearningRates
from benchmark.losses.language_head import LanguageHead
from benchmark.losses.masked_entropy import MaskedEntropy
from benchmark.recipes import Rates, Recipe
from polyskew.errors import UserError

_LANGUAGE_HEAD = "language_head.safetensors"

FILLER = -1
"""Stands for a row that counts for nothing (see `benchmark.training.Rows`)."""


class DivergedError(ArithmeticError):
    """The loss became infinite or not a number."""


class EpochSampler(Sampler[int]):
    """Row numbers in an order that depends on seed and epoch alone, so a resumed epoch goes on where it stopped.

    Args:
        lengths: tokens of each row.
        batch_size: rows of a batch.
        seed: of the order.
        group_by_length: sort by length within stretches of 50 batches, then shuffle the batches.
        multiple: the epoch is filled up to a multiple of this many rows with the number `FILLER`, so that several
            processes have the same number of batches.
    """

    def __init__(
        self, lengths: np.ndarray, batch_size: int, seed: int, group_by_length: bool, multiple: int = 1
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.seed = seed
        self.group_by_length = group_by_length
        self.fillers = -len(lengths) % multiple
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths) + self.fillers

    def __iter__(self) -> Iterator[int]:
        random = np.random.default_rng([self.seed, self.epoch])
        order = random.permutation(len(self.lengths))
        if self.group_by_length:
            order = self._grouped(order, random)
        return iter(order.tolist() + [FILLER] * self.fillers)

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

    The dataset's rows carry ``labels``, ``weight`` and ``language`` beside what the model takes. The mean is over all
    examples of an update, micro-batches together, and is never divided by the sum of the weights (paper, equation 2,
    and its code: ``reduction="none"``, times the weight, then the mean). A recipe's additional terms are added while
    training: each micro-batch's term counts by its share of the update's examples.

    Args:
        recipe: what is not the Trainer's own default.
        rates: peak learning rates of body and head.
        groups: the trained parameters, under ``body`` and ``head``.
        lengths: tokens of each training row.
        masked_entropy: the masked-input entropy loss, if the recipe has it.
        language_head: the language-ID head, if the recipe has one; it is trained at the head's rate.
        kwargs: the Trainer's own arguments.

    Raises:
        UserError: a language head is to be trained on several processes, which would each train their own.
    """

    def __init__(
        self,
        *,
        recipe: Recipe,
        rates: LearningRates | Rates,
        groups: dict[str, list[torch.nn.Parameter]],
        lengths: np.ndarray,
        masked_entropy: MaskedEntropy | None = None,
        language_head: LanguageHead | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if language_head is not None and self.accelerator.num_processes > 1:
            raise UserError("a recipe with unlearn_language trains on one process only")
        self._masked_entropy = masked_entropy
        self._language_head = language_head
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
        features = {name: value for name, value in inputs.items() if name not in ("labels", "weight", "language")}
        labels = inputs["labels"]
        if not model.training:
            outputs = model(**features)
            loss = (cross_entropy(outputs.logits.float(), labels, reduction="none") * inputs["weight"]).mean()
            return (loss, outputs) if return_outputs else loss
        count = len(labels)
        masked = self._masked_entropy
        outputs = model(
            **(masked.append(features) if masked else features),
            output_hidden_states=self._language_head is not None,
        )
        logits = outputs.logits[:count].float()
        # A filler's label is -100: it has no loss, and the Trainer does not count it.
        total = (cross_entropy(logits, labels, reduction="none") * inputs["weight"]).sum()
        there = (labels != -100).sum()
        if masked:
            total = total + there * masked.loss(outputs.logits[count])
        if self._language_head is not None:
            vectors = outputs.hidden_states[-1][:count, 0]
            total = total + there * self._language_head.loss(vectors, inputs["language"])
        # Gradients of several processes are averaged, while the number of examples is that of all of them.
        loss = total / num_items_in_batch * self.accelerator.num_processes
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
                for name, parameters in self._trained().items()
                for decayed in (True, False)
            ]
            parts = [part for part in parts if part["params"]]
            if self._recipe.optimizer == "radam":
                self.optimizer = torch.optim.RAdam(parts, eps=self._recipe.epsilon, decoupled_weight_decay=True)
            else:
                self.optimizer = torch.optim.AdamW(parts, eps=self._recipe.epsilon)
            if self._language_head is not None:
                # The Trainer clears the gradients of its model, to which the head does not belong.
                head = self._language_head
                self.optimizer.register_step_post_hook(lambda *_: head.zero_grad())
        return self.optimizer

    def _trained(self) -> dict[str, list[torch.nn.Parameter]]:
        if self._language_head is None:
            return self._groups
        return self._groups | {"head": [*self._groups["head"], *self._language_head.parameters()]}

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

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Any]:
        """Return the validation batches: on several processes all of them to each.

        Shared out, some rows would be seen twice, to fill up the last batch, and the mean be another.
        """
        if self.args.world_size == 1:
            return super().get_eval_dataloader(eval_dataset)
        rows: Any = self.eval_dataset
        return DataLoader(rows, self.args.per_device_eval_batch_size, collate_fn=self.data_collator)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:
        # The recipe's batch, not the micro-batch in force: running out of memory must not change an update's examples.
        world = self.args.world_size
        return EpochSampler(
            self._lengths,
            self._recipe.batch_size,
            int(self.args.data_seed or 0),
            self._recipe.group_by_length,
            multiple=1 if world == 1 else world * self.args.per_device_train_batch_size,
        )

    def _save(self, output_dir: str | None = None, state_dict: dict[str, torch.Tensor] | None = None) -> None:
        """Write a checkpoint's weights under the names that they have in memory.

        The Trainer's own way writes a model from an old checkpoint under that one's names (``LayerNorm.gamma``), which
        it does not find again when it goes on from there or takes the best checkpoint back.
        """
        model: Any = self.model
        # Unless told, PEFT asks the hub for the base model's configuration, to see whether its vocabulary was resized.
        plain = {"save_embedding_layers": False} if isinstance(model, PeftModel) else {"save_original_format": False}
        folder = Path(output_dir or str(self.args.output_dir))
        model.save_pretrained(folder, state_dict=state_dict, **plain)
        if self._language_head is not None:
            save_file(self._language_head.state_dict(), folder / _LANGUAGE_HEAD)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self._language_head is not None:
            self._language_head.load_state_dict(load_file(Path(resume_from_checkpoint) / _LANGUAGE_HEAD))
