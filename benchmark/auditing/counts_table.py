"""The table of counts, fitted to a width: with shares if there is room, and else the strongest rows and columns."""

from bisect import bisect_right
from collections.abc import Sequence

from benchmark.auditing.layout import Grid, grid
from benchmark.auditing.report import Cell, Report, SplitReport
from benchmark.auditing.words import count, interval, name, share, tested, value
from leaderboard.tables.widths import width_of

_ROWS = 24  # more are not read
_LONGEST = 24  # places of a name
_LONGEST_HEADING = 12
_LEVEL = 0.05


def counts_table(report: Report, split: SplitReport, width: int) -> tuple[Grid, str]:
    """Return the table, and what is left out of it.

    Rows are labels if these are more than the languages, or if a text can have several; else languages.

    Args:
        report: the audit.
        split: one of its splits.
        width: places of a line.
    """
    languages = [language for language in report.languages if split.texts[language]]
    labels = [label for label in report.labels if any(split.counts[language][label] for language in languages)]
    by_label = report.several or len(labels) > len(languages)
    marks = {(cell.language, cell.label): cell for cell in split.cells}
    strength = _weight_of(split.cells, 1 if by_label else 0)
    rows = labels if by_label else languages
    if report.several:
        rows = sorted(rows, key=lambda label: -split.by_label[label].association.v if label in split.by_label else 0.0)
        shown = rows[:_ROWS]
    else:
        shown = _strongest(rows, strength, _ROWS)
    columns = languages if by_label else labels
    across = _weight_of(split.cells, 0 if by_label else 1)
    for with_shares in (True, False):
        table = _table(report, split, shown, columns, by_label, with_shares, marks)
        if _width(table) <= width:
            return table, _left_out(rows, shown, columns, columns, by_label)

    def of_strongest(number: int) -> tuple[Grid, list[str]]:
        chosen = _strongest(columns, across, number)
        return _table(report, split, shown, chosen, by_label, False, marks), chosen

    fitting = bisect_right(range(1, len(columns)), width, key=lambda number: _width(of_strongest(number)[0]))
    table, chosen = of_strongest(max(fitting, 1))
    return table, _left_out(rows, shown, columns, chosen, by_label)


def _table(
    report: Report,
    split: SplitReport,
    rows: Sequence[str],
    columns: Sequence[str],
    by_label: bool,
    with_shares: bool,
    cells: dict[tuple[str, str], Cell],
) -> Grid:
    lines = []
    for row in rows:
        line = [name(row, _LONGEST)]
        for column in columns:
            language, label = (column, row) if by_label else (row, column)
            number = split.counts[language][label]
            told = f"{count(number)} {share(number, split.texts[language]):>4}" if with_shares else count(number)
            line.append(told + _mark(cells.get((language, label))))
        lines.append([*line, *_ends(report, split, row, by_label)])
    if by_label:
        totals = [count(split.texts[language]) + " " for language in columns]
        lines.append(["all texts", *totals, count(sum(split.texts.values()))])
    else:
        sums = [sum(row[label] for row in split.counts.values()) for label in columns]
        lines.append(["all", *(count(one) + " " for one in sums), count(sum(split.texts.values()))])
    ends = ["all", "V", "95%", "p"] if report.several else ["all"]
    headings = [
        "label" if by_label else "language",
        *(name(column, _LONGEST if with_shares else _LONGEST_HEADING) + " " for column in columns),
        *ends,
    ]
    return grid(headings, lines, left=(0,))


def _ends(report: Report, split: SplitReport, row: str, by_label: bool) -> list[str]:
    """Return what stands at a row's end: its sum, and the strength of its label where there are several."""
    total = sum(counts[row] for counts in split.counts.values()) if by_label else split.texts[row]
    strength = split.by_label.get(row) if report.several else None
    if strength is None:
        return [count(total)]
    return [count(total), value(strength.association.v), interval(strength.association), tested(strength)]


def _mark(cell: Cell | None) -> str:
    if cell is None or cell.p >= _LEVEL:
        return " "
    return "▲" if cell.residual > 0 else "▼"


def _weight_of(cells: Sequence[Cell], part: int) -> dict[str, float]:
    """Return the sum of squared residuals of each language (0) or label (1)."""
    found: dict[str, float] = {}
    for cell in cells:
        one = (cell.language, cell.label)[part]
        found[one] = found.get(one, 0.0) + cell.residual**2
    return found


def _strongest(names: Sequence[str], weight: dict[str, float], number: int) -> list[str]:
    """Return the names with the largest weights, in their own order."""
    kept = set(sorted(names, key=lambda one: -weight.get(one, 0.0))[:number])
    return [one for one in names if one in kept]


def _left_out(
    rows: Sequence[str], shown: Sequence[str], columns: Sequence[str], chosen: Sequence[str], by_label: bool
) -> str:
    names = ("labels", "languages") if by_label else ("languages", "labels")
    parts = [
        f"the {len(some)} of {len(every)} {what} that differ most"
        for what, every, some in zip(names, (rows, columns), (shown, chosen), strict=True)
        if len(some) < len(every)
    ]
    return f"shown: {' and '.join(parts)}; --format json has all" if parts else ""


def _width(table: Grid) -> int:
    return max(map(width_of, table))
