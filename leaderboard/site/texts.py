"""Example texts of a row: the first explained text of each language, in the cell and in its reference."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from leaderboard.reading.store import Cell, Results
from leaderboard.shading.explained import ATTRIBUTIONS
from leaderboard.shading.terminal import shade, visible
from leaderboard.shading.text import ShadedText, Side, shaded_text
from leaderboard.site.packing import Shared, integers, rounded
from polyskew.errors import DataError

LANGUAGES = 8
"""Languages of which a text is shown, at most."""
_DECIMALS = 4


@dataclass(frozen=True)
class WantedTexts:
    """Where to read a row's texts.

    Attributes:
        cell: the cell whose values are shown.
        results: a results folder with this cell, the one that did its work, and its reference.
    """

    cell: Cell
    results: Results


def example_texts(wanted: WantedTexts | str, shared: Shared) -> dict[str, Any]:
    """Return the texts with their tokens' values for the true label, or why there are none."""
    if isinstance(wanted, str):
        return {"missing": wanted}
    try:
        found = [
            shaded_text(wanted.results, wanted.cell, name, language)
            for language, name in _first_of_each_language(wanted).items()
        ]
    except DataError as error:  # an older file lacks a column: the rest of the page can be read without
        return {"missing": str(error).replace(f"{wanted.results.folder}/", "")}
    return {"seed": wanted.cell.spec.seed, "texts": [_text(text, shared) for text in found]}


def _first_of_each_language(wanted: WantedTexts) -> dict[str, str]:
    """Return the id of the first text of each language; nothing about its values decides."""
    import pyarrow.parquet

    path = wanted.results.resolve(wanted.cell).folder / ATTRIBUTIONS
    try:
        table = pyarrow.parquet.read_table(path, columns=["id", "language"], partitioning=None, use_threads=False)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable parquet file ({error})") from None
    first: dict[str, str] = {}
    for name, language in zip(*(table.column(column).to_pylist() for column in ("id", "language")), strict=True):
        first.setdefault(language, name)
    known = [language for language in wanted.cell.spec.languages if language in first]
    return {language: first[language] for language in known[:LANGUAGES]}


def _text(text: ShadedText, shared: Shared) -> dict[str, Any]:
    drift = {name: rounded(value, 4) for name, value in text.drift.items()}
    return {
        "id": text.id,
        "language": text.language,
        "truth": text.truth,
        "mode": text.mode,
        "pieces": shared.place(tuple(visible(piece) for piece in text.pieces)),
        "second": text.second,
        "scale": rounded(text.scale, 4),
        "alone": text.alone,
        "drift": drift,
        "sides": [_side(side, text.scale) for side in (text.own, text.reference) if side is not None],
    }


def _side(side: Side, scale: float) -> dict[str, Any]:
    colours = [shade(value, scale) for value in side.values]
    return {
        "values": integers(np.asarray(side.values), _DECIMALS),
        "colours": ["" if colour is None else colour[0] + colour[1] for colour in colours],
        "base": rounded(side.base, 4),
        "output": rounded(side.output, 4),
        "predicted": side.predicted,
    }
