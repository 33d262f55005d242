"""Pieces of a card in Markdown that no name or citation can break out of."""

import re
from collections.abc import Iterable


def code(text: object) -> str:
    """Return a text as a code span on one line, in which nothing is markup."""
    plain = " ".join(str(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    gap = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{gap}{plain or ' '}{gap}{fence}"


def codes(texts: Iterable[object]) -> str:
    """Return several texts as code spans between commas."""
    return ", ".join(code(text) for text in texts) or "none"


def block(text: str, language: str = "") -> str:
    """Return a text as a fenced block, line by line."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.strip()}\n{fence}"
