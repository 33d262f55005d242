"""From one person's folder over the hub to another's check of every number."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard.publishing.publish import pack
from tests.leaderboard.publishing.stand_in import Hub
from tests.leaderboard.synthetic import Kind
from tests.leaderboard.verification.whole import cell_id, write_whole


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whole(tmp_path_factory.mktemp("whole") / "results", seeds=(0,))


def polyskew(hub: Hub, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    told = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home)}
    command = [sys.executable, "-m", "polyskew", *arguments]
    return subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False)


def test_what_was_published_is_verified_and_a_forgery_on_the_hub_is_named(
    hub: Hub, whole: Path, tmp_path: Path
) -> None:
    with pack(whole, "org/demo") as (parcel,):
        parcel.push()
    found = polyskew(hub, tmp_path, "verify", "org/demo", "--workers", "1")
    assert (found.returncode, found.stdout.count(" holds")) == (0, 5), found.stdout + found.stderr
    path = f"cells/{cell_id(Kind('imbalanced'))}/metrics.json"
    repo = hub.repos["dataset", "org/demo"]
    text = repo.at("main")[path].decode()
    start = text.index('"value":', text.index('"measure":"accuracy"')) + len('"value":')
    forged = text[:start] + "0.99" + text[text.index(",", start) :]
    repo.commits.append(("forged", repo.at("main") | {path: forged.encode()}))
    repo.refs["main"] = len(repo.commits) - 1
    found = polyskew(hub, tmp_path, "verify", "org/demo", "--workers", "1")
    assert found.returncode == 1
    assert any("accuracy" in line and "0.99" in line for line in found.stdout.splitlines()), found.stdout
    assert "Traceback" not in found.stderr
