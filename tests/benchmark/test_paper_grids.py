"""The shipped ``paper-*`` grids, with few rows and small checkpoints of mBERT's and XLM-R's own kinds, to the board."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmark.expansion import expand
from benchmark.grid import GridSpec, load_grid
from benchmark.grids import grid_file
from benchmark.run import run
from leaderboard.board import board
from leaderboard.reading.store import read_results
from polyskew.files import read_json
from polyskew.yamls import validate
from tasks.demo.nli import generate_nli
from tasks.demo.reviews import generate_reviews
from tests.benchmark.hub_checkpoints import write_mbert, write_xlmr

SPLITS = {"train": 24, "validation": 14, "test": 8}  # rows a cell
SETUPS = [("balanced", "none"), ("imbalanced", "none"), ("imbalanced", "per_language")]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both tasks' files, with the columns that they have on the hub."""
    folder = tmp_path_factory.mktemp("data")
    for split, rows in SPLITS.items():
        reviews = generate_reviews(split, rows, languages=("fr", "es", "ja", "de", "en", "zh"))
        pairs = generate_nli(split, rows, languages=("en", "fr"))
        for name, table, columns in (
            ("amazon_reviews", reviews, {"text": "text", "label": "label"}),
            ("xnli", pairs, {"text": "premise", "text_pair": "hypothesis", "label": "label"}),
        ):
            for language, part in table.groupby("language"):
                path = folder / f"{name}-{language}-{split}.parquet"
                part[list(columns)].rename(columns=columns).to_parquet(path, index=False)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {"mbert": write_mbert(folder / "mbert"), "xlm-r": write_xlmr(folder / "xlm-r")}


def reduced(name: str, data: Path, models: dict[str, Path], seeds: list[int]) -> GridSpec:
    """A shipped grid as it is but for its rows, its checkpoint, its length of texts and its number of seeds."""
    fields: dict[str, Any] = yaml.safe_load(grid_file(name).read_text())
    for task in fields["tasks"]:
        files = {split: str(data / f"{task['use']}-{{language}}-{split}.parquet") for split in SPLITS}
        task["change"] |= {"source": {"files": files}, "probe": "demo_wiki"}
        task["change"] |= {"train_cell": 20, "validation_cell": 12, "test_cell": 6}
    fields["models"] = [{"name": model, "path": str(models[model])} for model in fields["models"]]
    recipes = fields["recipe"] if isinstance(fields["recipe"], list) else [fields["recipe"]]
    recipes = [{"name": recipe, "base": recipe} if isinstance(recipe, str) else recipe for recipe in recipes]
    fields["recipe"] = [recipe | {"change": recipe.get("change", {}) | {"max_length": 64}} for recipe in recipes]
    fields["measure"] |= {"probe_rows": 10, "explained_texts": 2}
    fields["measure"]["attributions"]["evaluations"] = 60
    return validate(fields | {"seeds": seeds}, GridSpec, name)


def test_the_grids_ask_for_what_the_paper_has() -> None:
    for name, model, recipes in (
        ("paper-mbert", "mbert", {"paper": None, "paper+entropy": "paper"}),
        ("paper-xlmr", "xlm-r", {"paper+entropy": "paper"}),
    ):
        cells = [cell for cell in expand(load_grid(name)) if not cell.untuned]
        assert {cell.model.name for cell in cells} == {model}
        assert {cell.model.pinned for cell in cells} == {True}
        assert {(cell.recipe_name, cell.recipe.masked_entropy) for cell in cells} == set(recipes.items())
        for task, epochs in (("amazon_reviews", 1), ("xnli", 3)):
            for recipe in recipes:
                mine = [cell for cell in cells if (cell.task.name, cell.recipe_name) == (task, recipe)]
                assert [(cell.regime, str(cell.weighting)) for cell in mine if cell.seed == 0] == SETUPS
                assert {cell.recipe.epochs for cell in mine} == {epochs}
                assert {cell.task.task.sizes for cell in mine} == {"paper"}
        recipe = cells[0].recipe
        assert (recipe.optimizer, recipe.epsilon, recipe.batch_size, recipe.accumulation) == ("radam", 1e-8, 16, 8)
        assert (recipe.final_rate, recipe.max_length, recipe.max_grad_norm, recipe.weight_decay) == (0.01, 512, 0, 0)
        rates = recipe.rates or cells[0].method.method.rates
        assert (rates.body, rates.head) == (5e-5, 5e-4)
    peft = [cell for cell in expand(load_grid("paper-peft")) if not cell.untuned]
    assert {cell.method.name for cell in peft} == {"full", "lora", "houlsby"}
    # In the paper's regimes global weights change nothing, and a full run of paper-mbert is not trained again.
    assert {str(cell.work().weighting) for cell in peft if str(cell.weighting) == "global"} == {"none"}
    mbert = {cell.id for cell in expand(load_grid("paper-mbert"))}
    assert {cell.work().id for cell in peft if cell.method.name == "full"} < mbert


def ran(name: str, data: Path, models: dict[str, Path], results: Path, seeds: list[int]) -> None:
    """Run a grid, and look at what its cells hold."""
    grid = reduced(name, data, models, seeds)
    tally = run(grid, results, workers=2)
    assert not tally.failed
    assert not tally.unmeasured
    rows = [row for row in board(results).rows if row.method != "untuned"]
    assert {row.status for row in rows if not row.status.startswith("same as")} == {"done"}
    for cell in read_results(results).cells.values():
        if cell.spec.regime is None or cell.spec.same_as:
            continue
        counts = read_json(cell.folder / "data" / "counts.json")
        # 20 of each label to draw from, so by the paper's rule int(20 r) - 1 of each.
        if cell.spec.task == "amazon_reviews":
            rising = [11] * 5 if cell.spec.regime == "balanced" else [3, 7, 11, 15, 19]
            assert counts["train"] == [rising] * 3 + [rising[::-1]] * 3
            assert counts["test"] == [[6] * 5] * 6
        else:
            rising = [12] * 3 if cell.spec.regime == "balanced" else [5, 12, 19]
            assert counts["train"] == [rising, rising[::-1]]
        vectors = {str(block.params["vectors"]) for block in cell.blocks["leakage"]}
        assert vectors == ({"cls", "pooler"} if cell.spec.model == "mbert" else {"cls"})


def test_the_xlmr_grid_runs_whole(data: Path, models: dict[str, Path], tmp_path: Path) -> None:
    ran("paper-xlmr", data, models, tmp_path, [0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["paper-mbert", "paper-xlmr", "paper-peft"])
def test_every_paper_grid_runs_whole_with_two_seeds(
    data: Path, models: dict[str, Path], tmp_path: Path, name: str
) -> None:
    ran(name, data, models, tmp_path, [0, 1])
