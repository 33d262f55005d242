"""Deterministic building blocks shared by the demo generators: seeds, draws, splits, lexicons."""

import hashlib
import zlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, TypeVar

import numpy as np
import yaml

from polyskew.errors import UserError

T = TypeVar("T")

SEED = 20_240_517
SPLITS = ("train", "validation", "test")
# Shares of all texts, in percent, in the order of SPLITS.
SPLIT_SHARES = (70, 13, 17)
# Candidates tried in a row without a new text before a lexicon counts as used up.
PATIENCE = 3_000

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # same result, about ten times faster


@cache
def load_lexicon(name: str) -> dict[str, Any]:
    """Return the parsed lexicon ``lexicons/<name>.yaml`` (cached: treat it as read-only)."""
    source = resources.files("tasks.demo.lexicons").joinpath(f"{name}.yaml")
    lexicon: dict[str, Any] = yaml.load(source.read_text(encoding="utf-8"), Loader=_LOADER)
    return lexicon


class Draws:
    """A reproducible stream of choices, named by strings such as a corpus and a language.

    Only raw uniform doubles of PCG64 are used: NumPy keeps those fixed over versions and platforms,
    which it does not promise for its higher-level distributions.
    """

    def __init__(self, *names: str | int) -> None:
        """Start the stream that belongs to ``names`` (and to the fixed suite seed)."""
        key = zlib.crc32("/".join(map(str, names)).encode("utf-8"))
        self._rng = np.random.Generator(np.random.PCG64([SEED, key]))
        self._block: list[float] = []

    def uniform(self) -> float:
        """Return the next number in [0, 1)."""
        if not self._block:
            self._block = self._rng.random(512).tolist()[::-1]
        return self._block.pop()

    def below(self, stop: int) -> int:
        """Return an integer from 0 to ``stop - 1``, all equally likely."""
        return int(self.uniform() * stop)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of ``options``, all equally likely."""
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[int]) -> T:
        """Return one of ``options`` with probability in proportion to the integer ``weights``."""
        point = self.below(sum(weights))
        for option, weight in zip(options, weights, strict=True):
            if point < weight:
                return option
            point -= weight
        raise AssertionError("weights do not cover the drawn point")

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """Return a new list with ``options`` in random order."""
        result = list(options)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result


def split_of(key: str) -> str:
    """Return the split that ``key`` (a text, or a language-free premise key) always belongs to."""
    point = zlib.crc32(key.encode("utf-8")) % 100
    if point < SPLIT_SHARES[0]:
        return SPLITS[0]
    return SPLITS[1] if point < SPLIT_SHARES[0] + SPLIT_SHARES[1] else SPLITS[2]


def digest(*parts: str) -> str:
    """Return 12 hex digits that identify ``parts``."""
    return hashlib.sha256("\n".join(parts).encode("utf-8")).hexdigest()[:12]


def capitalise(text: str) -> str:
    """Return ``text`` with its first letter in upper case and the rest as it is."""
    return text[:1].upper() + text[1:]


def check_request(
    split: str | None,
    rows: int,
    languages: Sequence[str],
    known: Sequence[str],
) -> None:
    """Raise ``UserError`` for an unknown split or language, a repeated language or bad ``rows``.

    ``split`` is None for a corpus without splits.
    """
    if split is not None and split not in SPLITS:
        raise UserError(f"unknown split {split!r}; the demo corpora have {', '.join(SPLITS)}")
    if rows < 1:
        raise UserError(f"the number of demo rows must be at least 1, not {rows}")
    if isinstance(languages, str):
        raise UserError(f"languages must be a list of codes, not the string {languages!r}")
    for language in languages:
        if language not in known:
            raise UserError(f"no demo lexicon for language {language!r}; there are {list(known)}")
    if not languages or len(set(languages)) != len(languages):
        raise UserError(f"languages must be distinct and at least one, not {list(languages)}")


def exhausted(corpus: str, where: str, wanted: int, got: int) -> UserError:
    """Return the error for a lexicon that cannot give ``wanted`` different texts."""
    return UserError(
        f"{corpus}: the {where} lexicon gives only {got} different texts, {wanted} were asked for; "
        "ask for fewer rows or extend the lexicon"
    )
