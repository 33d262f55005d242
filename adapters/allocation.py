"""AdaLoRA's ranks while it trains: their importance, their masks, and the orthogonality of P and Q."""

from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from adapters.checkpointed import Checkpointed
from polyskew.errors import UserError

_AVERAGES = ("exp_avg_ipt", "exp_avg_unc", "ipt")


class Allocated(Checkpointed):
    """An AdaLoRA model whose checkpoints hold its full ranks, their importance and which of them are masked."""

    def training_state(self) -> dict[str, torch.Tensor]:
        """Return the trained tensors, the moving averages of importance, and the kept ranks."""
        state = super().training_state()
        for kind in _AVERAGES:
            state |= {f"{kind}:{name}": tensor for name, tensor in getattr(self._allocator, kind).items()}
        kept: dict[str, list[bool]] = self._config.rank_pattern or {}
        return state | {f"kept:{name}": torch.tensor(ranks) for name, ranks in kept.items()}

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Take back what `training_state` returned."""
        super().restore(state)
        device = next(self.parameters()).device
        for kind in _AVERAGES:
            setattr(self._allocator, kind, {name: value.to(device) for name, value in _part(state, kind).items()})
        self._config.rank_pattern = {name: ranks.tolist() for name, ranks in _part(state, "kept").items()} or None

    def forget(self) -> None:
        """Let go of the ranks' importance and masks, as before training."""
        self._allocator.reset_ipt()
        self._config.rank_pattern = None

    @property
    def _allocator(self) -> Any:
        return self.base_model.rankallocator

    @property
    def _config(self) -> Any:
        return self.peft_config["default"]


class Allocation(TrainerCallback):
    """Masks ranks after each step, and adds the gradient of the orthogonality term before it.

    PEFT adds that term to the loss that the model computes; here the loss is computed outside of the model. Its
    gradient once an update is the same.

    Args:
        model: as `AdaLora.prepare` returned it.
        warmup: share of the steps before ranks are masked.
        final: share of the steps in which the ranks stay as they are by then.
    """

    def __init__(self, model: Allocated, warmup: float, final: float) -> None:
        self._model = model
        self._warmup = warmup
        self._final = final

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Set the schedule, now that the number of steps is known.

        Raises:
            UserError: there are too few steps to tell the ranks' importance, or several processes.
        """
        if args.world_size > 1:
            raise UserError("the method 'adalora' trains on one process only")
        config: Any = self._model.peft_config["default"]
        config.total_step = state.max_steps
        config.tinit = int(self._warmup * state.max_steps)
        config.tfinal = int(self._final * state.max_steps)
        if config.total_step - config.tfinal < 2:
            raise UserError(
                f"the method 'adalora' has no step to learn the ranks' importance in a training of {state.max_steps}; "
                "take smaller updates or more epochs"
            )
        if state.global_step == 0:  # an attempt that ran out of memory may have left its own
            self._model.forget()

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Give P and Q the gradient of the orthogonality term; the loss' is added to it."""
        config: Any = self._model.peft_config["default"]
        if config.orth_reg_weight:
            (config.orth_reg_weight * orthogonality(self._model)).backward()

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Update the importance of the ranks, and mask the least important."""
        base: Any = self._model.base_model
        base.update_and_allocate(state.global_step + 1)


def orthogonality(model: torch.nn.Module) -> torch.Tensor:
    """Return the mean over all P and Q of ||P^T P - I|| and ||Q Q^T - I|| (Frobenius), as PEFT has it."""
    terms = []
    for name, parameter in model.named_parameters():
        if ".lora_A." in name or ".lora_B." in name:
            gram = parameter @ parameter.T if ".lora_A." in name else parameter.T @ parameter
            terms.append(torch.linalg.matrix_norm(gram - torch.eye(len(gram), device=gram.device)))
    return torch.stack(terms).mean()


def _part(state: dict[str, torch.Tensor], kind: str) -> dict[str, torch.Tensor]:
    start = f"{kind}:"
    return {name.removeprefix(start): tensor for name, tensor in state.items() if name.startswith(start)}
