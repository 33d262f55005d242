"""From a results folder to the page: the board first, then the details of its rows, by several processes."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from leaderboard.board import Board
from leaderboard.reading.index import read_index
from leaderboard.reading.store import Cell, Results
from leaderboard.rows import rows_of
from leaderboard.site.details import CHUNK, RowCells, packed_details
from leaderboard.site.listing import listing
from leaderboard.site.page import page
from leaderboard.site.prose import prose
from leaderboard.site.texts import WantedTexts

TEXT_ROWS = 60
"""Rows that carry example texts, at most; with more the page would grow large."""
NOT_REDISTRIBUTED = "The task does not let its texts be passed on, so this page holds none."
_TOO_MANY = f"The first {TEXT_ROWS} rows that have explained texts show some; more would make this page too large."
_CHUNKS_A_WORKER = 8  # a process takes about as long to start as to read these


def build(folder: Path) -> str:
    """Return the page of a results folder.

    Raises:
        UserError: not a results folder, or a file in it is broken; the message names it.
    """
    workers = os.cpu_count() or 1
    results, summaries = read_index(folder, workers)
    found = Board(tuple(rows_of(results, summaries)), summaries.columns)
    rows = list(_rows(found, results))
    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
    listed = {**prose(found, folder), **listing(found), **_neighbours(found, results), "chunk": CHUNK}
    return page(listed, _packed(chunks, workers))


def _packed(chunks: Sequence[Sequence[RowCells]], workers: int) -> list[str]:
    workers = min(workers, len(chunks) // _CHUNKS_A_WORKER)
    if workers < 2:
        return [packed_details(chunk) for chunk in chunks]
    # Spawned, as forking a process with threads in it can hang.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return list(pool.map(packed_details, chunks))


def _rows(found: Board, results: Results) -> Iterator[RowCells]:
    left = TEXT_ROWS
    for row in found.rows:
        cells = tuple(results.cells[name] for name in row.cells)
        workers = tuple(results.resolve(cell) for cell in cells)
        texts = _texts(results, cells, workers, left)
        left -= isinstance(texts, WantedTexts)
        yield RowCells(cells, workers, texts)


def _texts(results: Results, cells: tuple[Cell, ...], workers: tuple[Cell, ...], left: int) -> WantedTexts | str:
    """Return the first seed that is explained, with the cells that its texts are read from."""
    if not cells[0].spec.redistribute:
        return NOT_REDISTRIBUTED
    if cells[0].spec.is_untuned:
        return "The untuned model is not explained."
    pair = next((pair for pair in zip(cells, workers, strict=True) if pair[1].has("attributions")), None)
    if pair is None:
        return "No seed of this row has been explained yet."
    if left <= 0:
        return _TOO_MANY
    beside = results.reference(pair[0])
    few = {cell.spec.id: cell for cell in (*pair, *([beside] if beside else []))}
    return WantedTexts(pair[0], Results(results.folder, few))


def _neighbours(found: Board, results: Results) -> dict[str, list[int | None]]:
    """Return for each row the row of its reference and that of its untuned model."""
    row_of = {name: number for number, row in enumerate(found.rows) for name in row.cells}

    def of(cell: Cell | None) -> int | None:
        return None if cell is None else row_of[cell.spec.id]

    first = [results.cells[row.cells[0]] for row in found.rows]
    references = [of(next(iter(results.references(cell).values()), None)) for cell in first]
    return {"reference_row": references, "untuned_row": [of(results.untuned(cell)) for cell in first]}
