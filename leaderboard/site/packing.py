"""How numbers and texts travel inside the page: rounded, each text once, compressed."""

import gzip
import json
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLACES = {"probability": 5, "ratio": 3}
"""Decimals that are kept, by unit; four of every other unit."""


class Shared:
    """Values that many rows refer to, each kept once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[Any, int] = {}

    def place(self, value: Any) -> int:
        """Return the place in ``values`` of a text, a tuple of texts, or anything that JSON can hold."""
        key = value if isinstance(value, str | tuple) else json.dumps(value, ensure_ascii=False)
        place = self._places.setdefault((type(value), key), len(self.values))
        if place == len(self.values):
            self.values.append(value)
        return place


def places(unit: str) -> int:
    """Return the decimals that are kept of a value with this unit."""
    return PLACES.get(unit, 4)


def integers(numbers: NDArray[np.float64], decimals: int) -> list[int | None]:
    """Return numbers times ``10 ** decimals`` as integers; NaN and infinity as None."""
    scaled = np.rint(numbers * 10.0**decimals)
    if np.isfinite(scaled).all():
        whole: list[int | None] = scaled.astype(np.int64).tolist()
        return whole
    return [int(number) if np.isfinite(number) else None for number in scaled.tolist()]


def rounded(number: float | None, digits: int = 5) -> float | None:
    """Round to significant digits; a whole number is returned as such, which takes less room."""
    if number is None:
        return None
    short = float(f"{number:.{digits}g}")
    return int(short) if short.is_integer() else short


def packed(value: Any) -> str:
    """Return JSON, compressed, in letters that mean nothing to HTML. The same value gives the same letters."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()
