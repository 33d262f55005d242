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
        yield from _told(path)
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


def string_columns(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the distinct values of a parquet file's columns of strings; of lists of strings only that they are there.

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
                elif pyarrow.types.is_nested(field.type) and _is_text(getattr(field.type, "value_type", None)):
                    found[field.name] = ()
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable parquet file ({error})") from None
    return found


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    if kind is not None and types.is_dictionary(kind):
        kind = kind.value_type
    return kind is not None and any(
        of(kind) for of in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    )


def _told(path: Path) -> Iterator[str]:
    """What a parquet file tells about itself and its columns."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        schema = file.schema_arrow
        yield file.metadata.created_by or ""
        for metadata in (file.metadata.metadata, *(field.metadata for field in schema)):
            for key, value in (metadata or {}).items():
                if key != b"ARROW:schema":  # which holds the same once more, in a form of its own
                    yield from (key.decode(errors="replace"), value.decode(errors="replace"))


def _header(path: Path) -> Any:
    """Return the header of a safetensors file: names, shapes and what is told about them."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        text = file.read(size) if size <= path.stat().st_size else b""
    try:
        return json.loads(text)
    except ValueError:
        raise DataError(f"{path} is not a readable safetensors file") from None
