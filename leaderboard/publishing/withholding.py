"""Which files of a cell stay at home: those with texts of data that may not be passed on."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from leaderboard.publishing.strings import metadata, string_columns, strings, walk
from leaderboard.reading.schema import Spec
from leaderboard.reading.store import METRICS, STAGE_FILE, Cell

KNOWN = {
    "data": {"rows.parquet", "counts.json", "tokens.json"},
    "train": {"history.json", "cost.json"},
    "predict": {"predictions.parquet"},
    "features": {"test.parquet", "test.safetensors", "probe.parquet", "probe.safetensors"},
    "attributions": {"attributions.parquet", "precision.json"},
}
"""The files of each stage that are published, beside its ``stage.json`` and ``manifest.json``."""

_OF_MACHINES = {STAGE_FILE, "cost.json"}  # name devices and platforms
_COLUMNS = {"split", "id", "group", "language", "source", "mode"}
_NAMES = ("id", "group")  # columns that hold names of rows, which may be texts where an owner chose so
_NAME = re.compile(r"[!-~]{0,128}")  # printable ASCII without blanks


def reason(path: Path, stage: str, spec: Spec) -> str:
    """Say why a stage's file stays at home; an empty string where it may go out.

    Args:
        path: the file.
        stage: its stage.
        spec: of its cell.

    Raises:
        UserError: the file cannot be read.
    """
    if path.name not in KNOWN[stage] | {STAGE_FILE}:
        return "it is no file of the published layout"
    probe = path.name.startswith("probe.")
    owner = "the probe corpus" if probe else f"the task {spec.task!r}"
    if spec.probe.redistribute if probe and spec.probe else spec.redistribute and not probe:
        return ""
    terms = f"the texts of {owner} may not be passed on"
    if path.name == "attributions.parquet":
        return f"it holds token ids, pieces of texts and their attributions, and {terms}"
    if path.suffix == ".json":
        plain = path.name in _OF_MACHINES or _are_plain({*strings(path)} - {*spec.languages, *spec.labels})
        return "" if plain else f"a string in it may be a text, and {terms}"
    if not all(_is_known(*pair) for pair in metadata(path)):
        return f"what it tells about itself may hold texts, and {terms}"
    if path.suffix != ".parquet":
        return ""
    found = string_columns(path)
    if others := sorted(set(found) - _COLUMNS):
        return f"its column {others[0]!r} may hold texts, and {terms}"
    if any(not _are_plain(found.get(name, ())) for name in _NAMES) or _texts_name(spec, probe):
        return f"its rows' ids may be texts, and {terms}"
    return ""


def quotes_texts(cell: Cell) -> bool:
    """Return whether ``metrics.json`` quotes ids of explained rows that may be texts, and may not be passed on.

    Reasons of earlier versions named a text by its id.

    Raises:
        UserError: a file cannot be read.
    """
    metrics, rows = cell.folder / METRICS, cell.folder / "attributions" / "attributions.parquet"
    if cell.spec.redistribute or not (metrics.exists() and rows.exists()):
        return False
    ids = string_columns(rows).get("id", ())
    if _are_plain(ids) and not _texts_name(cell.spec, probe=False):
        return False
    said = "\n".join({*strings(metrics)})
    return any(repr(name) in said for name in ids)


def _is_known(key: str, value: str) -> bool:
    """Whether metadata are what pandas tells of its columns, and no more."""
    try:
        return key == "pandas" and _are_plain(walk(json.loads(value)))
    except ValueError:
        return False


def _are_plain(texts: Iterable[str]) -> bool:
    return all(_NAME.fullmatch(text) for text in texts)


def _texts_name(spec: Spec, probe: bool) -> bool:
    """Whether the column that names rows is the very column of their texts."""
    if probe:
        declared = spec.asked.get("features", {}).get("settings", {}).get("probe_corpus") or {}
    else:
        declared = spec.canonical.get("task", {})
    columns = declared.get("columns", {}) if isinstance(declared, dict) else {}
    texts = {columns.get("text", "text"), columns.get("text_pair")} - {None}
    return any(columns.get(name) in texts for name in (*_NAMES, "source"))
