"""What goes wrong by the user's hand, told in one sentence."""

import difflib
import warnings
from collections.abc import Iterable


class UserError(Exception):
    """A mistake in the user's input: a file, a name, a setting.

    The message is one clear sentence that says what is wrong, where, and what would be right. The command line
    prints it without a traceback and exits with status 2; a notebook prints it without one as well.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class DataError(UserError):
    """A mistake in the user's data: a column, a label, a row. The message names file, row and column."""


class PluginWarning(UserWarning):
    """Something that a plug-in brings is left out; the message says what and why."""


def warn_of_plugin(message: str) -> None:
    """Warn that something of a plug-in is left out: once, not again from each worker process."""
    from multiprocessing import parent_process

    if parent_process() is None:
        warnings.warn(message, PluginWarning, stacklevel=2)


def in_brief(error: BaseException) -> str:
    """Return an error's class and words in one line, such as ``"KeyError: 'fr'"``."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that helps after a wrong name.

    Args:
        name: what the user wrote.
        known: the names that would have been right.

    Returns:
        ``"; did you mean 'lora'?"`` where a name is close, else ``"; known: a, b, c"``.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""


def suggest_pluggable(name: str, known: Iterable[str]) -> str:
    """Return what `suggest` does; where no name is close, also how a thing of the user's own is made known."""
    hint = suggest(name, known)
    return hint if hint.startswith("; did") else f"{hint}; your own comes with --plugin FILE"
