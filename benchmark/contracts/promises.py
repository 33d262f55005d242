"""Promises, and what comes of checking them."""

import inspect
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from polyskew.errors import UserError

Promise = Callable[[Any], str | None]


class BrokenError(Exception):
    """A promise that is not kept: what is wrong, where, and what would be right."""


@dataclass(frozen=True)
class Finding:
    """What came of one promise.

    Attributes:
        promise: in words.
        kept: whether it is.
        said: what is wrong; or a remark on what is kept.
    """

    promise: str
    kept: bool
    said: str = ""

    def __str__(self) -> str:
        """One line."""
        said = f": {self.said}" if self.said else ""
        return f"{'ok' if self.kept else 'FAILS':6} {self.promise}{said}"


def findings(promises: Sequence[Promise], thing: Any) -> list[Finding]:
    """Check promises one by one; what goes wrong in one does not keep the others from being checked."""
    found: list[Finding] = []
    for promise in promises:
        finding = _finding(promise, thing)
        told = any(not one.kept and one.said == finding.said for one in found)
        found.append(replace(finding, said="the same") if told and not finding.kept else finding)
    return found


def _finding(promise: Promise, thing: Any) -> Finding:
    words = (inspect.getdoc(promise) or promise.__name__).partition("\n")[0].rstrip(".")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a weighting warns of the empty cells that it is tried on
            return Finding(words, True, promise(thing) or "")
    except (BrokenError, UserError) as error:
        return Finding(words, False, str(error))
    except Exception as error:
        return Finding(words, False, f"{type(error).__name__}: {' '.join(str(error).split())}{_place(error)}")


def _place(error: Exception) -> str:
    """Where the thing's own code failed, if it was reached: not the line of the promise that called it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(frame.filename)
    return "" if path.parent == Path(__file__).parent else f" ({path.name}:{frame.lineno})"
