"""Who may import whom, and what must not bring in a training library."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "peft", "evaluate", "shap", "datasets", "accelerate")


def test_the_rooms_import_one_way() -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def loaded(code: str) -> str:
    """The training libraries in memory after ``code`` has run in a fresh process, and what it printed."""
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
try:
{"".join(f"    {line}" + chr(10) for line in code.splitlines())}
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *sorted(set(sys.modules) & {set(HEAVY)!r}))
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()[-1].removeprefix("loaded:").strip()


KINDS = ("methods", "tasks", "regimes", "grids", "models", "recipes", "weightings", "metrics")


@pytest.mark.parametrize("arguments", ["--help", "run --help", *(f"list {kind}" for kind in KINDS)])
def test_the_command_line_answers_without_a_training_library(arguments: str) -> None:
    code = f"sys.argv = ['polyskew', *{arguments.split()!r}]\nfrom benchmark.cli import main\nmain()"
    assert loaded(code) == ""


@pytest.mark.parametrize(
    "code",
    [
        "import polyskew, tasks, adapters, leaderboard, benchmark",
        "import leaderboard.board, leaderboard.measuring.measure",
        "import polyskew\npolyskew.GridSpec, polyskew.expand, polyskew.get_method, polyskew.board",
        "from benchmark.plan import plan\nfrom benchmark.grid import load_grid\nfrom pathlib import Path\n"
        "plan(load_grid('demo'), Path('nowhere'))",
        "import benchmark.run, benchmark.show",
    ],
)
def test_importing_and_planning_need_no_training_library(code: str) -> None:
    assert loaded(code) == ""


def test_every_public_name_is_there() -> None:
    import polyskew

    for name in polyskew.__all__:
        assert getattr(polyskew, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = polyskew.nothing
