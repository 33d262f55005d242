"""Whether the suite's packages are really the suite's."""

from importlib.util import find_spec
from pathlib import Path

from polyskew.errors import UserError

ROOMS = ("adapters", "benchmark", "leaderboard", "tasks")


def check_rooms() -> None:
    """Check that the packages called adapters, benchmark, leaderboard and tasks are this suite's.

    Their names are common: the distribution ``adapters`` (AdapterHub) installs a package of that name, and a file
    ``tasks.py`` in the current folder would be imported in place of ours. Nothing is imported here, only looked up.

    Raises:
        UserError: another package answers to the name, or none; the message names the file.
    """
    home = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        spec = find_spec(room)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        wanted = home / room / "__init__.py"
        if found is None:
            raise UserError(f"polyskew's package {room!r} is missing from {home}; install polyskew again")
        # A distribution installed over ours leaves the folder and replaces the file.
        if found != wanted or (room == "adapters" and "polyskew" not in found.read_text(encoding="utf-8")):
            hint = "uninstall the distribution 'adapters' (AdapterHub)" if room == "adapters" else "rename or remove it"
            raise UserError(
                f"{found} answers to the name {room!r}, which polyskew's own package has; {hint}, and install polyskew "
                "in an environment of its own"
            )
