"""What installed packages bring: entry points, read without importing a package or parsing its metadata in full."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from typing import Any

from polyskew.errors import warn_of_plugin


@dataclass(frozen=True)
class Installed:
    """One entry point.

    Attributes:
        name: the name users write.
        target: ``package.module:object``.
        package: the distribution.
        version: of the distribution.
        summary: the distribution's own line about itself.
        load: imports the thing.
    """

    name: str
    target: str
    package: str
    version: str
    summary: str
    load: Callable[[], Any]

    @property
    def module(self) -> str:
        """The full name of the module that has the thing."""
        return self.target.partition(":")[0].strip()

    @property
    def place(self) -> str:
        """Where it comes from, for people."""
        return f"{self.package} {self.version} ({self.target})".replace("  ", " ")


def installed(group: str) -> list[Installed]:
    """Return a group's entry points; a package whose own cannot be read is left out with a warning.

    They are sorted by package, so that which of two plug-ins of one name counts does not depend on the order of
    folders.
    """
    try:
        points = list(entry_points(group=group))
    except Exception:  # one package's file, and importlib reads those of all at once
        points = [point for found in distributions() for point in _readable(found) if point.group == group]
    return sorted((_described(point) for point in points), key=lambda found: (found.package, found.name))


def _readable(package: Distribution) -> list[EntryPoint]:
    try:
        return list(package.entry_points)
    except Exception:
        warn_of_plugin(f"the file entry_points.txt of the installed package {package.name} cannot be read")
        return []


def _described(point: EntryPoint) -> Installed:
    # `point.dist.name` and its siblings parse the whole file anew, a millisecond each.
    text = (point.dist.read_text("METADATA") or "") if point.dist else ""
    header, _, _ = text.partition("\n\n")
    said = dict(line.split(": ", 1) for line in header.splitlines() if ": " in line and not line.startswith(" "))
    return Installed(
        name=point.name,
        target=point.value,
        package=said.get("Name", "an installed package"),
        version=said.get("Version", ""),
        summary=said.get("Summary", "from an installed package"),
        load=point.load,
    )
