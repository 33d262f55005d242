"""Results beside the paper: every table and figure of Jung and van der Plas (2024), its numbers and those here."""

from pathlib import Path

from leaderboard.replication.page import Page

__all__ = ["write"]


def write(page: Page, folder: Path) -> list[Path]:
    """Write ``replication.md``, ``replication.html`` and the figures as PNG and PDF into a folder.

    Args:
        page: made by `leaderboard.replication.report.replication`.
        folder: made where it does not exist.

    Returns:
        The files written.

    Raises:
        UserError: ``folder`` cannot be a folder.
    """
    from leaderboard.replication.drawing import save
    from leaderboard.replication.html import html
    from leaderboard.replication.markdown import markdown
    from polyskew.files import check_folder, write_text

    check_folder(folder)
    files = [folder / "replication.md", folder / "replication.html"]
    write_text(files[0], markdown(page, pictures=True))
    write_text(files[1], html(page))
    for figure in page.figures:
        for suffix in (".png", ".pdf"):
            path = folder / f"{figure.name}{suffix}"
            save(figure.chart, path)
            files.append(path)
    return files
