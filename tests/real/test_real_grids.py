"""The real-data grids, reduced to few rows, one method and one seed, from the YAML file to the board."""

import os
from pathlib import Path

import pytest
import yaml

from benchmark.grid import GridSpec, load_grid
from benchmark.run import run
from leaderboard.board import board
from polyskew.yamls import validate

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    "POLYSKEW_DATA" not in os.environ, reason="POLYSKEW_DATA does not name a folder of real data"
)


def reduced(name: str) -> GridSpec:
    """A shipped real-data grid with few rows, one method and one seed."""
    fields = yaml.safe_load((HERE / name).read_text())
    task = fields["tasks"][0]
    change = {"train_cell": 60, "validation_cell": 30, "test_cell": 30}
    del fields["exclude"]
    first = fields["recipe"][0] if isinstance(fields["recipe"], list) else fields["recipe"]
    fields |= {
        "tasks": [{"use": str(HERE / task), "change": change}],
        "regimes": ["balanced", "imbalanced"],
        "methods": ["lora"],
        "seeds": [0],
        "recipe": first | {"change": first["change"] | {"epochs": 1}},
        "measure": {"probe_rows": 40, "explained_texts": 2, "attributions": {"max_rows": 100}},
    }
    return validate(fields, GridSpec, name)


@pytest.mark.parametrize("name", ["umsab_grid.yaml", "xnli_grid.yaml"])
def test_a_reduced_grid_gives_a_board(name: str, tmp_path: Path) -> None:
    grid = reduced(name)
    tally = run(grid, tmp_path, workers=2)
    assert not tally.failed
    rows = board(tmp_path).rows
    assert {row.weighting for row in rows} >= {"none", "per_language"}
    assert len(load_grid(str(HERE / name)).methods) == 3
