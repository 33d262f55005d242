"""``polyskew site``, as people call it."""

import subprocess
import sys
from pathlib import Path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "polyskew", "site", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_prints_the_page_that_it_wrote(results: Path, site: Path, tmp_path: Path) -> None:
    done = run(results, "--out", tmp_path / "new" / "site")
    page = tmp_path / "new" / "site" / "index.html"
    assert (done.returncode, done.stdout) == (0, f"{page}\n")
    assert page.read_bytes() == site.read_bytes()


def test_a_mistake_is_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"polyskew: {tmp_path} is not a results folder: it has no folder 'cells'\n"
