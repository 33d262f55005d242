"""Whether what a plug-in brought to a result is here, so that it can be computed again."""

from collections.abc import Iterable
from typing import Any

from leaderboard.reading.plugin_records import Plugin, PluginSource
from polyskew.plugins import registry


def lacking(kind: str, name: str, recorded: Any, plugins: Iterable[Plugin] = ()) -> str:
    """Return what is needed and is not here; empty where the same thing is.

    Args:
        kind: ``method``, ``weighting``, ...
        name: under which it is registered.
        recorded: what tells its source, as a canonical form or a block has it; None for what the suite brings.
        plugins: what the cell needs; a canonical form does not say how a plug-in's file is called, these do.
    """
    known = registry(kind)
    here = known.origin(name) if name in known else None
    file = next((plugin.file for plugin in plugins if (plugin.kind, plugin.name) == (kind, name)), "")
    wanted = PluginSource.model_validate({"file": file} | (recorded or {}))
    told = {key: value for key, value in wanted.model_dump(exclude={"file"}).items() if value}
    if (here.identity() if here else {}) == told:
        return ""
    if not told:
        return f"the {kind} {name!r} is the suite's, and here is that of the plug-in {here}"
    needs = f"the {kind} {name!r} needs the plug-in {wanted}"
    hint = "" if wanted.package else " (name it with --plugin)"
    return f"{needs}, and here is {here}" if here else f"{needs}, which is not here{hint}"
