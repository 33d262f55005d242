"""Plug-ins from one end to the other: listed, run by worker processes, recorded, shown; as files and as packages."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.scaffolds.new import new
from polyskew.plugins import load_plugin
from polyskew.yamls import validate
from tests.benchmark import world
from tests.plugin_files import WEIGHTING, forgotten, install

KINDS = ("method", "weighting", "loss", "metric", "explainer")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with forgotten():
        yield


def told(result: tuple[int, str, str]) -> str:
    status, _, err = result
    assert status == 2, err
    assert err.count("\n") == 1, err
    return err.removeprefix("polyskew: ").rstrip()


def cells_of(task: Path, bert: Path, **changes: Any) -> list[Any]:
    content = world.grid_of(task, bert, methods=["lora"], regimes=["imbalanced"], **changes)
    return expand(validate(content, GridSpec, "grid"))


def test_a_changed_file_makes_new_cells_and_no_others(tmp_path: Path, reviews: Path, bert: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(WEIGHTING)
    load_plugin(file)
    weightings = ["none", "per_language", "cube_root"]
    before = {cell.describe(): cell for cell in cells_of(reviews, bert, weightings=weightings)}
    file.write_text(WEIGHTING + "\n# Changed.\n")
    load_plugin(file)
    after = {cell.describe(): cell for cell in cells_of(reviews, bert, weightings=weightings)}
    assert before.keys() == after.keys()
    changed = [name for name in before if before[name].id != after[name].id]
    assert len(changed) == 1
    assert "cube_root" in changed[0]
    (plugin,) = after[changed[0]].plugins(validate({}, GridSpec.model_fields["measure"].annotation, "m"))  # type: ignore[arg-type]
    assert plugin["file"] == "mine.py"
    assert after[changed[0]].canonical()["weighting"]["plugin"] == {"sha256": plugin["sha256"]}


def test_a_changed_explainer_asks_for_the_attributions_alone(tmp_path: Path, reviews: Path, bert: Path) -> None:
    from benchmark.stages import comparable, stages

    new("explainer", "mine", tmp_path)
    file = tmp_path / "mine.py"
    text, seen = file.read_text(), []
    for change in ("", "# Changed.\n"):
        file.write_text(text + change)
        load_plugin(file)
        content = world.grid_of(reviews, bert, measure={**world.MEASURE, "attributions": {"mode": "mine"}})
        grid = validate(content, GridSpec, "grid")
        cell = expand(grid)[-1]
        wanted = {stage.name: stage.wanted(cell, grid.measure) for stage in stages(cell, grid.measure)}
        assert wanted["attributions"]["settings"]["attributions"]["additive"] is False
        seen.append((cell.id, wanted, comparable(cell, grid.measure), grid.measure.attributions.label("mine")))
    one, two = seen
    assert one[0] == two[0]
    assert [name for name in one[1] if one[1][name] != two[1][name]] == ["attributions"]
    assert one[2] != two[2], "values of the two are never averaged"
    assert one[3] == two[3] == "mine-1"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"methods": ["broken"]}, "the method 'broken' from broken_plugin 1.0 (broken_plugin:Thing) cannot be loaded"),
        ({"weightings": ["broken"]}, "the weighting 'broken' from broken_plugin 1.0 (broken_plugin:Thing) cannot be"),
        ({"weightings": ["broken_loss"]}, "the loss 'broken_loss' from broken_plugin 1.0 (broken_plugin:Thing) cannot"),
        ({"tasks": ["broken"]}, "the task 'broken' from broken_plugin 1.0 (broken_plugin:Thing) cannot be loaded"),
        ({"measure": {"attributions": {"mode": "broken"}}}, "the explainer 'broken' from broken_plugin 1.0"),
        (
            {"measure": {"attributions": {"mode": "brokn"}}},
            "there is no mode or explainer called 'brokn'; did you mean",
        ),
        ({"measure": {"attributions": {"mode": "exact", "options": {"a": 1}}}}, "the mode 'exact' has no options"),
    ],
)
def test_a_broken_package_matters_only_to_a_grid_that_needs_it(
    polyskew: Any,
    tmp_path: Path,
    reviews: Path,
    bert: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    sentence: str,
) -> None:
    groups = ("methods", "weightings", "tasks", "explainers")
    points = dict.fromkeys(groups, "broken = broken_plugin:Thing") | {"losses": "broken_loss = broken_plugin:Thing"}
    install(tmp_path / "site", "broken_plugin", "import no_such_module\n", points)
    monkeypatch.syspath_prepend(tmp_path / "site")
    content = world.grid_of(reviews, bert)
    world.write_grid(tmp_path / "grid.yaml", content)
    status, out, err = polyskew("plan", "grid.yaml")
    assert (status, err) == (0, "")
    for kind in ("methods", "weightings", "losses", "tasks", "explainers"):
        status, out, err = polyskew("list", kind)
        assert (status, err) == (0, "")
        assert "broken_plugin 1.0 (broken_plugin:Thing)" in out
    world.write_grid(tmp_path / "grid.yaml", {**content, **change})
    assert sentence in told(polyskew("run", "grid.yaml"))
    assert not (tmp_path / "results").exists(), "nothing was run"


def test_a_broken_file_is_told_before_anything_else(polyskew: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("1 / 0\n")
    for arguments in (["run", "demo"], ["plan", "demo"], ["list", "methods"], ["check", "lora"]):
        sentence = told(polyskew(*arguments, "--plugin", "mine.py"))
        assert sentence == "the plug-in file mine.py, line 1, fails with ZeroDivisionError: division by zero"


def test_a_broken_package_is_one_line_of_warning(tmp_path: Path) -> None:
    install(tmp_path / "site", "broken_plugin", "import no_such_module\n", {"tasks": "broken = broken_plugin:Thing"})
    found = whole("-m", "polyskew", "list", "regimes", folder=tmp_path, path=str(tmp_path / "site"))
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith("warning: the task 'broken' from broken_plugin 1.0 (broken_plugin:Thing) cannot be")
    assert "demo_reviews" in found.stdout


def whole(*arguments: str, folder: Path, path: str = "", text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, in a folder; ``path`` stands before the repository in PYTHONPATH."""
    environment = {name: value for name, value in os.environ.items() if name != "POLYSKEW_PLUGINS"}
    environment |= {
        "PYTHONPATH": os.pathsep.join(filter(None, [path, str(ROOT)])),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "250",
    }
    found = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return found


