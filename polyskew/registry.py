"""Names to things, resolved on first use, so that listing imports nothing heavy."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from polyskew.errors import UserError, suggest

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One registered name.

    Attributes:
        name: the name users write.
        place: where it was registered: ``package.module:object``, an entry point, or a file.
        summary: one line for ``polyskew list``.
        load: returns the thing itself; called once, on first use.
    """

    name: str
    place: str
    summary: str
    load: Callable[[], Any]


class Registry(Generic[T]):
    """The known things of one kind (tasks, methods, weightings, ...).

    Args:
        kind: the singular noun used in messages, such as ``"method"``.
        entry_point_group: the group under which installed packages add their own.
    """

    def __init__(self, kind: str, entry_point_group: str) -> None:
        self.kind = kind
        self._group = entry_point_group
        self._entries: dict[str, Entry] = {}
        self._loaded: dict[str, T] = {}
        self._scanned = False

    def add(self, name: str, target: str | Callable[[], T], *, summary: str, place: str = "") -> None:
        """Register ``name``.

        Args:
            name: the name users write.
            target: ``"package.module:object"``, imported on first use, or a function that returns the thing.
            summary: one line for listings.
            place: where the entry comes from; the target itself by default.

        Raises:
            UserError: the name is taken; both places are named.
        """
        place = place or (target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}")
        if name in self._entries:
            first = self._entries[name].place
            raise UserError(
                f"the {self.kind} name {name!r} is taken twice: by {first} and by {place}; rename one of them"
            )
        load = _importer(target) if isinstance(target, str) else target
        self._entries[name] = Entry(name, place, summary, load)

    def get(self, name: str) -> T:
        """Return the thing called ``name``, importing it now if need be.

        Raises:
            UserError: no such name; the message suggests the nearest.
        """
        self._scan()
        if name not in self._entries:
            raise UserError(f"there is no {self.kind} called {name!r}{suggest(name, self._entries)}")
        if name not in self._loaded:
            self._loaded[name] = self._entries[name].load()
        return self._loaded[name]

    def entries(self) -> list[Entry]:
        """Return all entries in the order they were registered; nothing is imported."""
        self._scan()
        return list(self._entries.values())

    def names(self) -> list[str]:
        """Return all names in the order they were registered."""
        return [entry.name for entry in self.entries()]

    def __contains__(self, name: object) -> bool:
        self._scan()
        return name in self._entries

    def _scan(self) -> None:
        if self._scanned:
            return
        self._scanned = True
        for point in entry_points(group=self._group):
            package = point.dist.name if point.dist else "an installed package"
            self.add(point.name, point.load, summary=f"from {package}", place=f"{package} ({point.value})")


def _importer(target: str) -> Callable[[], Any]:
    module, _, attribute = target.partition(":")
    return lambda: getattr(import_module(module), attribute)
