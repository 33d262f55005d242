"""Which files of a cell stay at home: those with texts of data that may not be passed on."""

import re
from pathlib import Path

from leaderboard.publishing.strings import string_columns
from leaderboard.reading.schema import Spec
from leaderboard.reading.store import STAGE_FILE

KNOWN = {
    "data": {"rows.parquet", "counts.json", "tokens.json"},
    "train": {"history.json", "cost.json"},
    "predict": {"predictions.parquet"},
    "features": {"test.parquet", "test.safetensors", "probe.parquet", "probe.safetensors"},
    "attributions": {"attributions.parquet", "precision.json"},
}
"""The files of each stage that are published, beside its ``stage.json`` and ``manifest.json``."""

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
    if path.suffix != ".parquet":
        return ""
    found = string_columns(path)
    if others := sorted(set(found) - _COLUMNS):
        return f"its column {others[0]!r} may hold texts, and {terms}"
    if not all(_NAME.fullmatch(value) for name in _NAMES for value in found.get(name, ())) or _texts_name(spec, probe):
        return f"its rows' ids may be texts, and {terms}"
    return ""


def _texts_name(spec: Spec, probe: bool) -> bool:
    """Whether the column that names rows is the very column of their texts."""
    if probe:
        declared = spec.asked.get("features", {}).get("settings", {}).get("probe_corpus") or {}
    else:
        declared = spec.canonical.get("task", {})
    columns = declared.get("columns", {}) if isinstance(declared, dict) else {}
    texts = {columns.get("text", "text"), columns.get("text_pair")} - {None}
    return any(columns.get(name) in texts for name in (*_NAMES, "source"))
