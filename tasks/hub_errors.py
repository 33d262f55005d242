"""What goes wrong between here and the Hugging Face hub, told in one sentence that names the setting to change."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from polyskew.causes import causes, quiet_client, said
from polyskew.errors import UserError, suggest
from tasks.corpora import Source
from tasks.mirrors import other_copies

_TOKEN = "put a token that may read it into the environment variable HF_TOKEN"


@dataclass(frozen=True)
class Remedies:
    """What the reader of a message can do, in the words of where the source was named.

    Attributes:
        instead: to read something else.
        revision: to name another revision.
        config: to name another config.
        split: to name another split.
        script: to read a data set that carries a loading script.
    """

    instead: str
    revision: str
    config: str
    split: str
    script: str


def of_settings(source: Source) -> Remedies:
    """Return what to do where a task's source names the data set."""
    copies = other_copies(source.hub or "")
    other = f"source.hub to another copy ({', '.join(copies)}), or " if copies else ""
    return Remedies(
        instead=f"set {other}source.files to local files",
        revision="set source.revision to a commit that it has",
        config="correct source.config",
        split="name it in source.splits",
        script="name its data files in source.files",
    )


@contextmanager
def in_one_sentence(
    source: Source,
    place: str,
    repo: str,
    config: str | None = None,
    split: str | None = None,
    remedies: Remedies | None = None,
) -> Iterator[None]:
    """Turn every error of the hub's clients into a `UserError`.

    Args:
        source: the source that is read.
        place: how the message calls what is read.
        repo: the data set, ``organisation/name``.
        config: the config that is read, if any.
        split: the split that is read, by the source's name; None where a file of the repository is read.
        remedies: what the reader can do; by default, change the source's settings.

    Raises:
        UserError: an error happened; it is the cause of this one.
    """
    with quiet_client():
        try:
            yield
        except Exception as error:  # the clients let through what httpx, fsspec, pyarrow and others raise
            can = remedies or of_settings(source)
            reason = _known(error, source, repo, split, can) or _wrong_name(error, source, repo, config, split, can)
            if reason is None:
                reason = f"{said(error)}; if it fails again, {can.instead}"
            raise UserError(f"{place} could not be read from the hub: {reason}") from error


def _known(error: Exception, source: Source, repo: str, split: str | None, can: Remedies) -> str | None:
    """What an error of a known kind means; the first one that happened says most."""
    import pyarrow as pa
    from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError, NonMatchingSplitsSizesError
    from huggingface_hub import errors

    for cause in reversed(list(causes(error, hidden=True))):
        match cause:
            case errors.GatedRepoError():
                return _gated(repo)
            case DatasetNotFoundError() if "gated" in str(cause):  # of some errors `datasets` keeps the words only
                return _gated(repo)
            case errors.RepositoryNotFoundError() | DatasetNotFoundError():
                return f"{repo!r} was withdrawn or renamed, or is private; {can.instead}; if private, {_TOKEN}"
            case errors.DisabledRepoError():
                return f"{repo!r} was withdrawn; {can.instead}"
            case errors.RevisionNotFoundError():
                return f"{repo!r} has no revision {source.revision!r}; {can.revision}"
            case errors.RemoteEntryNotFoundError() if split is None:
                return f"{repo!r} has no such file; correct the names in source.files"
            case errors.HfHubHTTPError() if cause.response is not None and cause.response.status_code in (401, 403):
                return f"the hub does not let you read {repo!r}; {_TOKEN}, or take a wrong one out"
            # Of this one `datasets` keeps the name only.
            case errors.OfflineModeIsEnabled() | ConnectionError() if "Offline" in f"{type(cause).__name__} {cause}":
                return f"the environment variable HF_HUB_OFFLINE forbids it; take it away, or {can.instead}"
            case RuntimeError() if "scripts" in str(cause):
                return f"{repo!r} carries a loading script, which is never run; {can.script}"
            case pa.ArrowException() | DatasetGenerationError() | NonMatchingSplitsSizesError():
                return f"a file is damaged or cut short ({said(error)}); {can.instead}"
    return None


def _wrong_name(
    error: Exception, source: Source, repo: str, config: str | None, split: str | None, can: Remedies
) -> str | None:
    """Whether the config or the split is missing, which the clients say with a bare ValueError."""
    from datasets import get_dataset_config_names, get_dataset_split_names

    if not isinstance(error, ValueError) or split is None:
        return None
    with suppress(Exception):  # if this fails too, the first error stands
        configs = get_dataset_config_names(repo, revision=source.revision)
        if config is not None and config not in configs:
            return f"{repo!r} has no config {config!r}{suggest(config, configs)}; {can.config}"
        splits = get_dataset_split_names(repo, config or configs[0], revision=source.revision)
        if split not in splits:
            return f"{repo!r} has no split {split!r}{suggest(split, splits)}; {can.split}"
    return None


def _gated(repo: str) -> str:
    return f"its owner wants your consent first; give it on the hub's page of {repo!r}, and {_TOKEN}"
