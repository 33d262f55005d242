"""Workers start without the script they were started from; a user's mistake has no traceback in a notebook."""

import subprocess
import sys
from pathlib import Path

import pytest

from polyskew.errors import DataError, UserError
from polyskew.processes import without_script


def test_the_main_module_comes_back() -> None:
    script, seen = sys.modules["__main__"], []

    def fail() -> None:
        with without_script():
            seen.append(sys.modules["__main__"])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert sys.modules["__main__"] is script
    assert not hasattr(seen[0], "__file__")


def test_a_spawned_process_runs_nothing_of_the_script(tmp_path: Path) -> None:
    code = (
        "from multiprocessing import get_context\nfrom polyskew.processes import without_script\n"
        "print('script')\n"
        "with without_script():\n    process = get_context('spawn').Process(target=print, args=('worker',))\n"
        "    process.start()\nprocess.join()\n"
    )
    (tmp_path / "script.py").write_text(code)
    for arguments, text in ((["script.py"], None), (["-"], code)):
        found = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            input=text,
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert sorted(found.stdout.split()) == ["script", "worker"]


def test_a_notebook_shows_a_users_mistake_in_one_line() -> None:
    # IPython asks the exception for the lines that it shows.
    assert UserError("no such grid")._render_traceback_() == ["UserError: no such grid"]
    assert DataError("a row")._render_traceback_() == ["DataError: a row"]
