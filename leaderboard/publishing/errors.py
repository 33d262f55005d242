"""What goes wrong between here and the hub, told in one sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from polyskew.causes import causes, quiet_client, said
from polyskew.errors import UserError

LOG_IN = "log in with `hf auth login`, or put a token into the environment variable HF_TOKEN"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def check_name(name: str) -> None:
    """Refuse what cannot be a repository's name.

    Raises:
        UserError: it is not of the form ORG/NAME, or the hub has no such names.
    """
    long = any(len(part) > 96 for part in name.split("/"))
    if not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith((".git", ".", "-")) or long:
        raise UserError(
            f"{name!r} is no repository's name; wanted is ORG/NAME, each of at most 96 letters, digits, '-', '_', '.'"
        )


@contextmanager
def in_one_sentence(what: str, repo: str, *, writes: bool = False) -> Iterator[None]:
    """Turn every error of the hub's client into a `UserError`.

    Args:
        what: the beginning of the sentence: what could not be done.
        repo: the repository, ``organisation/name``.
        writes: whether the repository is written to.

    Raises:
        UserError: an error happened; it is the cause of this one.
    """
    with quiet_client():
        try:
            yield
        except UserError:
            raise
        except Exception as error:  # the client lets through what httpx and its uploader raise
            raise UserError(f"{what}: {_reason(error, repo, writes)}") from error


def _reason(error: Exception, repo: str, writes: bool) -> str:
    """What an error means: the last one of a known kind."""
    from huggingface_hub import errors, get_token

    again = f"{said(error)}; the same command goes on from there" if writes else f"{said(error)}; try again later"
    for cause in causes(error, hidden=True):
        match cause:
            case errors.GatedRepoError():
                return f"the owner of {repo!r} wants your consent first; give it on its page on the hub, and {LOG_IN}"
            case errors.RepositoryNotFoundError() if writes and get_token() is None:
                return LOG_IN
            case errors.RepositoryNotFoundError():
                return f"there is no {repo!r}, or it is private and your token may not see it; {LOG_IN}"
            case errors.LocalTokenNotFoundError():
                return LOG_IN
            case errors.OfflineModeIsEnabled() | ConnectionError() if "ffline" in str(cause):
                return "the environment variable HF_HUB_OFFLINE forbids it; take it away"
            case errors.HfHubHTTPError() if cause.response is not None:
                return _by_status(cause.response.status_code, repo, again)
    if any(type(cause).__name__ in ("ConnectError", "ConnectTimeout") for cause in causes(error, hidden=True)):
        return f"the hub cannot be reached ({said(error)}); {'the same command' if writes else 'try again'} when it can"
    return again


def _by_status(status: int, repo: str, again: str) -> str:
    if status == 401:
        return f"the hub does not know your token; {LOG_IN}"
    if status in (403, 404):
        organisation = repo.split("/")[0]
        return f"your token may not do this in {organisation!r}, or there is no such user or organisation; {LOG_IN}"
    if status == 412:
        return f"somebody else changed {repo!r} meanwhile; run the same command again"
    if status == 413:
        return f"it is more than the hub takes at once ({again})"
    return again
