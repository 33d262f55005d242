"""Rows of a board that were never measured, and names that nobody should choose."""

from dataclasses import replace
from typing import Any

from leaderboard.board import Board
from leaderboard.reading.columns import COLUMNS
from leaderboard.rows import Row
from leaderboard.statistics.averaging import Number
from leaderboard.statistics.comparisons import Comparison

METHOD = "t interval of the mean over 3 seeds (training runs on this test set)"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd()",
    "+1-1",
    "@SUM(A1)",
    "\\input{x}",
    "$\\write18{ls}$ 100% #1 a_b {",
    "^^M^^41 ~ & | ` *b* _i_ ~~s~~",
    "[x](javascript:alert(1)) ![y](http://z.invalid/p.png)",
    "# heading",
    "1. item",
    "- item",
    "> quoted",
    "[4pt] \\\\[9cm] * ] }",
    "\"quotes' ",
    "مرحبا",
    "评论 отзыв 😀",
    "a\u202eb\u2066c",
    "n" * 300,
    "two\nlines\tand a tab\r",
    "bell\x07 escape\x1b[31m nul\x00 next\x85line",
    "-",
    " ",
)


def number(value: float | None) -> Number:
    if value is None:
        return Number(None, reason="not measured here")
    return Number(value, value - 0.01, value + 0.01, METHOD, 3)


def row(
    method: str = "full",
    regime: str = "balanced",
    weighting: str = "none",
    numbers: dict[str, float | None] | None = None,
    groups: dict[str, str] | None = None,
    p: dict[str, float | None] | None = None,
    **changed: Any,
) -> Row:
    """A row whose numbers are all missing but those given."""
    found = {column.name: number((numbers or {}).get(column.name)) for column in COLUMNS}
    compared = {name: Comparison(0.1, 0.0, 0.2, value, 3) for name, value in (p or {}).items()}
    told = Row(
        task="reviews",
        model="tiny",
        variant="",
        regime=regime,
        method=method,
        weighting=weighting,
        group="g1",
        reference=(regime, weighting) == ("balanced", "none"),
        skew_regime="imbalanced",
        vectors="pooler",
        device="cpu",
        precision="fp32",
        cells=("c0", "c1", "c2"),
        planned=3,
        done=3,
        status="done",
        notes=(),
        numbers=found,
        against_reference=compared,
        groups=groups or {},
    )
    return replace(told, **changed)


def small() -> Board:
    """Three methods in two regimes, with accuracies of their own; the last one failed."""
    return Board(
        (
            row("full", numbers={"accuracy": 0.61, "skew_uptake": -0.02}),
            row("full", "imbalanced", numbers={"accuracy": 0.52, "skew_uptake": 0.4}),
            row("lora", numbers={"accuracy": 0.6, "skew_uptake": 0.01}),
            row("lora", "imbalanced", "per_language", numbers={"accuracy": 0.58, "skew_uptake": 0.1}),
            row("houlsby", "imbalanced", status="failed", done=0, notes=("seed 0 failed in train (nan): no",)),
        )
    )


def hostile() -> Board:
    """Each hostile name as task, model, variant, method, regime, weighting, in notes and in texts that are told."""
    rows = []
    for place, name in enumerate(HOSTILE):
        rows.append(row(name, f"r{place}", numbers={"accuracy": 0.5}, notes=(f"seed 0 failed: {name}",)))
        rows.append(row("lora", name, name, skew_regime=name, vectors=name, status="failed", device=name))
        rows.append(row("lora", f"r{place}", task=name, model=name, variant=name, numbers={"leakage_probe": 0.2}))
    return Board(tuple(rows))
