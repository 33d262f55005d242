"""Absolute paths in texts: where one stands, and texts with each cut to its last component.

Looking is strict, because what is found stops publishing: two components without blanks. Cleaning takes more away: a
path that was found goes on over blanks, brackets and quotes to its last component, as names of folders may hold them.
"""

import re
from pathlib import PurePath, PureWindowsPath

_PART = r"[\w.@+=,%~-]+"
_REST = r"(?:(?:[^/\\\n:\"<>|]*[^/\\\s:\"<>|(='`])?[/\\])*[\w.@+=,%~-]*"  # further folders, and the last component
_FRESH = r"(?<![\w./<~\])-])"  # neither within a relative path or a tag, nor after a hyphen
_PATH = re.compile(
    r"(?P<address>(?<![\w+.-])(?!file:)[A-Za-z][\w+.-]+://[^\s\"'<>]*)"
    rf"|(?P<quote>['\"`])(?P<quoted>~?/(?:[^\s/][^\n/]*/)+?[^\n]*?)(?P=quote)(?!\w)"
    rf"|(?:file://[^\s\"'<>]+"
    rf"|{_FRESH}~(?:/{_PART}|[A-Za-z_][\w.-]*/{_PART}/{_PART})"
    rf"|{_FRESH}/{_PART}/{_PART}"
    rf"|(?:(?<![\w.])(?:\.\./)+|(?<![\w./])/)(?:home|Users)/{_PART}"
    rf"|(?<!\w)[A-Za-z]:(?:\\|/{_PART}/{_PART})"
    rf"|(?<![\w\\])\\\\[\w.-]+\\"
    rf"){_REST}"
)
_WHOLE = re.compile(r"\s*(?:file:|[A-Za-z]:[/\\]|~(?:[A-Za-z_][\w.-]*)?/|(?:\.\./)+|/|\\\\)(?:(?!: )[^\n])*")
_HOMES = {"home", "Users"}


def holds_path(text: str) -> bool:
    """Return whether an absolute path stands in a text. An address of the web is none."""
    return any(match["address"] is None for match in _PATH.finditer(text))


def without_paths(text: str) -> str:
    """Return a text with its absolute paths cut to their last component; a home folder, named by its user, goes whole.

    A text that is a path as a whole is cut too where it has one component only, or is relative to a folder above.
    """
    while (shorter := _last(text) if _WHOLE.fullmatch(text) else _PATH.sub(_cut, text)) != text:
        text = shorter  # what is left may be a path again, and has fewer separators
    return text


def _cut(match: re.Match[str]) -> str:
    if match["address"] is not None:
        return match[0]
    return match["quote"] + _last(match["quoted"]) + match["quote"] if match["quote"] else _last(match[0])


def _last(path: str) -> str:
    pure = PureWindowsPath(path) if "\\" in path else PurePath(path)
    return "[user]" if pure.parent.name in _HOMES else pure.name
