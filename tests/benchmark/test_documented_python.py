"""What README and docs/plugins.md show of Python works as it is printed, in a notebook's kind of process too."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polyskew
from benchmark.grid import load_grid
from polyskew.errors import UserError
from tests.benchmark import world
from tests.benchmark.test_plugins import whole
from tests.plugin_files import forgotten

ROOT = Path(__file__).parents[2]
SMALL = '{"use": "demo_reviews", "change": {"train_cell": 12, "validation_cell": 5, "test_cell": 4}}'
MEASURE = '"measure": {"probe_rows": 8, "explained_texts": 2, "attributions": {"max_rows": 60}},'


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with forgotten():
        yield


def blocks(file: str, language: str = "python") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / file).read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_readmes_grid_is_one(tmp_path: Path) -> None:
    (text,) = blocks("README.md", "yaml")
    (tmp_path / "stars.yaml").write_text(text)
    grid = load_grid(str(tmp_path / "stars.yaml"))
    cells = [spec for spec in polyskew.expand(grid) if not spec.untuned]
    assert len(cells) == 3 * 3 * 5 * 3 * 2, "regimes, methods, weightings, seeds, rates"
    searched = text.replace("recipe: paper ", "recipe: {base: paper, change: {search: [0.3, 1, 3]}} ")
    assert searched != text, "as the comment beside it says"
    (tmp_path / "stars.yaml").write_text(searched)
    trained = polyskew.expand(load_grid(str(tmp_path / "stars.yaml")))[-1]
    assert list(trained.recipe.search or ()) == [0.3, 1, 3]


@pytest.mark.slow
def test_the_readmes_lines_run_in_a_notebook(tmp_path: Path) -> None:
    (code,) = [block for block in blocks("README.md") if "polyskew.run(" in block]
    assert len(code.splitlines()) <= 12
    small = code.replace('"demo_reviews"', SMALL).replace('"full", ', "").replace('"seeds"', f'{MEASURE}\n    "seeds"')
    small = small.replace('"recipe": "small"', '"recipe": {"base": "small", "change": {"epochs": 1, "max_length": 24}}')
    assert small.count("demo_reviews") == small.count("explained_texts") == small.count("epochs") == 1
    # Standard input is a main module without a file, as a notebook's is.
    shown = "print(frame.shape, sorted(set(frame['regime'])), frame['accuracy'].notna().all())\n"
    shown += "print(type(board.figure()).__name__, board._repr_html_().count('<table'))\n"
    found = whole("-", folder=tmp_path, text=small + shown)
    lines = found.stdout.splitlines()
    assert lines[0].startswith("(2, ")
    assert lines[0].endswith("['imbalanced'] True")
    assert lines[1] == "Figure 1"


def test_the_documented_plugin_is_one(tmp_path: Path) -> None:
    (code,) = [block for block in blocks("docs/plugins.md") if "def cube_root" in block]
    file = tmp_path / "cube_root.py"
    file.write_text(code)
    (checked,) = polyskew.check(file)
    assert checked.kept, str(checked)
    weights = polyskew.get_weighting("cube_root")(np.array([[10, 40]]))
    np.testing.assert_allclose(weights, [[2.5 ** (1 / 3), 0.625 ** (1 / 3)]])


def test_a_grid_may_be_a_mapping_a_path_or_a_name(tmp_path: Path, reviews: Path, bert: Path) -> None:
    from benchmark.run import as_grid

    content = world.grid_of(reviews, bert)
    path = world.write_grid(tmp_path / "grid.yaml", content)
    mapped: Any = as_grid(content)
    assert mapped == as_grid(path) == as_grid(str(path)) == as_grid(mapped)
    assert as_grid("demo").name == "demo"
    with pytest.raises(UserError, match="the grid: unknown key 'methodes'; did you mean 'methods'"):
        as_grid({**content, "methodes": []})
    with pytest.raises(UserError, match="the key 'version' is missing"):
        polyskew.run({"name": "x"}, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_importing_the_front_door_costs_nothing(tmp_path: Path) -> None:
    heavy = {"numpy", "pandas", "pydantic", "torch"}
    code = f"import sys, polyskew; dir(polyskew); print(sorted({heavy!r} & set(sys.modules)))"
    assert whole("-c", code, folder=tmp_path).stdout == "[]\n"


def test_every_public_name_is_there() -> None:
    for name in polyskew.__all__:
        assert getattr(polyskew, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        polyskew.nothing  # noqa: B018
