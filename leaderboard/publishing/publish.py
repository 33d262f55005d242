"""Pack a results folder, its site, or the weights of one of its cells as repositories, and send them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from leaderboard.board import board
from leaderboard.publishing.adapter import stage_adapter
from leaderboard.publishing.card import data_card, finished
from leaderboard.publishing.errors import check_name
from leaderboard.publishing.hub import Pushed, Repository, files, push
from leaderboard.publishing.parquet import ROWS, write_rows
from leaderboard.publishing.space import space_card
from leaderboard.publishing.staging import stage
from leaderboard.reading.store import read_results
from leaderboard.site import write_site
from leaderboard.tables.formats import FORMATS
from polyskew.files import write_text

CARD = "README.md"
_RESULTS = r"cells/.*|grid[^/]*\.yaml|board\.\w+|rows\.parquet|withheld\.json"
_SITE = r"index\.html"
_WEIGHTS = r"[^/]*\.(?:safetensors|json)"


@dataclass(frozen=True)
class Parcel:
    """A folder that is ready to go out.

    Attributes:
        folder: what is to be in the repository; hidden files in it are not.
        repository: where it goes.
        message: title of its commit.
        withheld: why files stay at home, by path.
        remark: what its sender must know, or empty.
    """

    folder: Path
    repository: Repository
    message: str
    withheld: dict[str, str] = field(default_factory=dict)
    remark: str = ""

    def sizes(self) -> dict[str, int]:
        """Return the size in bytes of each file that goes, by its path."""
        return {name: path.stat().st_size for name, path in files(self.folder).items()}

    def push(self, *, pull_request: bool = False) -> Pushed:
        """Send it; see `leaderboard.publishing.hub.push`."""
        return push(self.folder, self.repository, self.message, pull_request=pull_request)


@contextmanager
def pack(results: Path, name: str, *, site: bool = False) -> Iterator[list[Parcel]]:
    """Pack a results folder as a data set and, if asked for, its site as a static Space of the same name.

    The board is that of the folder as it goes out, so whoever pulls it finds the same.

    Args:
        results: the results folder, finished or not.
        name: of the repositories, ``ORG/NAME``.
        site: whether to pack the site too.

    Yields:
        The parcels; their folders are gone when the block ends.

    Raises:
        UserError: the name is none; or the folder is not whole, or holds what must not go out and cannot be cleaned.
    """
    check_name(name)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary, "data")
        withheld = stage(results, folder)
        found = board(folder)
        write_rows(found, folder / ROWS)
        for form in FORMATS.values():
            write_text(folder / f"board.{form.suffix}", form.write(found))
        staged = read_results(folder)
        write_text(folder / CARD, data_card(name, staged, found, withheld))
        done, cells = finished(staged)
        remark = "" if done == cells else f"{cells - done} of {cells} cells are not finished; the card says so"
        parcels = [Parcel(folder, Repository(name, "dataset", _RESULTS), "Results of polyskew", withheld, remark)]
        if site:
            page = Path(temporary, "site")
            write_site(folder, page)
            write_text(page / CARD, space_card(name, staged))
            parcels.append(Parcel(page, Repository(name, "space", _SITE), "Site of polyskew"))
        yield parcels


@contextmanager
def pack_adapter(cell: Path, name: str) -> Iterator[list[Parcel]]:
    """Pack the weights of one cell as a model, with a card that carries the cell's results.

    Args:
        cell: the cell's folder, in its results folder.
        name: of the repository, ``ORG/NAME``.

    Yields:
        One parcel; its folder is gone when the block ends.

    Raises:
        UserError: the name is none; the cell has no weights or is not measured; or a file holds what must not go out.
    """
    check_name(name)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        stage_adapter(cell, name, folder)
        yield [Parcel(folder, Repository(name, "model", _WEIGHTS), "Weights of a cell of polyskew")]
