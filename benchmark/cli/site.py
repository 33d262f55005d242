"""The command ``site``."""

from pathlib import Path
from typing import Annotated

import typer


def site(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results folder, finished or not.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write index.html here; RESULTS/site by default.")
    ] = None,
) -> None:
    """Write the leaderboard as one page that opens from disk, without a network."""
    from leaderboard.site import write_site

    print(write_site(results, out or results / "site"))
