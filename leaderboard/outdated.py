"""Numbers that an earlier version of a measure made."""

import numpy as np

from leaderboard.reading.founds import Founds


def outdated(founds: Founds) -> dict[int, str]:
    """Return the earlier versions of measures that ``founds.texts`` names, by place: for example ``accuracy 1``."""
    from leaderboard.measures import METRICS

    own = [entry.name for entry in METRICS.entries() if entry.origin is None]
    versions = {name: METRICS.get(name).version for name in own}
    found = {}
    for place, text in enumerate(founds.texts):
        name, _, version = text.partition(" (")[0].rpartition(" ")
        if name in versions and version.isdecimal() and int(version) < versions[name]:
            found[place] = f"{name} {version}"
    return found


def earlier(founds: Founds, cells: list[int], old: dict[int, str]) -> tuple[str, ...]:
    """Return a note that names the earlier versions by which cells were measured, or nothing."""
    if not old:
        return ()
    names = sorted({old[code] for code in np.unique(founds.made_by[cells]).tolist() if code in old})
    told = f"measured by earlier versions ({', '.join(names)}); `polyskew run` measures again"
    return (told,) if names else ()
