"""Lines of an audit: tables whose columns stand under their headings, and sentences, fitted to a width."""

from collections.abc import Collection, Iterator, Sequence

from leaderboard.tables.widths import cut, justified, width_of, wrapped

Styled = tuple[str, str]
"""A line and its style."""
Grid = list[str]
"""The lines of a table, the first of which is the heading."""
_NAMES = 12  # names that are listed in a sentence


def grid(headings: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int]) -> Grid:
    """Set texts in columns.

    Args:
        headings: of the columns.
        rows: as many texts each, or fewer.
        left: the columns that begin, and do not end, at the same place.
    """
    filled = [[*row, *[""] * (len(headings) - len(row))] for row in rows]
    columns = zip(headings, *filled, strict=True)
    set_up = [justified(list(column), right=place not in left) for place, column in enumerate(columns)]
    return ["  ".join(line).rstrip() for line in zip(*set_up, strict=True)]


def drawn(table: Grid, width: int) -> Iterator[Styled]:
    """Yield a table with a rule under its heading."""
    heading, *body = table
    yield cut(heading, width), "bold"
    yield "─" * min(max(map(width_of, table)), width), ""
    for line in body:
        yield cut(line, width), ""


def sentence(text: str, width: int, style: str) -> Iterator[Styled]:
    """Yield a sentence, indented unless it is a heading."""
    for line in wrapped(text, width - 1):
        yield line if style == "bold" else f" {line}", style


def some(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
