"""How a model is fine-tuned: which weights move (methods) and what each example counts (weightings).

Neither importing this package nor asking for a method or weighting imports torch or peft; using a method does.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from polyskew.errors import UserError
from polyskew.registry import Registry

if TYPE_CHECKING:
    from adapters.losses.base import Loss as Loss
    from adapters.method import Method as Method
    from adapters.weightings import Weighting as Weighting

METHODS: "Registry[type[Method]]" = Registry("method", "polyskew.methods")
METHODS.add("full", "adapters.full:Full", summary="every weight is trained")
METHODS.add("lora", "adapters.lora:Lora", summary="low-rank updates of the attention's query and value (PEFT's LoRA)")
METHODS.add("rslora", "adapters.lora:RsLora", summary="LoRA, scaled by alpha / sqrt(rank)")
METHODS.add("dora", "adapters.lora:Dora", summary="LoRA for a weight's direction, a vector for its magnitude")
METHODS.add("pissa", "adapters.lora:Pissa", summary="LoRA that starts at the principal singular values")
METHODS.add("qlora", "adapters.lora:QLora", summary="LoRA on all Linear weights of a 4-bit base (bitsandbytes)")
METHODS.add("adalora", "adapters.adalora:AdaLora", summary="LoRA whose ranks are allocated by importance")
METHODS.add("vera", "adapters.vectors:Vera", summary="two vectors a weight between shared frozen random matrices")
METHODS.add("ia3", "adapters.vectors:Ia3", summary="vectors that scale keys, values and inner activations")
METHODS.add("oft", "adapters.vectors:Oft", summary="block-diagonal rotations of query and value")
METHODS.add("ln_tuning", "adapters.vectors:LnTuning", summary="the LayerNorms are trained")
METHODS.add("bitfit", "adapters.bitfit:BitFit", summary="the biases are trained")
METHODS.add("prefix_tuning", "adapters.prompts:PrefixTuning", summary="trained keys and values in every layer")
METHODS.add("p_tuning", "adapters.prompts:PTuning", summary="trained embeddings before the text, from a small network")
METHODS.add("prompt_tuning", "adapters.prompts:PromptTuning", summary="trained embeddings before the text")
METHODS.add("houlsby", "adapters.bottlenecks:Houlsby", summary="two bottleneck adapters a layer, and the LayerNorms")
METHODS.add("pfeiffer", "adapters.bottlenecks:Pfeiffer", summary="a bottleneck adapter after the feed-forward block")
METHODS.add("parallel", "adapters.bottlenecks:Parallel", summary="a bottleneck adapter beside the feed-forward block")
METHODS.add("head", "adapters.head:Head", summary="the head alone is trained")
METHODS.add("peft", "adapters.any_peft:AnyPeft", summary="any method of PEFT, by its own configuration")

WEIGHTINGS: "Registry[Weighting]" = Registry("weighting", "polyskew.weightings")
WEIGHTINGS.add("none", "adapters.weightings.inverse:none", summary="every example counts 1")
WEIGHTINGS.add(
    "global", "adapters.weightings.inverse:global_", summary="n / (C * n_c): labels balanced over all languages"
)
WEIGHTINGS.add(
    "per_language",
    "adapters.weightings.inverse:per_language",
    summary="n_l / (C * n[l, c]): labels balanced within each language",
)
WEIGHTINGS.add(
    "sqrt", "adapters.weightings.smoothed:sqrt", summary="~ 1 / sqrt(n_c): half way to global, in logarithms"
)
WEIGHTINGS.add(
    "sqrt_per_language",
    "adapters.weightings.smoothed:sqrt_per_language",
    summary="~ 1 / sqrt(n[l, c]): half way to per_language, in logarithms",
)
WEIGHTINGS.add(
    "effective_number",
    "adapters.weightings.smoothed:EffectiveNumber",
    summary="~ (1 - beta) / (1 - beta^n_c): by the effective number of a label's rows",
)
WEIGHTINGS.add(
    "effective_number_per_language",
    "adapters.weightings.smoothed:EffectiveNumberPerLanguage",
    summary="~ (1 - beta) / (1 - beta^n[l, c]): the same within each language",
)

LOSSES: "Registry[type[Loss]]" = Registry("loss", "polyskew.losses")
LOSSES.add("cross_entropy", "adapters.losses.cross_entropy:CrossEntropy", summary="the negative log-probability")
LOSSES.add("focal", "adapters.losses.focal:Focal", summary="(1 - p)^gamma * cross-entropy: what is learned counts less")
LOSSES.add(
    "logit_adjustment",
    "adapters.losses.logit_adjustment:LogitAdjustment",
    summary="cross-entropy of logits + tau * log(prior), by language or over all",
)
LOSSES.add(
    "group_dro",
    "adapters.losses.group_dro:GroupDro",
    summary="cross-entropy, groups of rows weighed towards the one that fares worst",
)

# Weightings and losses are written on one axis of a grid, where ``sampling`` says how weights act.
_AXIS = {"sampling": "it says how weights act"}
WEIGHTINGS.reserve(_AXIS | dict.fromkeys(LOSSES.added(), "it is a loss"))
LOSSES.reserve(_AXIS | dict.fromkeys(WEIGHTINGS.added(), "it is a weighting"))

_LAZY = {
    "Component": "adapters.component",
    "EmptyCellWarning": "adapters.weightings",
    "LearningRates": "adapters.method",
    "Loss": "adapters.losses.base",
    "Method": "adapters.method",
    "Weighting": "adapters.weightings",
    "head_modules": "adapters.parts",
}

__all__ = ["LOSSES", "METHODS", "WEIGHTINGS", "get_loss", "get_method", "get_weighting", *sorted(_LAZY)]


def get_method(name: str, options: Mapping[str, Any] | None = None) -> "Method":
    """Return the method called ``name`` with its options set.

    Args:
        name: a name in `METHODS`.
        options: the method's own options, such as ``{"rank": 16}``; the rest keep their defaults.

    Raises:
        UserError: there is no such method or option, or an option's value is wrong.
    """
    from polyskew.yamls import validate

    return validate(dict(options or {}), METHODS.get(name), f"method {name!r}")


def get_loss(name: str, options: Mapping[str, Any] | None = None) -> "Loss":
    """Return the loss called ``name`` with its options set; like `get_method`."""
    from polyskew.yamls import validate

    return validate(dict(options or {}), LOSSES.get(name), f"loss {name!r}")


def get_weighting(name: str, options: Mapping[str, Any] | None = None) -> "Weighting":
    """Return the weighting called ``name``: a function from counts [L, C] to weights [L, C].

    Args:
        name: a name in `WEIGHTINGS`.
        options: the weighting's own options; a plain function has none.

    Raises:
        UserError: there is no such weighting or option, or an option's value is wrong.
    """
    from polyskew.yamls import validate

    found: Any = WEIGHTINGS.get(name)
    if isinstance(found, type):
        return cast("Weighting", validate(dict(options or {}), found, f"weighting {name!r}"))
    if options:
        raise UserError(f"the weighting {name!r} has no options, so {next(iter(options))!r} cannot be set")
    return cast("Weighting", found)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'adapters' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
