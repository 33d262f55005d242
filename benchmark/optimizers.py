"""A recipe's optimizer, with one learning rate for the body and one for the head, and how the rates change."""

import math
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from adapters import LearningRates
from adapters.quantization import require_bitsandbytes
from benchmark.recipes import Rates, Recipe


def _is_matrix(parameter: torch.Tensor) -> bool:
    """Whether decay applies: biases and factors are spared, also those that PEFT stores as a single row or column."""
    return sum(size > 1 for size in parameter.shape) > 1


def make_optimizer(
    recipe: Recipe, rates: LearningRates | Rates, groups: dict[str, list[torch.nn.Parameter]]
) -> torch.optim.Optimizer:
    """Build the recipe's optimizer; weight decay, where there is any, spares biases and normalisation weights.

    Args:
        recipe: its optimizer, epsilon and weight decay.
        rates: peak learning rates.
        groups: the trained parameters, under ``body`` and ``head``.

    Raises:
        UserError: the optimizer needs bitsandbytes, which is not installed.
    """
    rate = {"body": rates.body, "head": rates.head}
    parts: Any = [
        {
            "params": [parameter for parameter in parameters if _is_matrix(parameter) == decayed],
            "lr": rate[name],
            "weight_decay": recipe.weight_decay if decayed else 0.0,
        }
        for name, parameters in groups.items()
        for decayed in (True, False)
    ]
    parts = [part for part in parts if part["params"]]
    if recipe.optimizer == "radam":
        return torch.optim.RAdam(parts, eps=recipe.epsilon, decoupled_weight_decay=True)
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(parts, eps=recipe.epsilon)
    require_bitsandbytes(f"optimizer: {recipe.optimizer}")
    from bitsandbytes import optim

    made: torch.optim.Optimizer
    if recipe.optimizer == "adamw_8bit":
        made = optim.AdamW8bit(parts, eps=recipe.epsilon)
    elif recipe.optimizer == "ademamix_8bit":
        made = optim.AdEMAMix8bit(parts, eps=recipe.epsilon)
    else:  # it has no epsilon
        made = optim.Lion8bit(parts)
    return made


def make_schedule(recipe: Recipe, steps: int, optimizer: torch.optim.Optimizer) -> LambdaLR:
    """Rates rise linearly over the warmup, then fall linearly to the recipe's final share of their peak."""
    warmup = math.ceil(recipe.warmup * steps)

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        done = (step - warmup) / max(1, steps - warmup)
        return 1.0 - (1.0 - recipe.final_rate) * min(1.0, done)

    return LambdaLR(optimizer, share)
