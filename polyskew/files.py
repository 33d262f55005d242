"""Files that are whole or absent: written to a temporary name, synced, checksummed and renamed."""

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from polyskew.errors import UserError

MANIFEST = "manifest.json"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Yields a temporary path beside ``path`` to write to. When the block ends without an exception, that file is synced
    and takes the place of ``path``; when it raises, nothing is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path`` so that a reader sees the old file or the new one, never a part."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON with sorted keys, atomically. NaN is refused: a missing value is null."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: the file is missing or is not JSON; the message names it.
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error})") from None


def check_folder(folder: Path) -> None:
    """Refuse a place for a folder that is a file, or lies within one.

    Raises:
        UserError: it is; the message names the file.
    """
    for path in (folder, *folder.parents):
        if path.exists():
            if not path.is_dir():
                raise UserError(f"{path} is a file; a folder is wanted")
            return


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Fill a folder that appears only when it is complete.

    Yields a temporary folder beside ``folder``. When the block ends without an exception, a ``manifest.json`` with
    the SHA-256 and size of every file is added, all is synced to disk, and the folder is renamed to its place; an
    earlier folder of that name is replaced. When the block raises, nothing is left.
    """
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        files = sorted(path for path in temporary.rglob("*") if path.is_file())
        listing = {
            path.relative_to(temporary).as_posix(): {"sha256": sha256(path), "bytes": path.stat().st_size}
            for path in files
        }
        write_json(temporary / MANIFEST, {"files": listing})
        for path in files:
            _sync(path)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_complete(folder: Path) -> bool:
    """Return whether ``folder`` was finished by `atomic_folder` and all its files still have their recorded size."""
    return not damage(folder, checksums=False)


def damage(folder: Path, *, checksums: bool = True, absent: Collection[str] = ()) -> str:
    """Say what is wrong with a folder made by `atomic_folder`.

    Args:
        folder: the folder.
        checksums: read every file and compare its SHA-256; otherwise only presence and size.
        absent: names of files that are not there for a good reason.

    Returns:
        An empty string if all is well, else one clause that names the first bad file.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        return f"{folder} has no {MANIFEST}"
    try:
        recorded = [(name, record["bytes"], record["sha256"]) for name, record in read_json(manifest)["files"].items()]
    except (UserError, AttributeError, KeyError, TypeError):
        return f"{manifest} is not a list of files"
    for name, size, checksum in recorded:
        path = folder / name
        if name in absent:
            continue
        if not path.exists():
            return f"{path} is missing"
        if path.stat().st_size != size:
            return f"{path} has {path.stat().st_size} bytes instead of {size}"
        if checksums and sha256(path) != checksum:
            return f"{path} does not have its recorded checksum"
    return ""


def checksums(folder: Path) -> dict[str, str]:
    """Return the recorded SHA-256 of every file of a finished folder, by relative name.

    Raises:
        UserError: the record is not there, or not a list of files.
    """
    recorded = read_json(folder / MANIFEST)
    try:
        return {name: str(record["sha256"]) for name, record in recorded["files"].items()}
    except (AttributeError, KeyError, TypeError):
        raise UserError(f"{folder / MANIFEST} is not a list of files with their checksums") from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
