"""What an error of a hub's client comes from: the clients wrap and hide what their own libraries raise."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_client() -> Iterator[None]:
    """Keep the hub's client from printing a line for each of its attempts."""
    client = logging.getLogger("huggingface_hub")
    level = client.level
    client.setLevel(logging.ERROR)
    try:
        yield
    finally:
        client.setLevel(level)


def causes(error: BaseException, hidden: bool = False) -> Iterator[BaseException]:
    """Yield an error and what led to it, the last first.

    Args:
        error: the error.
        hidden: also what was hidden with ``raise ... from None``.
    """
    current: BaseException | None = error
    while current is not None:
        yield current
        shown = hidden or not current.__suppress_context__
        current = current.__cause__ or (current.__context__ if shown else None)


def said(error: BaseException) -> str:
    """Return the first error's own words, in one line of at most 200 characters."""
    texts = [" ".join(str(cause).split()) for cause in causes(error)]
    return next((text for text in reversed(texts) if text), type(error).__name__).rstrip(".")[:200]
