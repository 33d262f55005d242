"""The board's rows as a table with typed columns, for whoever loads the data set."""

from pathlib import Path

from leaderboard.board import Board
from leaderboard.tables.fields import fields_of
from polyskew.files import atomic_file

ROWS = "rows.parquet"
_COUNTS = ("reference", "seeds_planned", "seeds_done")
_MEASURED = ("", "_low", "_high", "_untuned", "_vs_reference", "_vs_reference_low", "_vs_reference_high")


def write_rows(board: Board, path: Path) -> None:
    """Write one row for each of the board's, with the columns of the CSV; a missing number is null.

    The unit of a column stands in its field's metadata under ``unit``. The same board gives the same bytes.
    """
    import pyarrow
    import pyarrow.parquet

    fields, columns = [], []
    units = {column.name: column.unit for column in board.columns}
    for name, field in fields_of(board.columns).items():
        count = name in _COUNTS or name.endswith("_seeds")
        kind = pyarrow.string() if field.text else pyarrow.int64() if count else pyarrow.float64()
        unit = units.get(field.column)
        told = {"unit": unit} if unit and name.removeprefix(field.column) in _MEASURED else None
        fields.append(pyarrow.field(name, kind, metadata=told))
        columns.append(pyarrow.array([field.get(row) for row in board.rows], kind))
    with atomic_file(path) as temporary:
        pyarrow.parquet.write_table(pyarrow.Table.from_arrays(columns, schema=pyarrow.schema(fields)), temporary)
