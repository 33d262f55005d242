"""Whether the rows of a cell's files are each there once, and the same rows in all of them."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from leaderboard.measuring.jobs import ATTRIBUTIONS, PREDICTIONS
from leaderboard.reading import artifacts
from leaderboard.reading.artifacts import Attributions, FeatureRows, Predictions, Rows
from leaderboard.reading.store import Cell
from leaderboard.verification.drawn import DATA, Drawn, check_drawn, read_drawn
from leaderboard.verification.findings import Findings
from leaderboard.verification.outputs import check_explained
from leaderboard.verification.repeats import note_chance
from leaderboard.verification.specs import Registered
from polyskew.errors import DataError

R = TypeVar("R", bound=Rows)


def check_rows(cell: Cell, registered: Registered, findings: Findings) -> None:
    """Read a cell's rows, and check them against each other.

    Args:
        cell: its broken stages are not read.
        registered: what methods and weightings are.
        findings: are added to; ``prints`` gets the test rows and the drawn rows.
    """
    predictions = _read(cell, PREDICTIONS, artifacts.read_predictions, findings)
    test = _read(cell, "features/test.parquet", artifacts.read_feature_rows, findings)
    probe = _read(cell, "features/probe.parquet", artifacts.read_feature_rows, findings)
    attributions = _read(cell, ATTRIBUTIONS, artifacts.read_attributions, findings)
    drawn = _read(cell, DATA, read_drawn, findings)
    for name, rows in (("test", test), ("probe", probe)):
        if rows is not None:
            _check_vectors(cell, name, len(rows.id), findings)
    same = _check_test_rows(predictions, test, drawn, findings)
    if same:
        findings.prints["test rows"] = _digest(same)
    if probe is not None:
        findings.prints["probe texts"] = _digest(list(zip(probe.keys(), probe.group, strict=True)))
    if attributions is not None:
        check_explained(cell.folder / ATTRIBUTIONS, cell.spec, attributions, predictions, findings)
        _check_chosen(cell, attributions, same, findings)
    if drawn is not None:
        check_drawn(cell, drawn, registered, findings)
        if not cell.spec.is_untuned:
            findings.prints["drawn rows"] = _digest(drawn.keyed())
    note_chance(cell, drawn, predictions, findings)


def _check_chosen(cell: Cell, attributions: Attributions, test: list[tuple[Any, ...]], findings: Findings) -> None:
    """Compare the explained texts with the number that was asked for, and their groups with those of the test rows."""
    wanted = cell.spec.asked.get("attributions", {}).get("settings", {}).get("explained_texts")
    number = Counter(attributions.language)
    if cell.has("attributions"):
        findings.prints["explained texts"] = _digest(sorted(attributions.keys()))
        for language in cell.spec.languages:
            if isinstance(wanted, int) and number[language] != wanted:
                findings.fault(ATTRIBUTIONS, f"{number[language]} texts of {language!r} are explained, not {wanted}")
    group = {(language, key): group for language, key, _, group in test}
    for key, own in zip(attributions.keys(), attributions.group, strict=True):
        if group.get(key, own) != own:
            findings.fault(ATTRIBUTIONS, f"the text {key[1]!r} ({key[0]}) has another group than among the test rows")
            return


def _read(cell: Cell, name: str, read: Callable[[Path, int], R], findings: Findings) -> R | None:
    """Return a file's rows; None where it is not there, or broken, or a row is of no language here or stands twice."""
    path = cell.folder / name
    if name.partition("/")[0] in findings.broken or not path.exists():
        return None
    try:
        rows = read(path, len(cell.spec.labels))
        rows.language_index(cell.spec.languages, path)
    except DataError as error:
        findings.fault(name, str(error).removeprefix(f"{path}: ").removeprefix(f"{path} "))
        return None
    if twice := _twice(rows.splits() if isinstance(rows, Drawn) else rows.keys()):
        findings.fault(name, f"the row {twice} stands twice")
        return None
    return rows


def _twice(keys: Sequence[tuple[Any, ...]]) -> str:
    seen: set[tuple[Any, ...]] = set()
    for key in keys:
        if key in seen:
            return f"{key[-1]!r} ({key[-2]})"
        seen.add(key)
    return ""


def _check_vectors(cell: Cell, name: str, rows: int, findings: Findings) -> None:
    path = cell.folder / "features" / f"{name}.safetensors"
    if not path.exists():
        return
    try:
        for vectors in artifacts.feature_names(path):
            artifacts.read_features(path, vectors, rows)
    except DataError as error:
        findings.fault(f"features/{name}.safetensors", str(error).removeprefix(f"{path}: "))


def _check_test_rows(
    predictions: Predictions | None, features: FeatureRows | None, drawn: Drawn | None, findings: Findings
) -> list[tuple[Any, ...]]:
    """Compare languages, ids, labels and groups of the test rows in all files; return them."""
    tables: dict[str, list[tuple[Any, ...]]] = {}
    if drawn is not None:
        tables[DATA] = [row[1:] for row in drawn.keyed() if row[0] == "test"]
    for name, rows in ((PREDICTIONS, predictions), ("features/test.parquet", features)):
        if rows is not None and rows.label is not None:
            tables[name] = list(zip(rows.language, rows.id, rows.label.tolist(), rows.group, strict=True))
    first, wanted = next(iter(tables.items()), ("", []))
    for name, found in tables.items():
        if found != wanted:
            findings.fault(name, f"{_differing(found, wanted)} in {first}")
    return wanted


def _differing(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> str:
    if len(found) != len(wanted):
        return f"it has {len(found)} test rows, and there are {len(wanted)}"
    row = next(place for place, pair in enumerate(zip(found, wanted, strict=True)) if pair[0] != pair[1])
    mine, theirs = (
        f"{key!r} ({language}) of label {label} and group {group!r}"
        for language, key, label, group in (found[row], wanted[row])
    )
    return f"test row {row} is {mine}, but {theirs}"


def _digest(rows: Sequence[tuple[Any, ...]]) -> str:
    return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()[:16]
