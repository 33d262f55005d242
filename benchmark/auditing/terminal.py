"""An audit in a terminal: at home in 120 columns, readable in 80, with many languages and many labels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmark.auditing import dependence, overview, quality, weights
from benchmark.auditing.layout import Styled
from benchmark.auditing.report import Report
from leaderboard.tables.writing import one_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_SECTIONS = (
    overview.head,
    overview.splits,
    dependence.table,
    dependence.strongest,
    dependence.empty,
    quality.duplicates,
    quality.looks,
    weights.weights,
)


class Tables:
    """What rich prints: the report, as wide as the console."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Yield the lines with their styles."""
        from rich.segment import Segment
        from rich.style import Style

        for line, style in lines(self._report, options.max_width):
            yield Segment(f"{line}\n", Style.parse(style))


def lines(report: Report, width: int) -> Iterator[Styled]:
    """Yield the report line by line."""
    for place, section in enumerate(_SECTIONS):
        written = list(section(report, width))
        if written and place:
            yield "", ""
        yield from ((_safe(line), style) for line, style in written)


def _safe(line: str) -> str:
    """Keep names and texts of the data from steering the terminal; blanks between columns stay."""
    return " ".join(one_line(part) for part in line.split(" "))
