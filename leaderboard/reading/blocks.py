"""Blocks of ``metrics.json`` that are left out before it is parsed, which takes most of the time of reading it."""

from collections.abc import Callable

_BEGIN = b'\n{"measure":"'  # of each block in a file that `leaderboard.reading.measured.dump` wrote
_HEAD = 200  # bytes in which name and parameters stand


def only(metrics: bytes, kept: Callable[[str], bool]) -> bytes:
    """Return ``metrics.json`` without the blocks that are not wanted.

    No text in JSON holds a line break, so a line that begins as a block does is one. A file that is laid out otherwise
    has no such line and is returned as it is.

    Args:
        metrics: the file.
        kept: takes the beginning of a block, from its measure's name on.
    """
    head, *blocks = metrics.split(_BEGIN)
    wanted = [block for block in blocks if kept(block[:_HEAD].decode(errors="replace"))]
    whole = _BEGIN.join([head, *wanted])
    return whole if wanted[-1:] == blocks[-1:] else whole.rstrip().removesuffix(b",") + b"]}"
