"""Write docs/methods.md from a finished run of methods_grid.yaml.

    POLYSKEW_DATA=... polyskew run tests/real/methods_grid.yaml --out results/methods
    python -m tests.real.methods_page results/methods

What each preset is comes from the methods themselves; a trained parameter count that is not the formula's stops it.
"""

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from adapters import METHODS, Method, get_method
from adapters.peft_support import PEFT_TYPES
from leaderboard.board import Board, board
from leaderboard.reading.store import Cell, read_results
from polyskew.errors import UserError
from polyskew.files import read_json
from tests.speed.report import machine

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
# tiny-polyglot: vectors of width d, inner width f, n layers, two attention projections (query, value) a layer.
D, F, N = 128, 512, 2
_NORMS = 1 + 2 * N
_ALL = 4 * 2 * D + 2 * (D + F)  # inputs and outputs of the six Linear weights of a layer
VOCABULARY, POSITIONS = 16000, 512


def _rotation(size: int) -> int:
    """The free numbers of a skew-symmetric matrix."""
    return size * (size - 1) // 2


Formula = tuple[str, Callable[[Any], int]]
FORMULAS: dict[str, Formula] = {
    "full": (
        "all weights: embeddings, layers, pooler",
        lambda _: (VOCABULARY + POSITIONS + 2) * D + 2 * D + N * (4 * (D * D + D) + 2 * D * F + F + 5 * D) + D * D + D,
    ),
    "head": ("0", lambda _: 0),
    "bitfit": ("n (5 d + f) + (2 n + 1) d + d (pooler)", lambda _: N * (5 * D + F) + _NORMS * D + D),
    "ln_tuning": ("2 d (2 n + 1)", lambda _: _NORMS * 2 * D),
    "lora": ("n * 2 * r * 2 d", lambda m: N * 2 * m.rank * 2 * D),
    "rslora": ("n * 2 * r * 2 d", lambda m: N * 2 * m.rank * 2 * D),
    "pissa": ("n * 2 * r * 2 d", lambda m: N * 2 * m.rank * 2 * D),
    "dora": ("n * 2 * (r * 2 d + d)", lambda m: N * 2 * (m.rank * 2 * D + D)),
    "qlora": ("n * r * (8 d + 2 (d + f))", lambda m: N * m.rank * _ALL),
    "adalora": ("n * (r0 (8 d + 2 (d + f)) + 6 r0)", lambda m: N * m.initial_rank * (_ALL + 6)),
    "vera": ("n * 2 * (r + d)", lambda m: N * 2 * (m.rank + D)),
    "ia3": ("n * (2 d + f)", lambda _: N * (2 * D + F)),
    "oft": (
        "n * 2 * (d / b) * b (b - 1) / 2",
        lambda m: N * 2 * (D // m.block_size) * _rotation(m.block_size),
    ),
    "prefix_tuning": ("t * n * 2 d", lambda m: m.tokens * N * 2 * D),
    "p_tuning": (
        "t d + (d w + w) + (w w + w) + (w d + d)",
        lambda m: m.tokens * D + (D * m.width + m.width) + (m.width * m.width + m.width) + (m.width * D + D),
    ),
    "prompt_tuning": ("t d", lambda m: m.tokens * D),
    "houlsby": (
        "2 n (2 d m + m + d) + 2 d (2 n + 1)",
        lambda m: 2 * N * (2 * D * m.bottleneck + m.bottleneck + D) + _NORMS * 2 * D,
    ),
    "pfeiffer": ("n (2 d m + m + d), m = d / 16", lambda _: N * (2 * D * (D // 16) + D // 16 + D)),
    "parallel": ("n (2 d m + m + d)", lambda m: N * (2 * D * m.bottleneck + m.bottleneck + D)),
}
"""By preset, the trained parameters of the body in words and as a function of the method."""


def trained_parameters(cells: dict[str, Cell], labels: int) -> dict[str, int]:
    """Return by method what was trained beside the head, from the cells' cost.

    Raises:
        UserError: it is not what the formula gives.
    """
    found: dict[str, int] = {}
    for cell in cells.values():
        path = cell.folder / "train" / "cost.json"
        if not path.exists():
            continue
        name = cell.spec.method
        found[name] = read_json(path)["trainable_parameters"] - labels * (D + 1)
        expected = FORMULAS[name][1](get_method(name))
        if found[name] != expected:
            raise UserError(f"{cell.folder}: {name} trained {found[name]} parameters, its formula gives {expected}")
    return found


def write(results: Path) -> None:
    """Write the page."""
    read = read_results(results)
    labels = len(next(iter(read.cells.values())).spec.labels)
    counts = trained_parameters(read.cells, labels)
    shown = board(results)
    seconds = [
        cost.get("search_seconds", cost["seconds"])
        for cell in read.cells.values()
        if (cell.folder / "train" / "cost.json").exists()
        for cost in [read_json(cell.folder / "train" / "cost.json")]
    ]
    text = "\n".join(_page(shown, counts, sum(seconds), len(seconds)))
    PAGE.write_text(text, encoding="utf-8")
    print(PAGE)


def _page(shown: Board, counts: dict[str, int], seconds: float, cells: int) -> Iterator[str]:
    template = (Path(__file__).parent / "methods_page.md").read_text(encoding="utf-8")
    parts = {
        "machine": machine(),
        "cells": str(cells),
        "hours": f"{seconds / 3600:.1f}",
        "presets": "\n".join(_presets(counts)),
        "shows": _shows(shown),
        "methods": _table(shown, 'weighting == "none" or weighting == "per_language"'),
        "weightings": _table(shown, 'method == "lora" and regime == "imbalanced"'),
        "peft": "\n".join(_peft_types()),
        "works": str(sum(not support.reason for support in PEFT_TYPES.values())),
        "types": str(len(PEFT_TYPES)),
    }
    for name, part in parts.items():
        template = template.replace(f"{{{{{name}}}}}", part)
    yield template.rstrip() + "\n"


def _shows(shown: Board) -> str:
    """How far the methods' means go without and with weights."""
    told = []
    for weighting in ("none", "per_language"):
        rows = shown.where(f'regime == "imbalanced" and weighting == "{weighting}"').rows
        uptake, tokens, accuracy = (
            [row.numbers[name].value for row in rows]
            for name in ("skew_uptake", "neutral_uptake", "accuracy_difference")
        )
        told.append(
            f"uptakes are {min(uptake):.2f} to {max(uptake):.2f}, neutral uptakes {min(tokens):.2f} to "
            f"{max(tokens):.2f}, and accuracy differs from the balanced cell's by {min(accuracy):+.3f} to "
            f"{max(accuracy):+.3f}"
        )
    without, weighted = told
    sentence = (
        f"Means of the {len(rows)} methods under imbalance: without weights, {without}; with per-language weights, "
    )
    return textwrap.fill(f"{sentence}{weighted}.", 120)


def _table(shown: Board, where: str) -> str:
    columns = ["accuracy", "accuracy_difference", "skew_uptake", "leakage_probe", "neutral_uptake"]
    columns += ["trainable_parameters", "rate_body", "search_seconds"]
    return shown.where(where).to_markdown(columns).strip()


def _presets(counts: dict[str, int]) -> Iterator[str]:
    yield "| preset | what is trained | options at their defaults | parameters of the body | = | rates, their source |"
    yield "|---|---|---|---|---:|---|"
    for entry in METHODS.entries():
        if entry.name not in FORMULAS:
            continue
        method = get_method(entry.name)
        options = ", ".join(f"{key} {value}" for key, value in method.options.items() if value is not None)
        rates = f"{method.rates.body:g}"
        if method.rates.head != method.rates.body:
            rates += f", head {method.rates.head:g}"
        yield (
            f"| `{entry.name}` | {_described(method)} | {options or '-'} | {FORMULAS[entry.name][0]} | "
            f"{counts[entry.name]:,} | {rates}: {method.rates.source} |"
        )


def _described(method: Method) -> str:
    return (inspect.getdoc(type(method)) or "").partition("\n")[0].rstrip(".")


def _peft_types() -> Iterator[str]:
    yield "| type | works | on 4 and 8 bits | what a configuration needs, or why not |"
    yield "|---|---|---|---|"
    for name, support in PEFT_TYPES.items():
        needs = ", ".join(f"`{key}`" for key in support.config)
        said = support.reason or (f"set {needs}" if needs else "nothing beside its type")
        yield f"| {name} | {'no' if support.reason else 'yes'} | {'yes' if support.quantized else 'no'} | {said} |"


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]))
    except (IndexError, UserError) as error:
        sys.exit(f"python -m tests.real.methods_page RESULTS: {error}")
