"""What boards call methods, weightings and learning rates, and whether that is what a canonical form says."""

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

from polyskew.errors import UserError

Get = Callable[[str, Mapping[str, Any]], Any]
"""Returns a method, a weighting or a loss by its name and options."""

_PART = re.compile(r"[^+(]+(?:\([^()]*\))?")
_PLAIN = ("none", "cross_entropy")  # are not named beside anything else


def called(name: str, options: Mapping[str, Any]) -> str:
    """Return a name with options, such as ``lora(rank=16)``."""
    listed = ", ".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}({listed})" if listed else name


def weighting_form(value: Any) -> dict[str, Any]:
    """Return what counters uneven labels, in the canonical form's keys: ``name``, ``options``, ``by``, ``loss``.

    Args:
        value: as it stands in a canonical form or in a grid: a name, or an object.
    """
    form = _form(value)
    return {"name": "none", **form, "loss": _form(form.get("loss", {}))}


def _form(value: Any) -> dict[str, Any]:
    form = {"name": value} if isinstance(value, str) else dict(value)
    return {"name" if key == "use" else key: part for key, part in form.items()}  # as a grid has it


def weighting_name(value: Any) -> str:
    """Return what a board calls it, such as ``per_language+focal(gamma=1)``."""
    form = weighting_form(value)
    parts = [called(form["name"], form.get("options", {}))]
    parts += ["sampling"] if form.get("by") == "sampling" else []
    parts.append(called(form["loss"].get("name", "cross_entropy"), form["loss"].get("options", {})))
    return "+".join(part for part in parts if part not in _PLAIN) or "none"


def sorted_parts(weighting: str) -> str:
    """Return a weighting's name with its parts in order: who writes ``focal+per_language`` means the same."""
    parts = sorted(part for part in _PART.findall(weighting) if part not in _PLAIN)
    return "+".join(parts) or ("none" if weighting else "")


def rate_name(value: Any) -> str:
    """Return what a board calls learning rates as a grid writes them; empty for the method's own."""
    if isinstance(value, dict):
        body, head = (f"{float(value[part]):g}" for part in ("body", "head"))
        return body if body == head else f"{body}/{head}"
    if not isinstance(value, str):
        return f"{float(value):g}"
    name = f"x{float(value[1:]):g}" if value.startswith("x") else value
    return "" if name in ("own", "x1") else name


def is_called(told: str, form: Mapping[str, Any], get: Get) -> bool:
    """Return whether a name with options is that of a canonical form, which leaves out those at their defaults.

    Args:
        told: such as ``lora(rank=8, alpha=32)``.
        form: ``name`` and ``options``.
        get: what brings in the defaults.

    Raises:
        UserError: nothing of this name is known here.
    """
    if told == called(str(form.get("name")), form.get("options", {})):
        return True
    name, _, listed = told.partition("(")
    if name != form.get("name"):
        return False
    try:
        call = ast.parse(f"f({listed}", mode="eval").body if listed else ast.Call(ast.Name("f"), [], [])
        options = {str(word.arg): _option(word.value) for word in call.keywords} if isinstance(call, ast.Call) else {}
    except (MemoryError, RecursionError, SyntaxError, ValueError):
        return False  # it is not called as such things are
    try:
        found = get(name, options)
    except UserError:
        get(name, {})  # is it the name that is not known, or are the options wrong?
        return False
    identity = found.identity() if hasattr(found, "identity") else {"name": name}
    return told == called(name, options) and identity.get("options", {}) == form.get("options", {})


def is_weighting_called(told: str, form: Mapping[str, Any], weighting: Get, loss: Get) -> bool:
    """Return whether what counters uneven labels is called as its canonical form says; like `is_called`."""
    if told == weighting_name(form):
        return True
    parts = _PART.findall(told)
    wanted: list[tuple[Mapping[str, Any], Get]] = [(form, weighting)] if form["name"] != "none" else []
    wanted += [({"name": "sampling"}, weighting)] if form.get("by") == "sampling" else []
    wanted += [(form["loss"], loss)] if form["loss"] else []
    if len(parts) != len(wanted):
        return False
    return all(is_called(part, *one) for part, one in zip(parts, wanted, strict=True))


def _option(value: ast.expr) -> Any:
    return value.id if isinstance(value, ast.Name) else ast.literal_eval(value)
