"""All strings that stand in a file, whatever its format, so that they can be looked through."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from polyskew.errors import DataError
from polyskew.files import read_json


def strings(path: Path) -> Iterator[str]:
    """Yield the strings of a JSON, parquet or safetensors file: keys, values, names and what is told about them.

    Of parquet's columns of lists none is read: they hold numbers, and pieces of texts that are public already, since
    those of other texts stay at home (`leaderboard.publishing.withholding`).

    Raises:
        UserError: the file cannot be read.
    """
    if path.suffix == ".json":
        yield from walk(read_json(path))
    elif path.suffix == ".safetensors":
        yield from walk(_header(path))
    else:
        for pair in metadata(path):
            yield from pair
        for name, values in string_columns(path).items():
            yield name
            yield from values


def walk(value: Any) -> Iterator[str]:
    """Yield all strings in a JSON value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)


def metadata(path: Path) -> list[tuple[str, str]]:
    """Return what a parquet or safetensors file tells about itself and its columns, as keys and values.

    Raises:
        DataError: the file is not of its kind.
    """
    if path.suffix == ".safetensors":
        told = _header(path).get("__metadata__", {})
        return [(key, str(value)) for key, value in told.items()]
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            all_told = (file.metadata.metadata, *(field.metadata for field in file.schema_arrow))
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable parquet file ({error})") from None
    return [
        (key.decode(errors="replace"), value.decode(errors="replace"))
        for told in all_told
        for key, value in (told or {}).items()
        if key != b"ARROW:schema"  # which holds the same once more, in a form of its own
    ]


def string_columns(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the distinct values of a parquet file's columns of strings; of nested ones only that they are there.

    Lists of numbers are none.

    Raises:
        DataError: the file is not parquet.
    """
    return _columns(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)  # a file is asked for twice in a row
def _columns(path: Path, modified: int) -> dict[str, tuple[str, ...]]:
    import pyarrow
    import pyarrow.compute
    import pyarrow.parquet

    found: dict[str, tuple[str, ...]] = {}
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for field in file.schema_arrow:
                if _is_text(field.type):
                    column = file.read(columns=[field.name]).column(field.name)
                    values = pyarrow.compute.unique(column.cast(pyarrow.string())).drop_null()
                    found[field.name] = tuple(values.to_pylist())
                elif pyarrow.types.is_nested(field.type) and not _is_number(getattr(field.type, "value_type", None)):
                    found[field.name] = ()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable parquet file ({error})") from None
    return found


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return any(of(kind) for of in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary))


def _is_number(kind: Any) -> bool:
    import pyarrow.types as types

    return kind is not None and (types.is_integer(kind) or types.is_floating(kind))


def _header(path: Path) -> dict[str, Any]:
    """Return the header of a safetensors file: names, shapes and what is told about them."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        text = file.read(size) if size <= path.stat().st_size else b""
    try:
        header = json.loads(text)
    except ValueError:
        header = None
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise DataError(f"{path} is not a readable safetensors file")
    return header
