"""The parts of a transformers model: body, head, and the modules that methods attach to."""

import re
from collections.abc import Sequence
from typing import Any

from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from polyskew.errors import UserError


def unwrapped(model: nn.Module) -> nn.Module:
    """Return the transformers model inside a PEFT model, or the model itself."""
    return model.get_base_model() if isinstance(model, PeftModel) else model


def head_modules(model: nn.Module) -> list[str]:
    """Return the names of the modules that the model class puts on top of its body.

    These are all children with weights except the body (`base_model_prefix`); a pooler within the body belongs to
    the body. For BERT it is ``["classifier"]``, for DistilBERT ``["pre_classifier", "classifier"]``.

    Args:
        model: a transformers model, or the PEFT model around one.

    Raises:
        UserError: the model is a bare body, without a head.
    """
    model = unwrapped(model)
    prefix = getattr(model, "base_model_prefix", "")
    if not prefix or not hasattr(model, prefix):
        raise UserError(
            f"{type(model).__name__} has no head on top of its body; a model for sequence classification is wanted"
        )
    return [name for name, child in model.named_children() if name != prefix and any(True for _ in child.parameters())]


def positions(model: nn.Module) -> int:
    """Return how many tokens a model can place; a very large number where positions are relative."""
    body: Any = getattr(model, "base_model", model)
    if not getattr(body.config, "position_biased_input", True):  # DeBERTa's may be relative alone
        return 10**9
    # RoBERTa and its kin count positions from the padding token's index on.
    before = getattr(getattr(body, "embeddings", None), "padding_idx", None)
    count = getattr(body.config, "max_position_embeddings", None) or 10**9
    return int(count) - (0 if before is None else before + 1)


def is_quantized(model: nn.Module) -> bool:
    """Return whether weights of the model are stored quantized (bitsandbytes 4 or 8 bit, GPTQ and the like)."""
    model = unwrapped(model)
    if getattr(model, "is_quantized", False) or getattr(model, "quantization_method", None) is not None:
        return True
    if getattr(getattr(model, "config", None), "quantization_config", None) is not None:
        return True
    # Told by name, because importing bitsandbytes only to ask would be slow and it may not be installed.
    return any(type(module).__module__.startswith("bitsandbytes.") for module in model.modules())


def numbers(parameter: nn.Parameter) -> int:
    """Return how many numbers a parameter holds, also where two of them are stored in a byte (bitsandbytes' 4 bits)."""
    state: Any = getattr(parameter, "quant_state", None)
    return parameter.numel() if state is None else int(state.shape.numel())


def find(model: nn.Module, kind: type[nn.Module], pattern: str | None = None) -> list[str]:
    """Return the full names of the body's modules of one kind, in the model's order.

    Args:
        model: a transformers model (anything else counts as all body), perhaps with PEFT layers injected; a module
            that a PEFT layer wraps is found under the PEFT layer's name.
        kind: the class looked for, such as ``nn.Linear``.
        pattern: a regular expression that the whole name must match; every name if None.
    """
    prefix = getattr(model, "base_model_prefix", "")
    start = f"{prefix}." if prefix and hasattr(model, prefix) else ""
    wrappers: list[str] = []
    names: list[str] = []
    for name, module in model.named_modules():
        if not name.startswith(start) or name.startswith(tuple(wrappers)):
            continue
        if isinstance(module, BaseTunerLayer):
            wrappers.append(f"{name}.")
            module = module.get_base_layer()
        if isinstance(module, kind) and (pattern is None or re.fullmatch(pattern, name)):
            names.append(name)
    return names


def named(model: nn.Module, endings: Sequence[str], kind: type[nn.Module] = nn.Linear) -> list[str]:
    """Return the full names of the body's modules of one kind whose name is, or ends in, one of the given.

    Args:
        model: as in `find`.
        endings: names or their last parts, such as ``"query"`` or ``"attention.output.dense"``.
        kind: as in `find`.

    Raises:
        UserError: one of the endings fits no such module of the body.
    """
    names = find(model, kind)
    for ending in endings:
        if not any(name == ending or name.endswith(f".{ending}") for name in names):
            raise UserError(
                f"{type(model).__name__} has no {kind.__name__} module in its body whose name ends in {ending!r}"
            )
    return [name for name in names if any(name == ending or name.endswith(f".{ending}") for ending in endings)]


def targets(
    model: nn.Module, pattern: str, endings: Sequence[str] | None = None, kind: type[nn.Module] = nn.Linear
) -> list[str]:
    """Return the full names of the modules that a method attaches to: by the endings if there are any, or the pattern.

    They are full names out of the body: a short one such as ``"dense"`` would also reach into the head of XLM-R.

    Args:
        model: as in `find`.
        pattern: one of `adapters.names`.
        endings: the user's own choice.
        kind: as in `find`.

    Raises:
        UserError: nothing is found.
    """
    names = find(model, kind, pattern) if endings is None else named(model, endings, kind)
    if not names:
        raise UserError(
            f"the modules that this method attaches to were not found in {type(model).__name__}; "
            "name them with target_modules"
        )
    return names
