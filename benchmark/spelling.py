"""How a choice with options is written as one word: ``lora``, ``lora(rank=16)``, ``per_language+focal(gamma=1)``."""

import re
from typing import Any

from polyskew.yamls import parse_yaml


def read(text: str) -> dict[str, Any]:
    """Read ``name`` or ``name(option=value, ...)``, with values as YAML has them.

    Returns:
        The name under ``use``, and the options, where there are any, under ``options``.

    Raises:
        ValueError: the brackets do not hold options.
    """
    found = re.fullmatch(r"([^()]+)\(([^()]*)\)", text)
    if not found and "(" in text:
        raise ValueError(f"{text!r}: one pair of brackets is wanted, as in name(option=value, ...)")
    if not found:
        return {"use": text}
    options = {}
    for part in re.split(r",(?![^\[]*\])", found[2]):  # not within a list
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"{text!r}: options are written name(option=value, ...)")
        options[key.strip()] = parse_yaml(value, text)[0]
    return {"use": found[1], "options": options}


def spelled(name: str, options: dict[str, Any]) -> str:
    """Return a name with its options, in the order of the alphabet, as `read` reads it."""
    listed = ", ".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}({listed})" if listed else name


def parts(text: str) -> list[str]:
    """Return what ``+`` joins, outside of brackets."""
    return [part.strip() for part in re.split(r"\+(?![^(]*\))", text)]
