"""One text of a cell's attributions, read without the others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading.store import Cell
from polyskew.errors import DataError, UserError, suggest

ATTRIBUTIONS = "attributions/attributions.parquet"
EARLIER = ("id", "language", "label", "mode", "token_ids", "values", "base", "output")
LATER = ("pieces", "second", "errors")


@dataclass(frozen=True)
class Explained:
    """One row of ``attributions.parquet``: T tokens, C labels, values in units of probability.

    Attributes:
        id: of the text, unique with the language.
        language: of the text.
        label: index of the true label.
        mode: how the values were computed.
        pieces: surface text of each token with the whitespace before it, T of them.
        second: index of the first token of a pair's second side; T for a single text.
        token_ids: int64 ``[T]``.
        values: ``[T, C]``.
        errors: standard errors of the values, ``[T, C]``; None where the mode states none.
        base: ``[C]``, the probabilities with every token masked.
        output: ``[C]``, the probabilities of the text.
    """

    id: str
    language: str
    label: int
    mode: str
    pieces: tuple[str, ...]
    second: int
    token_ids: NDArray[np.int64]
    values: NDArray[np.float64]
    errors: NDArray[np.float64] | None
    base: NDArray[np.float64]
    output: NDArray[np.float64]


def read_text(cell: Cell, text: str, language: str | None = None) -> Explained:
    """Read one text of a cell's attributions, without the others.

    Args:
        cell: a cell with attributions of its own.
        text: id of the text.
        language: its language, or None for the only one in which the id is explained.

    Raises:
        UserError: the text is not explained in this language, or in several if none is named.
        DataError: the file is broken, lacks a column, or has lists whose lengths do not fit.
    """
    path = cell.folder / ATTRIBUTIONS
    rows = _rows(path, text)
    if not rows:
        ids = _ids(path)
        near = suggest(text, ids)
        if not near.startswith("; did you mean"):
            near = f", for example {', '.join(sorted(ids)[:5])}" if ids else ""
        raise UserError(f"{path} explains no text with the id {text!r}; it has {len(ids)} ids{near}")
    languages = ", ".join(row["language"] for row in rows)
    if language is None and len(rows) > 1:
        raise UserError(f"the text {text!r} is explained in several languages ({languages}); name one with --language")
    found = [row for row in rows if language in (None, row["language"])]
    if not found:
        raise UserError(f"the text {text!r} is not explained in {language!r}, but in {languages}")
    if len(found) > 1:
        raise DataError(f"{path} has the text {text!r} in {language!r} {len(found)} times")
    try:
        return _explained(found[0], len(cell.spec.labels))
    except (TypeError, ValueError):
        raise DataError(
            f"{path}: the text {text!r} does not have a piece, an id and {len(cell.spec.labels)} values for each token"
        ) from None


def _explained(row: dict[str, Any], classes: int) -> Explained:
    """Return a row with its lists as arrays; raises `TypeError` or `ValueError` where they do not fit."""
    pieces, tokens, label, second = tuple(row["pieces"]), len(row["pieces"]), int(row["label"]), int(row["second"])
    numbers = {name: np.asarray(row[name], dtype=np.float64) for name in ("values", "base", "output")}
    errors = None if row["errors"] is None else np.asarray(row["errors"], dtype=np.float64).reshape(tokens, classes)
    if not all(np.isfinite(array).all() for array in numbers.values()) or None in pieces:
        raise ValueError("a value is missing")
    if not (0 <= label < classes and 0 <= second <= tokens):
        raise ValueError("an index is out of its range")
    return Explained(
        id=row["id"],
        language=row["language"],
        label=label,
        mode=row["mode"],
        pieces=pieces,
        second=second,
        token_ids=np.asarray(row["token_ids"], dtype=np.int64).reshape(tokens),
        values=numbers["values"].reshape(tokens, classes),
        errors=errors,
        base=numbers["base"].reshape(classes),
        output=numbers["output"].reshape(classes),
    )


def _rows(path: Path, text: str) -> list[dict[str, Any]]:
    """Return the rows of one id; raises `DataError` where the file cannot be read or lacks a column."""
    import pyarrow
    import pyarrow.parquet

    try:
        names = pyarrow.parquet.read_schema(path).names
        missing = [name for name in (*EARLIER, *LATER) if name not in names]
        if missing and missing[0] in EARLIER:
            raise DataError(f"{path} has no column {missing[0]!r}")
        if missing:
            raise DataError(
                f"{path} was made by an earlier version, without {missing[0]!r}; `polyskew run` makes it again"
            )
        # Without `partitioning`, a folder called "a=b" on the way would become a column.
        table = pyarrow.parquet.read_table(
            path, columns=[*EARLIER, *LATER], filters=[("id", "==", text)], partitioning=None, use_threads=False
        )
    except UnicodeEncodeError:  # an argument of the command line that is not UTF-8
        return []
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable parquet file ({error})") from None
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _ids(path: Path) -> set[str]:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path, columns=["id"], partitioning=None, use_threads=False)
    return set(table.column("id").to_pylist())
