"""Changes to a results folder, as a user or an accident makes them, with the checksums that belong to them."""

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from polyskew.files import MANIFEST, read_json, sha256, write_json


def cells(results: Path, stage: str = "predict") -> list[Path]:
    """The folders of cells that have a stage."""
    return sorted(path for path in (results / "cells").iterdir() if (path / stage).is_dir())


def change_spec(cell: Path, **fields: Any) -> None:
    write_json(cell / "spec.json", read_json(cell / "spec.json") | fields)


def seal(stage: Path) -> None:
    """Write a stage's manifest for the files that are there now."""
    files = sorted(path for path in stage.iterdir() if path.name != MANIFEST)
    listing = {path.name: {"sha256": sha256(path), "bytes": path.stat().st_size} for path in files}
    write_json(stage / MANIFEST, {"files": listing})


def change_column(path: Path, name: str, values: list[Any]) -> None:
    """Put other values into a column of a parquet file, or a new column, and seal its stage."""
    table = pyarrow.parquet.read_table(path)
    if name in table.column_names:
        table = table.drop_columns([name])
    pyarrow.parquet.write_table(table.append_column(name, pyarrow.array(values)), path)
    seal(path.parent)


def strings_in(content: bytes) -> str:
    """All that can be read in a file that was uploaded: its bytes as text, and what parquet has compressed."""
    text = content.decode("utf-8", errors="replace")
    if not content.startswith(b"PAR1"):
        return text
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
    return text + repr(table.schema.metadata) + json.dumps(table.to_pylist(), ensure_ascii=False)
