"""Where a thing that is not the suite's own comes from: what its results are recorded with."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """The source of a plug-in.

    Attributes:
        package: the installed distribution, or empty for a file.
        version: of the distribution, or empty.
        file: the name of the source file that defines the thing, without its folder; empty where it is not known.
        sha256: the first 16 hex digits of that file's checksum, or empty.
    """

    package: str = ""
    version: str = ""
    file: str = ""
    sha256: str = ""

    def record(self) -> dict[str, str]:
        """Return what is known, for people and for a cell's ``spec.json``."""
        return {name: value for name, value in vars(self).items() if value}

    def identity(self) -> dict[str, str]:
        """Return what tells this source from others, for cell ids: not how the file is called."""
        return {name: value for name, value in self.record().items() if name != "file"}

    def __str__(self) -> str:
        return f"{self.package} {self.version}".strip() or f"{self.file} ({self.sha256})"


def of_file(path: Path) -> Origin:
    """Return the origin of what a Python file defines."""
    return Origin(file=path.name, sha256=_checksum(path))


@lru_cache
def of_package(package: str, version: str, module: str) -> Origin:
    """Return the origin of what an installed package's module defines; the module is looked up, not imported.

    Args:
        package: the distribution's name.
        version: its version.
        module: the module's full name.
    """
    try:
        # To find a.b, `a` is imported; a package that cannot be is told when the thing itself is asked for.
        spec = find_spec(module)
    except Exception:
        spec = None
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        return Origin(package, version)
    path = Path(spec.origin)
    return Origin(package, version, path.name, _checksum(path))


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
