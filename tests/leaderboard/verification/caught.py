"""Checking a tampered cell, and looking for what should have been told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leaderboard.verification.cells import check_cell, open_folder
from leaderboard.verification.findings import Findings, Note
from tests.leaderboard.verification.whole import REGISTERED

PREDICTIONS, ATTRIBUTIONS = "predict/predictions.parquet", "attributions/attributions.parquet"


def check(results: Path, cell: Path) -> Findings:
    return check_cell(open_folder(results, REGISTERED), cell.name)


def told(notes: list[Note], cell: Path, file: str, text: str) -> bool:
    """Whether a note names this cell and file, and says this."""
    return any((note.cell, note.file) == (cell.name, file) and text in note.text for note in notes)


def block(told: dict[str, Any], measure: str) -> dict[str, Any]:
    return next(one for one in told["measures"] if one["measure"] == measure)


def metrics(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def tamper(cell: Path) -> None:
        told = json.loads((cell / "metrics.json").read_text())
        change(told)
        (cell / "metrics.json").write_text(json.dumps(told))

    return tamper
