"""A published results folder, brought here from the hub."""

from pathlib import Path

from leaderboard.publishing.errors import check_name, in_one_sentence
from leaderboard.reading.store import CELLS
from polyskew.errors import UserError


def pull(name: str) -> Path:
    """Download a data set repository that `polyskew publish` made.

    Each commit has a folder of its own beside the client's other files (``HF_HOME``). What an earlier call has brought
    is kept, so that a download that broke off goes on; what was changed in the folder since is brought anew.

    Args:
        name: ``ORG/NAME``.

    Returns:
        A results folder of real files, for `leaderboard.board.board` and all that reads one.

    Raises:
        UserError: no such repository, no access, no network, or it holds no results.
    """
    check_name(name)
    with in_one_sentence(f"{name} could not be pulled from the hub", name):
        from huggingface_hub import HfApi, constants, snapshot_download

        found = HfApi().dataset_info(name)
        if not any(file.rfilename.startswith(f"{CELLS}/") for file in found.siblings or ()):
            raise UserError(f"the data set {name} on the hub holds no results of polyskew: it has no folder {CELLS!r}")
        folder = Path(constants.HF_HOME) / "polyskew" / name.replace("/", "--") / str(found.sha)
        snapshot_download(name, repo_type="dataset", revision=found.sha, local_dir=folder)
        return folder
