"""A results folder as one page: ``index.html``, which opens from disk and asks for nothing from outside."""

from pathlib import Path


def write_site(results: Path | str, out: Path | str) -> Path:
    """Write ``index.html`` into a folder.

    Args:
        results: a results folder, finished or not.
        out: made where it does not exist.

    Returns:
        The file written.

    Raises:
        UserError: ``results`` is not a results folder, a file in it is broken, or ``out`` cannot be a folder.
    """
    from leaderboard.site.building import build
    from polyskew.files import check_folder, write_text

    out = Path(out)
    check_folder(out)
    path = out / "index.html"
    write_text(path, build(Path(results)))
    return path
