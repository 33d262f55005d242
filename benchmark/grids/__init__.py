"""The grids shipped with the suite: one YAML file each."""

from pathlib import Path

from polyskew.errors import UserError, suggest

_FOLDER = Path(__file__).parent


def shipped() -> dict[str, Path]:
    """Return the shipped grids' files by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.yaml"))}


def grid_file(name: str) -> Path:
    """Return the file of a shipped grid, or the given path if it is a YAML file's.

    Raises:
        UserError: there is no such grid or file.
    """
    grids = shipped()
    if name in grids:
        return grids[name]
    if name.endswith((".yaml", ".yml")):
        if not Path(name).is_file():
            raise UserError(f"the grid file {name} does not exist")
        return Path(name)
    raise UserError(f"there is no grid called {name!r} and it is not a YAML file{suggest(name, grids)}")
