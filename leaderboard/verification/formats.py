"""Whether a file is what its name says, told without trusting it: JSON, parquet, safetensors; never a pickle."""

import base64
import json
from pathlib import Path
from typing import Any

VALUES = 200_000_000
"""A parquet file that claims more is not read; the largest test sets have some millions."""

_PICKLES = {
    **{bytes([0x80, protocol]): "a pickle" for protocol in range(2, 6)},
    b"PK\x03\x04": "a zip archive, in which torch keeps pickles",
    b"\x93NUMPY": "a numpy file, which may hold pickles",
}

_PICKLED = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".ckpt")


def wrong_format(path: Path) -> str:
    """Say what is wrong with a file's form; an empty string if nothing is.

    Nothing is unpickled, and no array is read.
    """
    if wrong := pickled(path):
        return wrong
    if path.suffix == ".json":
        return wrong_json(path.read_bytes())
    if path.suffix == ".parquet":
        return _wrong_parquet(path)
    if path.suffix == ".safetensors":
        return _wrong_safetensors(path)
    return "is of a kind that results do not have; they hold JSON, parquet and safetensors only"


def pickled(path: Path) -> str:
    """Say that a file of whatever kind is a pickle or may hold some, by its start and its name; empty if it is none."""
    with path.open("rb") as file:
        start = file.read(6)
    for magic, name in _PICKLES.items():
        if start.startswith(magic):
            return f"is {name}; results hold JSON, parquet and safetensors only"
    return f"is called like a pickle ({path.suffix})" if path.suffix in _PICKLED else ""


def wrong_text(path: Path) -> str:
    """Say that a file is no text; empty if it is one."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = "\0"
    return "is no text" if "\0" in text else ""


def wrong_json(text: bytes) -> str:
    """Say what is wrong with JSON, of which every reader must understand the same; empty if nothing is."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice")
        return found

    def finite(number: str) -> float:
        value = float(number)
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"{number} is no finite number")
        return value

    try:
        json.loads(text, object_pairs_hook=once, parse_constant=finite, parse_float=finite)
    except RecursionError:
        return "is nested too deeply"
    except ValueError as error:
        return f"is not valid JSON ({error})"
    return ""


def _wrong_parquet(path: Path) -> str:
    import pyarrow
    import pyarrow.parquet

    try:
        told = pyarrow.parquet.read_metadata(path)
        # Looked at before the schema is read, as reading an extension type may run its code.
        if b"ARROW:extension" in base64.b64decode((told.metadata or {}).get(b"ARROW:schema", b"")):
            return "has a column of an extension type; columns hold texts, numbers and lists of them"
        groups = [told.row_group(place) for place in range(told.num_row_groups)]
        values = sum(group.column(place).num_values for group in groups for place in range(told.num_columns))
        if values > VALUES or told.num_rows > path.stat().st_size:
            return f"claims {told.num_rows} rows of {values} values in {path.stat().st_size} bytes"
        schema = pyarrow.parquet.read_schema(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        return f"is not a readable parquet file ({error})"
    for column in schema:
        if not _is_plain(column.type):
            return f"has a column {column.name!r} of type {column.type}; columns hold texts, numbers and lists of them"
    return ""


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type)
    checks = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_null)
    return any(check(kind) for check in checks)


def _wrong_safetensors(path: Path) -> str:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:  # which compares its header with its size
            file.keys()
    except (SafetensorError, OSError, ValueError) as error:
        return f"is not a readable safetensors file ({error})"
    return ""
