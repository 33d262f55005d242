"""Numbers and names as people read them, for all tables alike."""

import re
from collections.abc import Iterable

from leaderboard.reading.column import Column
from leaderboard.rows import Row
from leaderboard.statistics.averaging import Number

CORE = (
    ("accuracy", "accuracy"),
    ("accuracy_difference", "Δ ref."),
    ("skew_uptake", "uptake"),
    ("leakage_probe", "leakage"),
    ("compression_probe", "compr."),
    ("neutral_drift", "n.drift"),
    ("neutral_uptake", "n.uptake"),
)
"""The board's core columns, with their headings."""

AMOUNTS = {"count", "bytes", "seconds", "examples/s", "tokens", "texts", "rate"}
"""Units of what is written short, with a prefix, and without its interval."""

_SIGNED = re.compile(r"accuracy_difference|skew_uptake|neutral_(uptake|drift)(_at.*)?")

_RAISED = str.maketrans("abcdefghijklmnoprstuvwxyz", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ")
LONGEST = 40  # characters of a name where there is no room for more
_HEADINGS = dict(CORE) | {
    "trainable_parameters": "trains",
    "seconds": "s",
    "weighting": "weights",
    "learning_rate": "rate",
}
# Control characters, those that turn the direction of what follows, and halves of characters.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def heading(column: str) -> str:
    """Return a column's heading."""
    return _HEADINGS.get(column, column)


def shown_columns(columns: Iterable[Column]) -> tuple[str, ...]:
    """Return the columns of a table where none are chosen: the core ones, those of plug-ins, and the cost."""
    plugins = (column.name for column in columns if column.plugin)
    return (*(name for name, _ in CORE), *plugins, "trainable_parameters", "seconds")


def scale(column: Column) -> float:
    """Return by what a column's numbers are multiplied: probabilities of drifts are written in thousandths."""
    return 1000.0 if column.unit == "probability" and not column.plugin else 1.0


def digits(column: Column) -> int:
    """Return how many decimals of a column's numbers are written."""
    if scale(column) != 1.0:
        return 0
    if column.name in ("compression_probe", "compression_test"):
        return 1
    return 2 if column.name.startswith(("skew_uptake", "neutral_uptake")) and not column.plugin else 3


def signed(column: Column) -> bool:
    """Return whether a column's numbers are written with their sign."""
    return not column.plugin and _SIGNED.fullmatch(column.name) is not None


def written(column: Column, number: Number) -> tuple[str, str]:
    """Write a number and the half width of its interval, for example ``.612`` and ``.013``.

    Probabilities of the drift are written in thousandths, so that they fit and can be read.

    Returns:
        Both; the second is empty where there is no interval, and the first is ``-`` where there is no number.
    """
    if number.value is None or column.unit in AMOUNTS:
        return amount(number), ""
    value = short(number.value * scale(column), digits(column), signed=signed(column))
    if number.low is None or number.high is None:
        return value, ""
    return value, short((number.high - number.low) / 2 * scale(column), digits(column))


def amount(number: Number) -> str:
    """Write a count with a unit prefix, for example ``4.8M``; ``-`` where it is missing."""
    return "-" if number.value is None else amount_of(number.value)


def amount_of(value: float) -> str:
    """Write a count with a unit prefix."""
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{prefix}"
    return f"{value:.3g}"


def short(value: float, digits: int, *, signed: bool = False) -> str:
    """Write a number without the zero before its point, and zero without a sign."""
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("0.", ".", 1) if text.lstrip("+-").startswith("0.") else text


def seeds(row: Row) -> str:
    """Write the number of measured seeds, and of how many if some are missing."""
    return str(row.done) if row.done == row.planned else f"{row.done}/{row.planned}"


def row_name(row: Row) -> str:
    """Return method/regime/weighting, and the learning rate where it is not the method's own."""
    return "/".join(part for part in (row.method, row.regime, row.weighting, row.learning_rate) if part)


def one_line(text: str) -> str:
    """Keep a text on its line, and from steering a terminal or turning the direction of what follows."""
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def shortened(text: str) -> str:
    """Cut a name that is longer than there is room for."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def raised(letters: str) -> str:
    """Write letters as superscripts."""
    return letters.translate(_RAISED)
