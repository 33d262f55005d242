"""What a figure of the paper's kind shows: bars by language for two labels of a task, in several training setups."""

from dataclasses import dataclass

from leaderboard.statistics.averaging import Number

KINDS = ("base", "positive", "neutral", "negative")
"""The bars of a language, in the paper's order: base value, then the three sets of tokens."""


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        number: mean over seeds of the difference to the reference, in units of probability.
        placebo: mean over seeds of the placebo's size, without its sign; None where there is none.
    """

    number: Number
    placebo: float | None = None


@dataclass(frozen=True)
class Panel:
    """One label of a task in one setup.

    Attributes:
        label: its name.
        bars: by language and kind.
        skew: d[l, c] of each language: above 0, the language over-represents the label.
    """

    label: str
    bars: dict[str, dict[str, Bar]]
    skew: dict[str, float]


@dataclass(frozen=True)
class Plot:
    """One task in one setup: the panels of its outer labels.

    Attributes:
        title: task and setup.
        panels: of the first and of the last label; none where nothing is measured.
        missing: why there are none.
    """

    title: str
    panels: tuple[Panel, ...]
    missing: str = ""


@dataclass(frozen=True)
class Chart:
    """A figure: a row for each task, a column for each setup.

    Attributes:
        rows: plots by task and setup.
        title: said above all, so that the picture can be understood alone.
    """

    rows: tuple[tuple[Plot, ...], ...]
    title: str
