"""Licences by the names that the hub knows them by."""

import re
from collections.abc import Iterable, Iterator

from leaderboard.reading.schema import Spec

# Those of data and models that people name in their tasks; the hub's list is longer, and has `other` for the rest.
_KNOWN = {
    "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0",
    "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0",
    "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "c-uda",
    "cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "gfdl", "gpl-2.0", "gpl-3.0", "lgpl-3.0",
    "agpl-3.0", "mpl-2.0", "odc-by", "odbl", "pddl", "unlicense", "openrail",
}  # fmt: skip


def licences(specs: Iterable[Spec]) -> str | list[str]:
    """Return the hub's name, or names, of the licences of all data that cells used: tasks and probe corpora.

    One that the hub has no name for is ``other``, one that was not recorded ``unknown``.
    """
    stated = {licence for spec in specs for licence in (spec.licence, *((spec.probe.licence,) if spec.probe else ()))}
    found = sorted({name for text in stated for name in _names(text)})
    return found[0] if len(found) == 1 else found


def _names(stated: str) -> Iterator[str]:
    """Yield the hub's names of what an owner states; ``CC BY-SA 3.0 and GFDL`` is two licences."""
    for part in re.split(r"\s+and\s+", stated.strip()):
        name = re.sub(r"[\s_]+", "-", part.lower())
        yield name if name in _KNOWN else "other" if name else "unknown"
