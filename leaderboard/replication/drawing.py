"""Figures in the paper's arrangement: a row for each task, pairs of panels for its outer labels in each setup."""

import io
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from leaderboard.replication.chart import KINDS, Bar, Chart, Panel, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers can tell apart; grey is for the placebo.
COLOURS = {"base": "#3B3B3B", "positive": "#0072B2", "neutral": "#E69F00", "negative": "#D55E00"}
_PLACEBO = "#D4D4D4"
_STEP = 0.2  # width of a bar; a language takes four of them and a gap
_LARGEST = 2.0  # whiskers longer than this many times the largest bar are cut, or the bars could not be seen


def save(chart: Chart, path: Path) -> None:
    """Write a chart.

    Args:
        chart: what to draw.
        path: its suffix chooses the format: ``.png`` or ``.pdf``.
    """
    with _quiet():
        _draw(chart).savefig(path, dpi=150, metadata={"CreationDate": None} if path.suffix == ".pdf" else None)


def svg(chart: Chart) -> bytes:
    """Return a chart as SVG, its letters as outlines, so that it looks the same wherever it is opened."""
    from matplotlib import rc_context

    out = io.BytesIO()
    with _quiet(), rc_context({"svg.hashsalt": "polyskew", "svg.fonttype": "path"}):
        _draw(chart).savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


@contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing of letters that the font does not have: they are drawn as boxes, and the tables have them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _draw(chart: Chart) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 3.0 * len(chart.rows) + 1.1), layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(len(chart.rows), 2, squeeze=False, wspace=0.02)
    for row, plots in enumerate(chart.rows):
        limit = _limit(plots)
        for part, plot in zip(parts[row], plots, strict=True):
            _plot(part, plot, limit)
    _legend(figure)
    figure.suptitle("\n".join(wrap(_plain(chart.title), 150)), fontsize=9, color="0.35", x=0.01, ha="left")
    return figure


def _plot(part: "Figure", plot: Plot, limit: float) -> None:
    part.suptitle(_plain(plot.title), fontsize=10.5, fontweight="bold", x=0.02, ha="left")
    if not plot.panels:
        axes = part.subplots()
        axes.axis("off")
        axes.text(0.5, 0.5, _plain(plot.missing), ha="center", va="center", color="0.4", fontsize=10)
        return
    for axes, panel in zip(part.subplots(1, len(plot.panels), sharey=True, squeeze=False)[0], plot.panels, strict=True):
        _panel(axes, panel, limit)
        if panel is plot.panels[0]:
            axes.set_ylabel("difference, probability", fontsize=8, color="0.35")


def _panel(axes: "Axes", panel: Panel, limit: float) -> None:
    for place, bars in enumerate(panel.bars.values()):
        for number, kind in enumerate(KINDS):
            bar, x = bars[kind], place + (number - 1.5) * _STEP
            if bar.placebo is not None:
                axes.bar(x, 2 * bar.placebo, _STEP, bottom=-bar.placebo, color=_PLACEBO, zorder=1)
            if bar.number.value is None:
                axes.plot(x, 0, "x", color=COLOURS[kind], ms=4, zorder=3)
                continue
            axes.bar(x, bar.number.value, _STEP * 0.72, color=COLOURS[kind], zorder=2)
            if bar.number.low is not None and bar.number.high is not None:
                axes.plot([x, x], [bar.number.low, bar.number.high], color="0.1", lw=0.8, zorder=3)
    if any(abs(end) > limit for own in panel.bars.values() for end in _ends(own.values())):
        axes.annotate("whiskers cut", (1, 1.02), xycoords="axes fraction", ha="right", fontsize=7, color="0.4")
    axes.axhline(0, color="0.2", lw=0.8, zorder=2.5)
    axes.set_ylim(-limit, limit)
    axes.set_xticks(range(len(panel.bars)), [_language(panel, language) for language in panel.bars])
    axes.set_title(_plain(f"label: {panel.label}"), fontsize=9, loc="left")
    axes.tick_params(axis="x", length=0, labelsize=9)
    axes.tick_params(axis="y", labelsize=8, color="0.6")
    axes.grid(axis="y", color="0.92", lw=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color("0.6")


def _language(panel: Panel, language: str) -> str:
    skew = panel.skew[language]
    mark = "\n▲" if skew > 0 else "\n▼" if skew < 0 else "\n"
    return _plain(language) + mark


def _ends(bars: Iterable[Bar]) -> list[float]:
    return [end for bar in bars for end in (bar.number.low, bar.number.high) if end is not None]


def _limit(plots: tuple[Plot, ...]) -> float:
    """Return the half height of a row's panels, which share one scale."""
    bars = [bar for plot in plots for panel in plot.panels for own in panel.bars.values() for bar in own.values()]
    tallest = max([size for bar in bars for size in (abs(bar.number.value or 0), bar.placebo or 0)], default=0) or 0.01
    longest = max([tallest, *map(abs, _ends(bars))])
    return 1.06 * min(longest, _LARGEST * tallest)


def _legend(figure: "Figure") -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = {
        "base": "base value",
        "positive": "positive tokens",
        "neutral": "neutral tokens",
        "negative": "negative tokens",
    }
    handles: list[Any] = [Patch(color=COLOURS[kind], label=names[kind]) for kind in KINDS]
    handles.append(Patch(color=_PLACEBO, label="± size of the placebo"))
    handles.append(Line2D([], [], color="0.1", lw=0.8, label="95% interval"))
    handles.append(Line2D([], [], ls="", label="▲ ▼ language over-, under-represents the label"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8.5, frameon=False, handlelength=1.2
    )


def _plain(text: str) -> str:
    """Keep a dollar sign from starting a formula."""
    return text.replace("$", r"\$")
