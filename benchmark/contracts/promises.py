"""Promises, and what comes of checking them."""

import inspect
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    return [_finding(promise, thing) for promise in promises]


def _finding(promise: Promise, thing: Any) -> Finding:
    words = (inspect.getdoc(promise) or promise.__name__).partition("\n")[0].rstrip(".")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a weighting warns of the empty cells that it is tried on
            return Finding(words, True, promise(thing) or "")
    except (BrokenError, UserError) as error:
        return Finding(words, False, str(error))
    except Exception as error:  # the thing's own code: the last line of it that was reached is what helps
        frame = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {' '.join(str(error).split())} ({Path(frame.filename).name}:{frame.lineno})"
        return Finding(words, False, said)
