"""The Trainer of this suite: the loss of whole updates, two learning rates, and batches that a resumed run repeats."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from torch.utils.data import DataLoader, Sampler
from transformers import Trainer
from transformers.trainer_utils import EvalLoopOutput

from adapters import LearningRates
from benchmark.objective import Batch, Objective
from benchmark.optimizers import make_optimizer, make_schedule
from benchmark.recipes import Rates, Recipe
from benchmark.sampling import Draws, EpochSampler
from polyskew.errors import UserError


class DivergedError(ArithmeticError):
    """The loss became infinite or not a number."""


class WeightedTrainer(Trainer):
    """A Trainer whose loss is the plain mean over an update's examples of weight times loss.

    The dataset's rows carry ``labels``, ``weight`` and ``language`` beside what the model takes. The mean is over all
    examples of an update, micro-batches together, and is never divided by the sum of the weights (paper, equation 2,
    and its code: ``reduction="none"``, times the weight, then the mean). A recipe's additional terms are added while
    training: each micro-batch's term counts by its share of the update's examples.

    Args:
        recipe: what is not the Trainer's own default.
        rates: peak learning rates of body and head.
        groups: the trained parameters, under ``body`` and ``head``.
        lengths: tokens of each training row.
        objective: what is minimised; a language head of it is trained at the head's rate.
        draws: how often training rows are drawn; None is once an epoch.
        kwargs: the Trainer's own arguments.

    Raises:
        UserError: the objective needs all rows of an update in one process, and there are several.
    """

    def __init__(
        self,
        *,
        recipe: Recipe,
        rates: LearningRates | Rates,
        groups: dict[str, list[torch.nn.Parameter]],
        lengths: np.ndarray,
        objective: Objective,
        draws: Draws | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if self.accelerator.num_processes > 1:
            if objective.language_head is not None:
                raise UserError("a recipe with unlearn_language trains on one process only")
            if objective.joint is not None:
                raise UserError("a loss that weighs the rows of an update against each other trains on one process")
        self._objective = objective
        self._recipe = recipe
        self._rates = rates
        self._groups = groups
        self._lengths = lengths
        self._draws = draws
        # The loss below divides by the update's examples itself. Without this the Trainer would divide a second time,
        # or, for a model that takes loss arguments, leave a plain mean undivided: 8 times the gradient at 8 steps.
        self.model_accepts_loss_kwargs = True

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> tuple[list[Batch], torch.Tensor | int | None]:
        """Return the micro-batches of the next update and the number of their examples."""
        samples, examples = super().get_batch_samples(*args, **kwargs)
        self._objective.begin(samples)
        return samples, examples

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Return the sum of weight times loss, divided by the number of examples of the whole update."""
        if not model.training:
            loss, outputs = self._objective.validation_mean(model, inputs)
            return (loss, outputs) if return_outputs else loss
        assert num_items_in_batch is not None, "the Trainer counts them, as model_accepts_loss_kwargs is set"
        total, outputs = self._objective.training_sum(model, inputs)
        # Gradients of several processes are averaged, while the number of examples is that of all of them.
        loss = total / num_items_in_batch * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Measure the validation loss; one that is no mean over the rows takes the place of the Trainer's mean."""
        output = super().evaluation_loop(*args, **kwargs)
        overall = self._objective.validation_overall()
        return output if overall is None else output._replace(metrics={**(output.metrics or {}), "eval_loss": overall})

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        """Build the recipe's optimizer with one learning rate for the body and one for the head."""
        if self.optimizer is None:
            head, groups = self._objective.language_head, self._groups
            if head is not None:
                groups = groups | {"head": [*groups["head"], *head.parameters()]}
            self.optimizer = make_optimizer(self._recipe, self._rates, groups)
            if head is not None:
                # The Trainer clears the gradients of its model, to which the head does not belong.
                self.optimizer.register_step_post_hook(lambda *_: head.zero_grad())
        return self.optimizer

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Build the recipe's learning rate schedule."""
        if self.lr_scheduler is None:
            self.lr_scheduler = make_schedule(self._recipe, num_training_steps, optimizer or self.create_optimizer())
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
            draws=self._draws,
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
        self._objective.save(folder)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        self._objective.load(Path(resume_from_checkpoint))
