"""Regimes between balanced and a declared one: ``imbalanced@0.5`` lies half way from ``balanced`` to ``imbalanced``."""

import re
from fractions import Fraction

import numpy as np

from polyskew.errors import UserError

_WRITTEN = re.compile(r"0\.\d{0,2}[1-9]")  # one way to write each, so that no cell has two ids


def parse(regime: str) -> tuple[str, Fraction]:
    """Return the regime that a name builds on, and its strength.

    Args:
        regime: ``NAME`` or ``NAME@STRENGTH``.

    Returns:
        The name, and the exact strength, which is 1 where none is written.

    Raises:
        UserError: what follows the ``@`` is no strength, or is written in another way than it is in results.
    """
    base, mark, text = regime.partition("@")
    if not mark:
        return base, Fraction(1)
    if not _WRITTEN.fullmatch(text):
        if same := _same(base, text):
            raise UserError(f"the regime {regime!r} is written {same!r}")
        raise UserError(
            f"the regime {regime!r} has no strength; wanted is a decimal between 0 and 1 with at most three digits, as "
            f"in '{base}@0.5'"
        )
    return base, Fraction(text)


def mixed(ratio: np.ndarray, strength: Fraction) -> np.ndarray:
    """Return the ratio of the shares P_s = (1 - s) / C + s P, for P the shares of a ratio.

    Args:
        ratio: int64 [L, C], the declared regime's.
        strength: s: 0 gives the same share to every label, 1 the ratio itself.

    Returns:
        int64 [L, C], the smallest whole numbers of exactly these shares.
    """
    part, whole = strength.numerator, strength.denominator
    scaled = (whole - part) * ratio.sum(axis=1, keepdims=True) + part * ratio.shape[1] * ratio
    return scaled // np.gcd.reduce(scaled, axis=1, keepdims=True)


def _same(base: str, text: str) -> str:
    """The name to write for a strength that is written otherwise; empty if it is none."""
    if not re.fullmatch(r"\d*\.?\d{0,3}0*", text) or not any(letter.isdigit() for letter in text):
        return ""
    strength = Fraction(text)
    if strength > 1:
        return ""
    return {Fraction(0): "balanced", Fraction(1): base}.get(strength, f"{base}@{float(strength):g}")
