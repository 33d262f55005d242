"""A local folder as a repository of the hub: only what differs is sent, and no reader ever sees half of it."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from leaderboard.publishing.errors import LOG_IN, check_name, in_one_sentence
from polyskew.errors import UserError
from polyskew.files import sha256

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.hf_api import RepoFile

    Operation = CommitOperationAdd | CommitOperationDelete

TAG = "polyskew"
"""The tag, in the card of every repository that is published here, by which it is known again."""

# What the hub's client itself puts into one commit at most: larger ones tend to run into the hub's time limit.
FILES_A_COMMIT = 1000
_BYTES_A_COMMIT = 100_000_000  # of files that travel in the commit itself
_STORED_APART = (".parquet", ".safetensors")  # files that travel on their own, and once only
FILES_A_REPOSITORY = 100_000
"""More than the hub takes well."""
_MAIN = "main"


@dataclass(frozen=True)
class Repository:
    """A repository to publish to.

    Attributes:
        name: ``ORG/NAME``.
        kind: of the hub's three kinds.
        owned: a pattern of the paths that are ours: those that are no longer published are deleted.
    """

    name: str
    kind: Literal["dataset", "model", "space"]
    owned: str

    @property
    def page(self) -> str:
        """The part of its address that follows the hub's."""
        return self.name if self.kind == "model" else f"{self.kind}s/{self.name}"


@dataclass(frozen=True)
class Pushed:
    """What became of a push.

    Attributes:
        url: the repository's page, or that of the pull request.
        files: how many files were added, changed or deleted; 0 where all was there already.
    """

    url: str
    files: int


def push(folder: Path, repository: Repository, message: str, *, pull_request: bool = False) -> Pushed:
    """Make a repository hold what a folder holds; it is created where it does not exist.

    More than `FILES_A_COMMIT` changed files are gathered in a pull request, which is merged when it is whole. A push
    that broke off goes on from there: what was uploaded is not sent again, and an open pull request is continued.

    Args:
        folder: what is to be there.
        repository: where.
        message: title of the commit and of the pull request.
        pull_request: leave the pull request open for somebody else to merge.

    Raises:
        UserError: too many files, no token or no right to do it, a repository of something else, or no connection.
    """
    check_name(repository.name)
    if (count := len(files(folder))) > FILES_A_REPOSITORY:
        raise UserError(
            f"{count:,} files are more than a repository of the hub takes well ({FILES_A_REPOSITORY:,}); run tasks or "
            f"models into results folders of their own and publish each"
        )
    with in_one_sentence(f"{repository.name} could not be published", repository.name, writes=True):
        from huggingface_hub import HfApi, get_token

        if get_token() is None:
            raise UserError(f"publishing wants a token of the hub; {LOG_IN}")
        api = HfApi()
        head = _prepare(api, repository, pull_request)
        page = f"{api.endpoint}/{repository.page}"
        changes = _changes(api, repository, folder, _MAIN)
        if not changes:
            return Pushed(page, 0)
        given: dict[str, Any] = {"repo_id": repository.name, "repo_type": repository.kind, "commit_message": message}
        if not pull_request and len(list(_batches(folder, changes))) == 1:
            api.create_commit(operations=changes, parent_commit=head, **given)
            return Pushed(page, len(changes))
        number = _open_request(api, repository, message)
        if number is not None:
            changes = _changes(api, repository, folder, f"refs/pr/{number}")
        for batch in _batches(folder, changes):
            if number is None:
                number = api.create_commit(operations=batch, create_pr=True, **given).pr_num
            else:
                api.create_commit(operations=batch, revision=f"refs/pr/{number}", **given)
        assert number is not None, "there were changes"
        if pull_request:
            return Pushed(f"{page}/discussions/{number}", len(changes))
        api.merge_pull_request(repository.name, number, repo_type=repository.kind)
        return Pushed(page, len(changes))


def files(folder: Path) -> dict[str, Path]:
    """Return what of a folder is published, by its path there: every file that is not hidden."""
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name.as_posix(): path for name, path in found.items() if not any(part[0] == "." for part in name.parts)}


def _prepare(api: "HfApi", repository: Repository, pull_request: bool) -> str | None:
    """Create the repository where there is none, else check that it is ours; return the commit it is at."""
    from huggingface_hub.errors import RepositoryNotFoundError

    name, kind = repository.name, repository.kind
    try:
        found = api.repo_info(name, repo_type=kind)
    except RepositoryNotFoundError:
        if pull_request:
            raise
        found = None
    if found is None:
        api.create_repo(name, repo_type=kind, space_sdk="static" if kind == "space" else None, exist_ok=True)
        return None
    if TAG not in (getattr(found, "tags", None) or ()) and len(api.list_repo_commits(name, repo_type=kind)) > 1:
        raise UserError(f"the {kind} {name} on the hub holds something else than polyskew's; choose another name")
    return found.sha


def _changes(api: "HfApi", repository: Repository, folder: Path, revision: str) -> "list[Operation]":
    """Return what has to be done so that a revision holds what the folder holds."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete
    from huggingface_hub.hf_api import RepoFile

    tree = api.list_repo_tree(repository.name, repo_type=repository.kind, revision=revision, recursive=True)
    there = {file.path: file for file in tree if isinstance(file, RepoFile)}
    mine = files(folder)
    gone = [path for path in sorted(there.keys() - mine) if re.fullmatch(repository.owned, path)]
    return [
        *(CommitOperationDelete(path) for path in gone),
        *(
            CommitOperationAdd(name, path)
            for name, path in mine.items()
            if name not in there or not _same(path, there[name])
        ),
    ]


def _same(path: Path, file: "RepoFile") -> bool:
    """Whether a local file has the content of one on the hub, told by size and checksum."""
    if path.stat().st_size != file.size:
        return False
    if file.lfs is not None:
        return sha256(path) == file.lfs.sha256
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == file.blob_id


def _batches(folder: Path, changes: "list[Operation]") -> "Iterator[list[Operation]]":
    """Yield the changes in commits that the hub takes in one go."""
    batch: list[Operation] = []
    size = 0
    for change in changes:
        path = folder / change.path_in_repo
        own = path.stat().st_size if path.is_file() and path.suffix not in _STORED_APART else 0
        if batch and (len(batch) == FILES_A_COMMIT or size + own > _BYTES_A_COMMIT):
            yield batch
            batch, size = [], 0
        batch.append(change)
        size += own
    if batch:
        yield batch


def _open_request(api: "HfApi", repository: Repository, title: str) -> int | None:
    """Return the number of the user's own open pull request of this title: one that broke off, or awaits its merge."""
    mine = api.get_repo_discussions(
        repository.name,
        repo_type=repository.kind,
        author=api.whoami()["name"],
        discussion_type="pull_request",
        discussion_status="open",
    )
    return next((request.num for request in mine if request.title == title), None)
