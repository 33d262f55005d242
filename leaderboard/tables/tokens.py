"""A filter's words and signs, and the error about one of them."""

import re
from typing import NamedTuple

from polyskew.errors import UserError

WORDS = ("and", "or", "not", "in", "is", "missing")
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<text>"[^"]*"|'[^']*')
    |(?P<name>[A-Za-z_][\w.]*)
    |(?P<sign>[=!<>]=|[<>()\[\],]))""",
    re.VERBOSE,
)
_HINTS = {"=": '; "is equal" is written ==', "&": "; write and", "|": "; write or", "!": "; write not"}


class Token(NamedTuple):
    """One word or sign.

    Attributes:
        kind: ``number``, ``text`` (with its quotes), ``name``, ``word``, ``sign`` or ``end``.
        text: as it is written.
        place: of its first character, from 0.
    """

    kind: str
    text: str
    place: int


def split(expression: str) -> list[Token]:
    """Split an expression; the last token is its end.

    Raises:
        UserError: a character begins no token.
    """
    tokens, place, end = [], 0, len(expression.rstrip())
    while place < end:
        match = _TOKEN.match(expression, place)
        if match is None:
            raise _stray(expression, end - len(expression[place:end].lstrip()))
        kind = str(match.lastgroup)
        text, place = match[kind], match.end()
        tokens.append(Token("word" if text in WORDS else kind, text, place - len(text)))
    return [*tokens, Token("end", "", end)]


def error(expression: str, place: int, message: str) -> UserError:
    """Return the error about what stands at a place of an expression."""
    rest = expression[place : place + 20].rstrip()
    where = f"filter, character {place + 1} ({rest!r})" if rest else "filter, at its end"
    return UserError(f"{where}: {message}")


def _stray(expression: str, place: int) -> UserError:
    character = expression[place]
    if character in "\"'":
        return error(expression, place, "this quote is not closed")
    return error(expression, place, f"the character {character!r} means nothing here{_HINTS.get(character, '')}")
