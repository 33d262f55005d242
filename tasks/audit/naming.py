"""From a source's label values to labels with their names."""

from collections.abc import Sequence

GUESSED = "|"
"""The only separator that is ever guessed."""


def separator_of(values: list[str], told: str | None) -> str | None:
    """Find out what joins labels in strings.

    Args:
        values: the distinct values.
        told: by the user; None to guess, empty for nothing.

    Returns:
        The separator, or None where each value is one label.
    """
    if told is not None:
        return told or None
    joined = any(GUESSED in value for value in values)
    distinct = {piece for value in values for piece in pieces(value, GUESSED)}
    return GUESSED if joined and len(distinct) < len(values) else None


def pieces(value: str, separator: str | None) -> list[str]:
    """Return the labels of a value."""
    if separator is None:
        return [value]
    return [piece.strip() for piece in value.split(separator) if piece.strip()]


def named(
    values: list[list[str]], labels: Sequence[str], label_values: dict[str, str]
) -> tuple[tuple[str, ...], list[list[int]]]:
    """Give labels their names and an order.

    Args:
        values: the labels of each value, as the source has them.
        labels: the labels' names in order, where they are known.
        label_values: the source's value of each label; empty where it has names, or positions from 0.

    Returns:
        All labels: the known ones first, then others, numbers before words; and for each value the places of its
        labels.
    """
    found = sorted({piece for several in values for piece in several}, key=_order)
    names = {value: label for label, value in label_values.items()}
    positions = {str(number): label for number, label in enumerate(labels)}
    # Names go before positions, as in `tasks.loading`: values 1 to 5 are the labels "1" to "5".
    if not label_values and not set(found) <= set(labels) and set(found) <= set(positions):
        names = positions
    every = tuple(dict.fromkeys([*labels, *(names.get(piece, piece) for piece in found)]))
    places = {label: place for place, label in enumerate(every)}
    return every, [sorted({places[names.get(piece, piece)] for piece in several}) for several in values]


def _order(label: str) -> tuple[int, float, str]:
    """Sort numbers by size, before words."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)
