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
METHODS.add("houlsby", "adapters.houlsby:Houlsby", summary="two bottleneck adapters a layer, and the LayerNorms")

WEIGHTINGS: "Registry[Weighting]" = Registry("weighting", "polyskew.weightings")
WEIGHTINGS.add("none", "adapters.weightings:none", summary="every example counts 1")
WEIGHTINGS.add("global", "adapters.weightings:global_", summary="n / (C * n_c): labels balanced over all languages")
WEIGHTINGS.add(
    "per_language",
    "adapters.weightings:per_language",
    summary="n_l / (C * n[l, c]): labels balanced within each language",
)

LOSSES: "Registry[type[Loss]]" = Registry("loss", "polyskew.losses")
LOSSES.add("cross_entropy", "adapters.losses.cross_entropy:CrossEntropy", summary="the negative log-probability")

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
