"""Checking one cell of a results folder."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from leaderboard.reading.store import CELLS, SPEC, Cell, Results, cell_folders, read_cell
from leaderboard.verification.files import check_files, is_plain
from leaderboard.verification.findings import Findings
from leaderboard.verification.numbers import check_numbers
from leaderboard.verification.records import check_records
from leaderboard.verification.rows import check_rows
from leaderboard.verification.specs import Registered, check_same_work, check_spec
from leaderboard.verification.withheld import read_withheld
from polyskew.errors import UserError


class Opened(NamedTuple):
    """A results folder that is to be checked.

    Attributes:
        folder: the folder.
        results: its cells whose specs can be read.
        registered: what methods and weightings are.
        withheld: the reason for each file that was not published, by its path.
        beside: what is wrong with the list of those files.
    """

    folder: Path
    results: Results
    registered: Registered
    withheld: dict[str, str]
    beside: Findings


def open_folder(folder: Path, registered: Registered) -> Opened:
    """Read the specs of a results folder, as far as they can be read.

    Raises:
        UserError: not a results folder.
    """
    beside = Findings("")
    return Opened(folder, _read(folder), registered, read_withheld(folder, beside), beside)


def _read(folder: Path) -> Results:
    """Read the cells that can be read; what is wrong with others is told when they are checked."""
    cells: dict[str, Cell] = {}
    for place in cell_folders(folder):
        with suppress(UserError):
            found = read_cell(place) if is_plain(place) else None
            if found is not None:
                cells[place.name] = found[0]
    return Results(folder, cells)


def check_cell(opened: Opened, name: str) -> Findings:
    """Check the cell whose folder is called ``name``, by itself."""
    findings = Findings(name)
    place = opened.folder / CELLS / name
    if place.is_symlink() or not place.is_dir():
        findings.fault("", "is no folder of a cell")
        return findings
    start = f"{CELLS}/{name}/"
    own = {path.removeprefix(start): why for path, why in opened.withheld.items() if path.startswith(start)}
    check_files(place, own, findings)
    try:
        cell = opened.results.cells.get(name)
        if cell is None:
            if is_plain(place):
                read_cell(place)  # says what is wrong
                findings.fault(SPEC, "is missing")
            return findings
        check_spec(cell, opened.registered, findings)
        if cell.spec.seed is not None and opened.results.reference(cell) is None:
            findings.gap("", "its reference cell, balanced and unweighted, of the same seed is not here")
        if cell.spec.same_as is not None:
            check_same_work(opened.results, cell, opened.registered, findings)
            return findings
        check_records(cell, findings)
        check_rows(cell, opened.registered, findings)
        check_numbers(opened.results, cell, findings)
        cell.forget()
    except UserError as error:
        findings.fault("", str(error))
    except Exception as error:  # files that somebody made to break it must not keep the others from being checked
        findings.fault("", f"could not be checked to its end ({type(error).__name__}: {error})")
    return findings
