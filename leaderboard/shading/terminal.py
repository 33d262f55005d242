"""An explained text with its tokens shaded by what they argue for: colours, sentences, and the terminal."""

from collections.abc import Callable

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from leaderboard.measures.drift import THRESHOLD
from leaderboard.shading.text import ShadedText, Side

# ColorBrewer's RdBu from light to full, which colour-blind readers can tell apart.
RED = ((0xFD, 0xDB, 0xC7), (0xF4, 0xA5, 0x82), (0xD6, 0x60, 0x4D), (0xB2, 0x18, 0x2B))
BLUE = ((0xD1, 0xE5, 0xF0), (0x92, 0xC5, 0xDE), (0x43, 0x93, 0xC3), (0x21, 0x66, 0xAC))
SPACE, NOTHING = "␣", "∅"
NOT_REDISTRIBUTED = "the task does not let its texts be redistributed: do not pass this on"
HEADINGS = ("token", "this cell", "reference", "difference", "set")

Name = Callable[[str], str]
"""How a name that comes from the data is put into a sentence."""

_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\N{REPLACEMENT CHARACTER}")


def shade(value: float, scale: float) -> tuple[str, str] | None:
    """Return a token's background and foreground as ``#rrggbb``.

    Args:
        value: the token's value, in units of probability.
        scale: the absolute value that gets the full colour, in the same units.

    Returns:
        Red for a positive value and blue for a negative one, the stronger the larger it is, and black or white on
        it, whichever has more contrast. None where the value is at most the threshold of neutral tokens.
    """
    if abs(value) <= THRESHOLD:
        return None
    stops = np.array(RED if value > 0 else BLUE, dtype=np.float64)
    place = min(abs(value) / scale, 1.0) * (len(stops) - 1)
    colour = [round(float(np.interp(place, range(len(stops)), channel))) for channel in stops.T]
    return f"#{bytes(colour).hex()}", "#000000" if luminance(colour) > 0.179 else "#ffffff"


