"""How much room texts take in a terminal, where a Chinese character takes two places and an accent none."""


def width_of(text: str) -> int:
    """Return the number of places that a line takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, width: int) -> str:
    """Cut a line that takes more places than there are."""
    if width_of(text) <= width:
        return text
    from rich.cells import set_cell_size

    return f"{set_cell_size(text, width - 1).rstrip()}…"


def justified(texts: list[str], *, right: bool) -> list[str]:
    """Fill texts up with blanks to the same width.

    Args:
        texts: of one column.
        right: let them end, not begin, at the same place.
    """
    widths = [width_of(text) for text in texts]
    widest = max(widths)
    blanks = [" " * (widest - width) for width in widths]
    return [blank + text if right else text + blank for text, blank in zip(texts, blanks, strict=True)]


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines, between words where it can be."""
    if width_of(text) <= width:
        return [text] if text else []
    from rich.cells import chop_cells

    lines, line = [], ""
    for word in text.split():
        if line and width_of(line) + 1 + width_of(word) <= width:
            line += f" {word}"
            continue
        lines.append(line)
        *whole, line = chop_cells(word, width)
        lines += whole
    return [*filter(None, lines), line]
