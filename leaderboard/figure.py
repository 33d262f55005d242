"""The board as a picture: one line a row, four measures side by side, each with its interval."""

from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard.board import Board
from leaderboard.rows import Row
from leaderboard.statistics.intervals import WITH_TEXTS
from leaderboard.tables.choosing import sections
from polyskew.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("accuracy", "Accuracy", "share"),
    ("skew_uptake", "Skew uptake", "0 blind to language, 1 copies the skew"),
    ("leakage_probe", "Language-ID leakage", "share, probe corpus"),
    ("neutral_uptake", "Neutral uptake", "above 0: argues for the skew"),
)
# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def draw(board: Board, path: Path | str, title: str = "") -> None:
    """Draw a board, one block of panels for each task and model.

    Args:
        board: what to draw; rows without any of the four measures are left out, as are identical cells.
        path: the file to write; its suffix chooses the format (``.png``, ``.svg`` or ``.pdf``).
        title: a line above all panels.

    Raises:
        UserError: nothing to draw, or a suffix that is not a known format.
    """
    path = Path(path)
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise UserError(f"{path}: a figure is written as .png, .svg or .pdf")
    drawn(board, title).savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)


def drawn(board: Board, title: str = "") -> "Figure":
    """Return the picture of a board.

    Args:
        board: as for `draw`.
        title: a line above all panels.

    Raises:
        UserError: nothing to draw.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    blocks = [(name, kept) for name, rows in sections(board) if (kept := [row for row in rows if _drawn(row)])]
    if not blocks:
        raise UserError("the board has no measured rows yet, so there is nothing to draw")
    heights = [len(rows) + 0.7 * len({row.method for row in rows}) for _, rows in blocks]
    inches = sum(0.24 * height + 1.25 for height in heights) + (0.35 if title else 0.0)
    figure = Figure(figsize=(11, inches), layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(len(blocks), 1, height_ratios=[0.24 * height + 1.25 for height in heights], squeeze=False)
    for part, (name, rows) in zip(parts.flat, blocks, strict=True):
        part.suptitle(name, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        _block(part, rows)
    methods = sorted({row.numbers[name].method for _, rows in blocks for row in rows for name, _, _ in PANELS} - {""})
    kinds = (_interval(method) for method in methods)
    known = "; ".join(dict.fromkeys(kinds)) or "none"
    figure.supxlabel(
        f"lines: 95% intervals ({known}); hollow: reference cell", fontsize=8, color="0.35", x=0.99, ha="right"
    )
    if title:
        figure.suptitle(title, fontsize=9, color="0.35")
    return figure


def _interval(method: str) -> str:
    if method.endswith(WITH_TEXTS):
        return "neutral uptake: with the error over texts"
    return "t interval over seeds" if "t interval" in method else "one seed: bootstrap over texts"


def _drawn(row: Row) -> bool:
    measured = any(row.numbers[name].value is not None for name, _, _ in PANELS)
    return measured and not row.status.startswith("same as") and row.method != "untuned"


def _block(part: "Figure", rows: list[Row]) -> None:
    axes = part.subplots(1, len(PANELS), sharey=True)
    heights, place, before = [], 0.0, rows[0].method
    for row in rows:
        place -= 0.7 if row.method != before else 0.0
        heights.append(place)
        place, before = place - 1.0, row.method
    methods = list(dict.fromkeys(row.method for row in rows))
    for panel, (name, heading, unit) in zip(axes, PANELS, strict=True):
        _guides(panel, name, rows)
        for row, height in zip(rows, heights, strict=True):
            number = row.numbers[name]
            colour = COLOURS[methods.index(row.method) % len(COLOURS)]
            if number.value is None:
                continue
            if number.low is not None and number.high is not None:
                panel.plot([number.low, number.high], [height, height], color=colour, lw=1.6, solid_capstyle="round")
            face = "white" if row.reference else colour
            panel.plot(number.value, height, "o", ms=5.5, mfc=face, mec=colour, mew=1.4)
        panel.set_title(heading, fontsize=9.5, loc="left")
        panel.set_xlabel(unit, fontsize=8, color="0.35")
        panel.tick_params(axis="x", labelsize=8, color="0.6")
        panel.tick_params(axis="y", length=0, labelsize=8.5)
        panel.grid(axis="x", color="0.92", lw=0.8)
        panel.set_axisbelow(True)
        for side in ("top", "right", "left"):
            panel.spines[side].set_visible(False)
        panel.spines["bottom"].set_color("0.6")
    axes[0].set_yticks(heights, [_label(row) for row in rows])
    for tick, row in zip(axes[0].get_yticklabels(), rows, strict=True):
        tick.set_color(COLOURS[methods.index(row.method) % len(COLOURS)])
    axes[0].set_ylim(min(heights) - 0.7, max(heights) + 0.7)


def _guides(panel: "Axes", name: str, rows: list[Row]) -> None:
    """Draw what a number is to be held against: zero, chance, the untuned model."""
    if name in ("skew_uptake", "neutral_uptake"):
        panel.axvline(0, color="0.55", lw=0.9)
    if name != "leakage_probe":
        return
    marks = (
        ("chance", [row.numbers["leakage_probe_chance"].value for row in rows], ":"),
        ("untuned", [row.untuned["leakage_probe"].value for row in rows if "leakage_probe" in row.untuned], "--"),
    )
    for (text, values, style), (height, offset) in zip(marks, ((0, 2), (1, -8)), strict=True):
        there = [value for value in values if value is not None]
        if there:
            panel.axvline(there[0], color="0.45", lw=0.9, ls=style)
            panel.annotate(
                text,
                (there[0], height),
                xycoords=("data", "axes fraction"),
                xytext=(3, offset),
                textcoords="offset points",
                fontsize=7,
                color="0.4",
            )


def _label(row: Row) -> str:
    rate = f", {row.learning_rate}" if row.learning_rate else ""
    reference = " (reference)" if row.reference else ""
    return f"{row.method}{rate}, {row.regime}, {row.weighting.replace('_', ' ')}{reference}"
