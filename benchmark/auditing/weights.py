"""Weights as they stand in a training script."""

from collections.abc import Iterator, Sequence

from benchmark.auditing.layout import Styled, sentence
from benchmark.auditing.python import EXAMPLES
from benchmark.auditing.report import Report

_WEIGHTS = 66  # more than these are left to --format python


def weights(report: Report, width: int) -> Iterator[Styled]:
    """Yield both weightings as dictionaries, if they are not too long, and how to use them."""
    found = report.weights
    number = sum(len(row) for row in found.per_language.values())
    if not number:
        return
    what = "pos_weight of a label's presence" if found.kind == "pos_weight" else "weight of a text"
    yield f"Weights for {found.split}: {what}", "bold"
    if all(one == 1 for row in found.per_language.values() for one in row.values()):
        yield from sentence("each weight is exactly 1: the labels are balanced in every language", width, "")
        return
    if number > _WEIGHTS:
        yield from sentence(f"{number:,} weights: --format python writes them down", width, "")
    else:
        yield "GLOBAL = {", ""
        yield from _literal([f"{label!r}: {one:.4g}" for label, one in found.overall.items()], width)
        yield "}", ""
        yield "PER_LANGUAGE = {", ""
        for language, row in found.per_language.items():
            yield from _literal([f"({language!r}, {label!r}): {one:.4g}" for label, one in row.items()], width)
        yield "}", ""
    for line in EXAMPLES[found.kind].splitlines():
        yield line, ""


def _literal(entries: Sequence[str], width: int) -> Iterator[Styled]:
    """Yield the entries of a dictionary, as many on a line as fit."""
    line = "   "
    for entry in entries:
        if line.strip() and len(line) + len(entry) + 2 > width:
            yield line, ""
            line = "   "
        line += f" {entry},"
    yield line, ""