def luminance(colour: list[int]) -> float:
    """Return the relative luminance, 0 to 1, of red, green and blue from 0 to 255 (WCAG 2)."""
    parts = [channel / 255 for channel in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def terminal(text: ShadedText, *, colour: bool) -> RenderableType:
    """Return what a terminal shows.

    Args:
        text: the text.
        colour: shade the tokens of each cell; otherwise the text stands once, with a table of its tokens' values.
    """
    legend = [legend_of(text)] if colour else []
    parts: list[RenderableType] = [Text(line) for line in (*heading(text, _plain), *legend)]
    if not colour:
        parts += [Text(""), *_block(text, None)]
    for name, side in sides(text):
        parts += [Text("")] if colour else []
        parts.append(Text(account(name, side), style="bold" if colour else ""))
        parts += _block(text, side) if colour else []
    parts += [Text("")] if colour else [_table(text)]
    return Group(*parts, *(Text(line) for line in summary(text)))


def sides(text: ShadedText) -> list[tuple[str, Side]]:
    """Return the cell and, if there is one, the reference, with what they are called."""
    return [(HEADINGS[1], text.own), *([(HEADINGS[2], text.reference)] if text.reference else [])]


def halves(text: ShadedText) -> list[range]:
    """Return the tokens of a pair's two sides, or all tokens of a single text."""
    tokens = len(text.pieces)
    return [range(text.second), range(text.second, tokens)] if 0 < text.second < tokens else [range(tokens)]


def visible(piece: str) -> tuple[str, str, str]:
    """Return the whitespace before a piece, what is seen of it, and the whitespace after it.

    A token of whitespace alone is seen as ``␣``, one without any text of its own (a second byte of a character) as
    ``∅``.
    """
    core = piece.strip()
    lead = len(piece) - len(piece.lstrip())
    return piece[:lead], core or (SPACE if piece else NOTHING), piece[lead + len(core) :]


def heading(text: ShadedText, name: Name) -> list[str]:
    """Return the lines that say what is shown."""
    lines = [
        f"text {name(text.id)} ({name(text.language)}) of the task {name(text.task)}, "
        f"true label {name(text.truth)}, mode {name(text.mode)}",
        f"this cell: {name(text.cell)} ({name(text.setting)}), predicted label {name(text.own.predicted)}",
    ]
    if text.work != text.cell:
        lines.append(f"the work of this cell is identical to that of {name(text.work)}, which is shown")
    if text.reference:
        lines.append(f"reference: {name(text.reference_id)}, predicted label {name(text.reference.predicted)}")
    else:
        lines.append(f"this cell is shown alone: {name(text.alone)}")
    if not text.redistribute:
        lines.append(NOT_REDISTRIBUTED)
    return [*lines, f"values are those for the label {name(text.label)}, in units of probability"]


def legend_of(text: ShadedText) -> str:
    """Return the line that says what the colours mean."""
    return f"red argues for the label, blue against it: full colour at {text.scale:.4f}, none up to {THRESHOLD}"


def account(name: str, side: Side) -> str:
    """Return the line that adds base and tokens up to the output."""
    total = side.base + float(side.values.sum())
    found = f"{name}: base {side.base:.4f} + tokens {signed(side.values.sum())} ="
    if abs(total - side.output) > 1e-4:
        return f"{found} {total:.4f}, but the output is {side.output:.4f}"
    return f"{found} output {side.output:.4f}"


def summary(text: ShadedText) -> list[str]:
    """Return the lines below the text: the drift by set, and how exact the values are."""
    lines = []
    if text.reference:
        sums = [f"{kind} {'none' if value is None else signed(value)}" for kind, value in text.drift.items()]
        base, output = text.own.base - text.reference.base, text.own.output - text.reference.output
        ends = f"base {signed(base)}, output {signed(output)}"
        lines.append(f"this cell less reference: tokens {', '.join(sums)}; {ends}")
        lines.append(f"the sets are by the reference's values: neutral from {-THRESHOLD} to {THRESHOLD}")
    errors = [(name, float(side.errors.max(initial=0.0))) for name, side in sides(text) if side.errors is not None]
    if any(error for _, error in errors):
        spelled = ", ".join(f"{error:.4f} ({name})" for name, error in errors)
        lines.append(f"largest standard error of a value: {spelled}")
    return lines


def numbers(text: ShadedText) -> list[list[str]]:
    """Return what a table says of each token, in the order of `HEADINGS`; alone: the token and its value."""
    own = [signed(value) for value in text.own.values]
    seen = [visible(piece)[1] for piece in text.pieces]
    if text.reference is None:
        return [list(row) for row in zip(seen, own, strict=True)]
    difference = [signed(value) for value in text.own.values - text.reference.values]
    reference = [signed(value) for value in text.reference.values]
    return [list(row) for row in zip(seen, own, reference, difference, text.sets, strict=True)]


def signed(value: float) -> str:
    """Write a value with its sign and four digits; zero is ``+0.0000``."""
    size = f"{abs(value):.4f}"
    return ("-" if value < 0 and float(size) else "+") + size


def _plain(name: str) -> str:
    """Return a name on one line, without characters that a terminal obeys."""
    return " ".join(name.translate(_CONTROLS).split())


def _block(text: ShadedText, side: Side | None) -> list[RenderableType]:
    """Return the text, with a rule between a pair's sides; shaded by the values of ``side`` if there is one."""
    parts: list[RenderableType] = []
    for tokens in halves(text):
        line = Text(overflow="fold")
        for token in tokens:
            piece = text.pieces[token].translate(_CONTROLS)
            colours = shade(side.values[token], text.scale) if side else None
            if colours is None:
                line.append(piece)
                continue
            before, core, after = visible(piece)
            line.append(before).append(core, Style(bgcolor=colours[0], color=colours[1])).append(after)
        parts += [Text("  ────")] if parts else []
        parts.append(Padding(line, (0, 0, 0, 2), expand=False))
    return parts


def _table(text: ShadedText) -> Table:
    rows = numbers(text)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for name in HEADINGS if text.reference else HEADINGS[:2]:
        table.add_column(name, overflow="fold", justify="left" if name in ("token", "set") else "right")
    for place, (token, *others) in enumerate(rows):
        table.add_row(Text(_plain(token)), *others, end_section=place + 1 == text.second)
    return table
