"""How an audit writes its numbers."""

from benchmark.auditing.report import Strength
from leaderboard.tables.widths import cut, width_of
from tasks.audit.association import SMALLEST, Association

_NOTHING = 1e-12  # what rounding leaves of 0


def count(number: int, what: str = "") -> str:
    """Write a number, with what it counts in the plural unless it is 1."""
    return f"{number:,}{what and f' {what}'}{'s' if what and number != 1 else ''}"


def name(text: str, width: int) -> str:
    """Cut a long name in its middle: what tells names apart often stands at their end."""
    if width_of(text) <= width:
        return text
    end = text[-(width // 3) :]
    return cut(text, width - width_of(end)) + end


def share(part: float, whole: float) -> str:
    """Write a share in percent: ``-`` for none at all, and never 0 or 100 for what is not."""
    if not whole or part / whole < _NOTHING:
        return "-"
    percent = 100 * part / whole
    if percent < 0.1:
        return "<.1%"
    if percent >= 99.95 and part < whole:
        return ">99.9%"
    return f"{percent:.1f}%" if percent < 9.95 or 99 < percent < 100 else f"{percent:.0f}%"


def value(number: float) -> str:
    """Write a number from 0 to 1."""
    return f"{number:.3f}".removeprefix("0")


def interval(association: Association) -> str:
    """Write the interval of V."""
    return f"{value(association.v_low)}-{value(association.v_high)}"


def probability(number: float) -> str:
    """Write a p-value."""
    return "<.0001" if number < 0.0001 else f"{number:.4f}".removeprefix("0")


def tested(strength: Strength) -> str:
    """Write the p-value of a strength; that of random tables cannot be smaller than one in all."""
    if strength.association.test == "permutation" and strength.association.p <= SMALLEST:
        return f"≤{probability(strength.p)}"
    return probability(strength.p)


def bits(number: float) -> str:
    """Write an amount of information."""
    return f"{number:.4f}" if number < 0.1 else f"{number:.3f}"


def ratio(number: float) -> str:
    """Write a ratio of counts."""
    return f"{number:.2f}"


def signed(number: float) -> str:
    """Write a difference of shares in percentage points."""
    return f"{100 * number:+.1f}pp"