def demonstration(folder: Path, bert: Path) -> list[Path]:
    """Write one plug-in of each kind and a grid that needs them all."""
    for kind in (*KINDS, "task"):
        new(kind, f"my_{kind}", folder)
    change = {"batch_size": 8, "accumulation": 1, "epochs": 1, "max_length": 24}
    grid = {
        "version": 1,
        "name": "demonstration",
        "tasks": [{"use": "my_task", "change": {"train_cell": 40, "validation_cell": 8, "test_cell": 8}}],
        "regimes": ["balanced", "imbalanced"],
        "models": [{"name": "tiny", "path": str(bert)}],
        "methods": ["my_method"],
        "weightings": ["my_weighting+my_loss"],
        "recipe": {"base": "small", "change": change},
        "measure": {"probe_rows": 8, "explained_texts": 2, "attributions": {"mode": "my_explainer"}},
    }
    world.write_grid(folder / "grid.yaml", grid)
    task = folder / "my_task.py"
    task.write_text(
        "from pathlib import Path\n\nimport polyskew\n\n"
        "TASK = polyskew.register('task', polyskew.read_task(Path(__file__).with_name('my_task.yaml')))\n"
    )
    return [task, *(folder / f"my_{kind}.py" for kind in KINDS)]


def check_results(folder: Path, identity: set[str]) -> None:
    """Check that all plug-ins did their part, and are recorded by what identifies them."""
    specs = [json.loads(path.read_text()) for path in folder.glob("cells/*/spec.json")]
    trained = [spec for spec in specs if "my_weighting" in (spec["weighting"] or "")]
    assert len(trained) == 2
    for spec in trained:
        kinds = {plugin["kind"] for plugin in spec["plugins"]}
        assert {"task", "method", "weighting", "loss", "explainer"} <= kinds
        assert all(identity <= plugin.keys() for plugin in spec["plugins"])
        assert spec["canonical"]["method"]["plugin"].keys() == identity - {"file"}
        cell = folder / "cells" / spec["id"]
        assert not (cell / "failure.json").exists()
        if spec["same_as"] is None:
            provenance = json.loads((cell / "provenance.json").read_text())
            assert {plugin["name"] for plugin in provenance["plugins"]} >= {"my_method", "my_weighting", "my_loss"}
            assert ("my_plugins" in provenance["packages"]) == ("package" in identity)
            metrics = json.loads((cell / "metrics.json").read_text())
            assert "my_metric" in {block["measure"] for block in metrics["measures"]}


