"""Names to things, resolved on first use, so that listing imports nothing heavy."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Generic, TypeVar

from polyskew.errors import UserError, in_brief, suggest, suggest_pluggable, warn_of_plugin
from polyskew.installed import Installed, installed
from polyskew.origin import Origin, of_package

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One registered name.

    Attributes:
        name: the name users write.
        place: where it was registered: ``package.module:object``, an entry point, or a file.
        summary: one line for ``polyskew list``.
        load: returns the thing itself; called once, on first use.
        origin: returns the plug-in's origin; None for what the suite itself brings.
        module: of an entry point, the module that has the thing.
    """

    name: str
    place: str
    summary: str
    load: Callable[[], Any]
    origin: Callable[[], Origin] | None = None
    module: str = ""


class Registry(Generic[T]):
    """The known things of one kind (tasks, methods, weightings, ...).

    Beside what the suite adds itself, a registry has what installed packages declare as entry points, and what
    plug-in files register (`polyskew.plugins`). A shipped name always means the shipped thing: a plug-in that takes it
    is left out with a warning.

    Args:
        kind: the singular noun used in messages, such as ``"method"``.
        entry_point_group: the group under which installed packages add their own.
    """

    def __init__(self, kind: str, entry_point_group: str) -> None:
        self.kind = kind
        self._group = entry_point_group
        self._entries: dict[str, Entry] = {}
        self._loaded: dict[str, T] = {}
        self._broken: set[str] = set()
        self._reserved: dict[str, str] = {}
        self._scanned = False

    def add(
        self,
        name: str,
        target: str | Callable[[], T],
        *,
        summary: str,
        place: str = "",
        origin: Callable[[], Origin] | None = None,
        module: str = "",
    ) -> None:
        """Register ``name``.

        Args:
            name: the name users write.
            target: ``"package.module:object"``, imported on first use, or a function that returns the thing.
            summary: one line for listings.
            place: where the entry comes from; the target itself by default.
            origin: returns the origin of a plug-in.
            module: of an entry point, the module that has the thing.

        Raises:
            UserError: the name is taken, both places are named; or a plug-in's name has characters that grids and
                commands use otherwise.
        """
        if origin is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            raise UserError(
                f"the {self.kind} name {name!r} from {place} has other characters than letters, digits, '_', '.', '-'"
            )
        if origin is not None and name in self._reserved:
            raise UserError(f"the {self.kind} name {name!r} from {place} is taken: {self._reserved[name]}; rename it")
        place = place or (target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}")
        if name in self._entries:
            first = self._entries[name].place
            raise UserError(
                f"the {self.kind} name {name!r} is taken twice: by {first} and by {place}; rename one of them"
            )
        load = _importer(target) if isinstance(target, str) else target
        self._entries[name] = Entry(name, place, summary, load, origin, module)

    def reserve(self, reasons: Mapping[str, str]) -> None:
        """Keep plug-ins from names that mean something else where those of this registry are written.

        Args:
            reasons: by name, what it means, such as ``"it is a loss"``.
        """
        self._reserved |= reasons

    def added(self) -> list[str]:
        """Return the names that were added so far; unlike `names`, without looking for plug-ins."""
        return list(self._entries)

    def taken(self, name: str) -> str:
        """Return why a plug-in cannot have a name, or nothing."""
        if name in self:
            return f"there is a {self.kind} called {name!r} already, from {self._entries[name].place}"
        return f"no {self.kind} can be called {name!r}: {self._reserved[name]}" if name in self._reserved else ""

    def remove(self, name: str) -> None:
        """Take back what a plug-in file added before it failed."""
        del self._entries[name]
        self._loaded.pop(name, None)

    def get(self, name: str) -> T:
        """Return the thing called ``name``, importing it now if need be.

        Raises:
            UserError: no such name; the message suggests the nearest. Or a plug-in's thing cannot be imported.
        """
        self._scan()
        if name not in self._entries:
            raise UserError(self.unknown(name))
        if name not in self._loaded:
            entry = self._entries[name]
            self._loaded[name] = entry.load() if entry.origin is None else self._load_plugin(entry)
        return self._loaded[name]

    def unknown(self, name: str) -> str:
        """Return the sentence about a name that nothing has; it suggests the nearest."""
        from polyskew.plugins import KINDS

        hint = (suggest_pluggable if self.kind in KINDS else suggest)(name, self.names())
        return f"there is no {self.kind} called {name!r}{hint}"

    def origin(self, name: str) -> Origin | None:
        """Return where a plug-in's thing comes from, or None for what the suite brings.

        Raises:
            UserError: no such name.
        """
        self._scan()
        if name not in self._entries:
            raise UserError(self.unknown(name))
        origin = self._entries[name].origin
        return origin() if origin else None

    def working(self) -> Iterator[tuple[str, T]]:
        """Yield every name with its thing, all imported; a plug-in that cannot be is left out with one warning."""
        for name in self.names():
            try:
                yield name, self.get(name)
            except UserError as error:
                if name not in self._broken:
                    self._broken.add(name)
                    warn_of_plugin(f"{error}; it is left out")

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
        if not self._scanned:
            self._scanned = True
            for found in installed(self._group):
                self._add_installed(found)
        from polyskew.plugins import load_named

        load_named()

    def _load_plugin(self, entry: Entry) -> T:
        from polyskew.wanted import complaint

        try:
            thing: T = entry.load()
            wrong = complaint(self.kind, thing)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            raise UserError(
                f"the {self.kind} {entry.name!r} from {entry.place} cannot be loaded: {in_brief(error)}; mend the "
                "plug-in or remove it"
            ) from error
        if wrong:
            raise UserError(f"the {self.kind} {entry.name!r} from {entry.place} {wrong}")
        return thing

    def _add_installed(self, found: Installed) -> None:
        try:
            origin = partial(of_package, found.package, found.version, found.module)
            self.add(
                found.name,
                found.load,
                summary=found.summary,
                place=found.place,
                origin=origin,
                module=found.module,
            )
        except UserError as error:
            warn_of_plugin(f"a plug-in is left out: {error}")


def _importer(target: str) -> Callable[[], Any]:
    module, _, attribute = target.partition(":")
    return lambda: getattr(import_module(module), attribute)
