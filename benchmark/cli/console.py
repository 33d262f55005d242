"""Where commands print."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console() -> "Console":
    """Standard output; where it is not a terminal, as wide as a page, since nobody could make it wider."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120)