@pytest.mark.slow
def test_files_with_a_plugin_of_each_kind(tmp_path: Path, bert: Path) -> None:
    files = demonstration(tmp_path, bert)
    plugins = [part for file in files for part in ("--plugin", file.name)]
    for kind in ("method", "weighting", "metric", "task"):
        found = whole("-m", "polyskew", "list", f"{kind}s", *plugins, folder=tmp_path).stdout
        assert f"my_{kind}" in found
        assert f"my_{kind}.py" in found
    found = whole("-m", "polyskew", "run", "grid.yaml", *plugins, "--workers", "2", folder=tmp_path)
    assert "my_method" in found.stdout
    assert "my_weighting+my_loss" in found.stdout
    assert (
        "my_metric"
        in whole("-m", "polyskew", "board", "results/demonstration", "--format", "csv", folder=tmp_path).stdout
    )
    check_results(tmp_path / "results" / "demonstration", {"kind", "name", "file", "sha256"} - {"kind", "name"})
    found = whole("-m", "polyskew", "plan", "grid.yaml", *plugins, folder=tmp_path)
    assert "0 to run" in " ".join(found.stdout.split())
    files[1].write_text(files[1].read_text() + "# Changed.\n")
    found = whole("-m", "polyskew", "plan", "grid.yaml", *plugins, folder=tmp_path)
    assert "0 to run" not in " ".join(found.stdout.split())


@pytest.mark.slow
def test_an_installed_package_with_a_plugin_of_each_kind(tmp_path: Path, bert: Path) -> None:
    source, site, work = tmp_path / "source", tmp_path / "site", tmp_path / "work"
    work.mkdir()
    package = source / "my_plugins"
    demonstration(package, bert)
    (package / "grid.yaml").rename(work / "grid.yaml")
    for path in package.glob("test_*.py"):
        path.unlink()
    (package / "__init__.py").write_text("")
    things = {
        "tasks": "my_task:TASK",
        "methods": "my_method:MyMethod",
        "weightings": "my_weighting:my_weighting",
        "losses": "my_loss:MyLoss",
        "measures": "my_metric:MEASURE",
        "explainers": "my_explainer:MyExplainer",
    }
    points = "".join(
        f'[project.entry-points."polyskew.{group}"]\n{thing.partition(":")[0]} = "my_plugins.{thing}"\n'
        for group, thing in things.items()
    )
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "my_plugins"\nversion = "0.3"\ndescription = "one of each"\n'
        '[tool.setuptools]\npackages = ["my_plugins"]\n'
        f'[tool.setuptools.package-data]\n"*" = ["*.yaml", "*/*.csv"]\n{points}'
    )
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(site))
    whole("-m", "pip", "install", *options, str(source), folder=tmp_path)
    path = str(site)
    for kind in ("methods", "weightings", "losses", "metrics", "tasks", "explainers"):
        found = whole("-m", "polyskew", "list", kind, folder=work, path=path)
        assert "my_plugins 0.3" in found.stdout
        assert found.stderr == ""
    found = whole("-m", "polyskew", "run", "grid.yaml", "--workers", "2", folder=work, path=path)
    assert "my_weighting+my_loss" in found.stdout
    check_results(work / "results" / "demonstration", {"package", "version", "sha256", "file"})
    assert "ok" in whole("-m", "polyskew", "check", "my_loss", folder=work, path=path).stdout


ONE_CELL = {
    "methods": ["lora"],
    "weightings": ["cube_root"],
    "regimes": ["imbalanced"],
    "measure": {"probe_rows": 0, "explained_texts": 0},
}
SCRIPT = """
{weighting}
print("read")
{guard}
{tab}polyskew.run({grid!r}, "out", workers=1)
{tab}print(len(polyskew.board("out").rows), "rows")
"""


@pytest.mark.slow
@pytest.mark.parametrize("guard", ["", 'if __name__ == "__main__":'])
def test_a_script_needs_no_guard(tmp_path: Path, reviews: Path, bert: Path, guard: str) -> None:
    grid = world.grid_of(reviews, bert, **ONE_CELL)
    code = SCRIPT.format(weighting=WEIGHTING, guard=guard, tab="    " if guard else "", grid=grid)
    (tmp_path / "script.py").write_text(code)
    found = whole("script.py", folder=tmp_path)
    assert found.stdout.split() == ["read", "2", "rows"]
    assert not list(tmp_path.glob("out/cells/*/failure.json"))


@pytest.mark.slow
def test_a_notebook_runs_a_grid_with_a_file(tmp_path: Path, reviews: Path, bert: Path) -> None:
    # Cells of a notebook, like standard input, belong to a main module without a file.
    grid = world.grid_of(reviews, bert, **ONE_CELL)
    (tmp_path / "mine.py").write_text(WEIGHTING)
    code = SCRIPT.format(weighting="import polyskew\npolyskew.load_plugin('mine.py')", guard="", tab="", grid=grid)
    found = whole("-", folder=tmp_path, text=code)
    assert found.stdout.split() == ["read", "2", "rows"]
    assert not list(tmp_path.glob("out/cells/*/failure.json"))
