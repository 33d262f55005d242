"""Learning rates searched by the validation loss: which training is kept, what it cost, what a killed one repeats."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from benchmark.cell import run_cell
from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.job import Trained
from benchmark.meter import noted
from benchmark.recipes import Recipe
from benchmark.search import search
from benchmark.stages import Cell, train
from benchmark.trainer import DivergedError
from polyskew.errors import UserError
from polyskew.files import atomic_folder, is_complete, read_json
from polyskew.yamls import validate
from tests.benchmark import world
from tests.benchmark.test_cell import go, make
from tests.benchmark.test_resume import Killed

NOTHING = {"probe_rows": 0, "explained_texts": 0}


class Trainings:
    """Trainings that only leave what they are told to: by factor the loss of each validation, or None to diverge."""

    def __init__(self, losses: dict[float, list[float] | None]) -> None:
        self.losses = losses
        self.done: list[float] = []
        self.kill_at: float | None = None

    def __call__(self, factor: float, folder: Path, weights: Path, report: Callable[[float], None]) -> Trained:
        if factor == self.kill_at:
            self.kill_at = None
            raise Killed
        self.done.append(factor)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint-1").mkdir()
        seconds = 10 * factor
        (folder / "meter.json").write_text(json.dumps({"seconds": seconds, "peak": 0}))
        report(1.0)
        losses = self.losses[factor]
        if losses is None:
            raise DivergedError
        with atomic_folder(weights) as kept:
            (kept / "weights.txt").write_text(str(factor))
        return Trained([{"eval_loss": loss} for loss in losses], {"seconds": seconds, "rate_body": factor})


def kept(folder: Path, trainings: Trainings) -> Trained:
    return search(sorted(trainings.losses), folder / "work", trainings, folder / "weights", lambda share: None)


def test_the_least_loss_of_all_checkpoints_is_kept(tmp_path: Path) -> None:
    trainings = Trainings({0.3: [3.0, 2.0], 1.0: [1.5, 1.0, 9.0], 3.0: [1.2, 1.1]})
    found = kept(tmp_path, trainings)
    assert found.history == [{"eval_loss": 1.5}, {"eval_loss": 1.0}, {"eval_loss": 9.0}]
    assert found.cost == {
        "seconds": 10.0,
        "rate_body": 1.0,
        "search": {
            "factors": [0.3, 1.0, 3.0],
            "losses": [2.0, 1.0, 1.1],
            "seconds": [3.0, 10.0, 30.0],
            "chosen": 1,
            "at_edge": False,
        },
        "search_seconds": 43.0,
        "search_trainings": 3,
    }
    assert (tmp_path / "weights" / "weights.txt").read_text() == "1.0"
    assert is_complete(tmp_path / "weights")
    assert not list((tmp_path / "work").rglob("checkpoint-*")), "a finished training needs none"


@pytest.mark.parametrize(
    ("losses", "chosen", "at_edge"),
    [
        ({0.1: 1.0, 1.0: 2.0, 10.0: 3.0}, 0.1, True),
        ({0.1: 1.0, 1.0: 1.0, 10.0: 1.0}, 1.0, False),  # equal: the smallest change
        ({0.1: 1.0, 1.0: 2.0, 3.0: 1.0}, 3.0, True),  # 3 is nearer to 1 than 0.1
        ({0.1: 1.0, 1.0: 2.0, 10.0: 1.0}, 0.1, True),  # equally near: the smaller
        ({0.1: 3.0, 1.0: 2.0, 10.0: None}, 1.0, False),
        ({0.1: None, 1.0: None, 10.0: 5.0}, 10.0, True),
    ],
)
def test_ties_and_divergence(tmp_path: Path, losses: dict[float, float | None], chosen: float, at_edge: bool) -> None:
    trainings = Trainings({factor: None if loss is None else [loss] for factor, loss in losses.items()})
    found = kept(tmp_path, trainings)
    assert found.cost["rate_body"] == chosen
    assert found.cost["search"]["at_edge"] is at_edge
    assert found.cost["search"]["losses"] == list(losses.values())
    assert found.cost["search_seconds"] == pytest.approx(10 * sum(losses)), "what diverged has cost too"


def test_all_diverged_is_a_failure_that_can_be_tried_again(tmp_path: Path) -> None:
    trainings = Trainings({0.3: None, 1.0: None})
    with pytest.raises(DivergedError, match=r"factors 0\.3, 1 of"):
        kept(tmp_path, trainings)
    trainings.losses[0.3] = [1.0]
    assert kept(tmp_path, trainings).cost["rate_body"] == 0.3
    assert trainings.done == [0.3, 1.0, 0.3, 1.0]


def test_a_killed_search_keeps_its_finished_trainings(tmp_path: Path) -> None:
    trainings = Trainings({0.3: [1.0], 1.0: None, 3.0: [2.0]})
    for factor in (1.0, 3.0):
        trainings.kill_at = factor
        with pytest.raises(Killed):
            kept(tmp_path, trainings)
    found = kept(tmp_path, trainings)
    assert trainings.done == [0.3, 1.0, 3.0]
    assert found.cost["rate_body"] == 0.3
    # Killed after the weights were kept, before the stage was done: the same again, and no training.
    again = kept(tmp_path, trainings)
    assert again == found
    assert trainings.done == [0.3, 1.0, 3.0]
    assert (tmp_path / "weights" / "weights.txt").read_text() == "0.3"


def test_only_the_best_weights_take_room(tmp_path: Path) -> None:
    trainings = Trainings({0.3: [2.0], 1.0: [1.0], 3.0: [3.0]})
    kept(tmp_path, trainings)
    assert [path.parent.parent.name for path in (tmp_path / "work").rglob("weights.txt")] == ["x1"]


# In a cell


def cell_of(folder: Path, reviews: Path, bert: Path, search: list[float] | None = None, **fields: Any) -> Cell:
    change = {"batch_size": 8, "accumulation": 2, "epochs": 1, "max_length": 24}
    recipe = {"base": "small", "change": change if search is None else {**change, "search": search}}
    return make(folder, reviews, bert, recipe=recipe, measure=NOTHING, **fields)[-1]


def weights(cell: Cell) -> dict[str, bytes]:
    (file,) = cell.weights.glob("*.safetensors")
    return {name: tensor.tobytes() for name, tensor in load_file(file).items()}


def test_a_cell_keeps_what_a_cell_of_that_rate_alone_would_have(tmp_path: Path, reviews: Path, bert: Path) -> None:
    searched = cell_of(tmp_path / "searched", reviews, bert, [3, 0.1, 1])
    assert go(searched) == "done"
    cost = read_json(searched.folder / "train" / "cost.json")
    assert cost["search"]["factors"] == [0.1, 1.0, 3.0]
    chosen = cost["search"]["factors"][cost["search"]["chosen"]]
    losses = {}
    for factor in cost["search"]["factors"]:
        alone = cell_of(tmp_path / str(factor), reviews, bert, learning_rates=[f"x{factor:g}"])
        assert go(alone) == "done"
        history = read_json(alone.folder / "train" / "history.json")
        losses[factor] = min(entry["eval_loss"] for entry in history if "eval_loss" in entry)
        if factor == chosen:
            assert weights(alone) == weights(searched)
            assert read_json(searched.folder / "train" / "history.json") == history
            plain = read_json(alone.folder / "train" / "cost.json")
            assert [cost[name] for name in ("rate_body", "rate_head", "steps", "best_step")] == [
                plain[name] for name in ("rate_body", "rate_head", "steps", "best_step")
            ]
            assert "search" not in plain
    assert cost["search"]["losses"] == list(losses.values())
    assert losses[chosen] == min(losses.values())
    assert len(set(losses.values())) == 3
    assert cost["search_trainings"] == 3
    assert cost["search_seconds"] == pytest.approx(sum(cost["search"]["seconds"]), abs=0.002)
    assert cost["search"]["seconds"][cost["search"]["chosen"]] == cost["seconds"] < cost["search_seconds"]
    assert not searched.work.exists()


def test_factors_are_of_the_rates_on_the_axis(tmp_path: Path, reviews: Path, bert: Path) -> None:
    cell = cell_of(tmp_path, reviews, bert, [0.5, 1], learning_rates=[{"body": 2e-3, "head": 4e-3}])
    assert go(cell) == "done"
    cost = read_json(cell.folder / "train" / "cost.json")
    factor = cost["search"]["factors"][cost["search"]["chosen"]]
    assert (cost["rate_body"], cost["rate_head"]) == (2e-3 * factor, 4e-3 * factor)
    assert cost["rates"] == {"body": cost["rate_body"], "head": cost["rate_head"]}


def test_a_cell_killed_in_its_second_training_ends_alike(
    tmp_path: Path, reviews: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cell_of(tmp_path / "whole", reviews, bert, [0.3, 1, 3])
    assert go(whole) == "done"
    loaded = []
    load = train.load_model
    monkeypatch.setattr(train, "load_model", lambda *arguments: loaded.append(0) or load(*arguments))
    killed = cell_of(tmp_path / "killed", reviews, bert, [0.3, 1, 3])

    def kill(stage: str, share: float) -> None:
        if stage == "train" and share > 0.6:  # near the end of the second, after a checkpoint
            raise Killed

    with pytest.raises(Killed):
        run_cell(killed, kill)
    assert len(loaded) == 2
    assert (killed.work / "x0.3" / "trial.json").exists()
    assert noted(killed.work / "x1")[0] > 0
    shares: list[float] = []
    assert run_cell(killed, lambda stage, share: shares.append(share) if stage == "train" else None) == "done"
    assert len(loaded) == 4, "the first was not trained again"
    assert min(shares) > 0.5, "the second was not begun anew"
    assert weights(killed) == weights(whole)
    costs = [read_json(cell.folder / "train" / "cost.json")["search"] for cell in (whole, killed)]
    assert costs[0]["losses"] == costs[1]["losses"]
    assert costs[0]["chosen"] == costs[1]["chosen"]


def test_a_rate_at_which_training_diverges_loses(tmp_path: Path, reviews: Path, bert: Path) -> None:
    cell = cell_of(tmp_path / "one", reviews, bert, [1, 1e30])
    assert go(cell) == "done"
    found = read_json(cell.folder / "train" / "cost.json")["search"]
    assert found["losses"][1] is None
    assert (found["chosen"], found["at_edge"]) == (0, True)
    failed = cell_of(tmp_path / "all", reviews, bert, [1e29, 1e30])
    assert go(failed) == "failed"
    failure = read_json(failed.folder / "failure.json")
    assert failure["kind"] == "nan"
    assert "1e+29, 1e+30" in failure["message"]


def test_a_search_is_part_of_the_recipe_and_of_the_cell(reviews: Path, bert: Path) -> None:
    def cell(**change: Any) -> Any:
        content = world.grid_of(reviews, bert, methods=["lora"], recipe={"base": "small", "change": change})
        return expand(validate(content, GridSpec, "grid"))[-1]

    assert "search" not in cell().canonical()["recipe"]
    assert cell(search=[0.3, 1]).canonical()["recipe"]["search"] == (0.3, 1.0)
    ids = {cell().id, cell(search=None).id, cell(search=[0.3, 1]).id, cell(search=[1, 0.3]).id, cell(search=[1, 3]).id}
    assert len(ids) == 3, "None is the default, and the order of the factors is none"


@pytest.mark.parametrize("factors", [[1], [], [0, 1], [1, -1], [1, 1.0], [1, 1.0000001], [1, float("nan")], "x3", 3])
def test_what_is_no_search_is_refused(factors: Any) -> None:
    with pytest.raises(UserError, match="search"):
        validate({"search": factors}, Recipe, "a recipe")


def test_killed_between_a_training_and_its_record_it_ends_alike(
    tmp_path: Path, reviews: Path, bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = cell_of(tmp_path / "whole", reviews, bert, [0.3, 1])
    assert go(whole) == "done"
    killed = cell_of(tmp_path / "killed", reviews, bert, [0.3, 1])

    def kill(path: Path, value: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("benchmark.search.write_json", kill)
        with pytest.raises(Killed):
            go(killed)
    assert is_complete(killed.work / "x0.3" / "weights")
    assert go(killed) == "done"
    assert weights(killed) == weights(whole)
    one, two = (read_json(cell.folder / "train" / "cost.json") for cell in (whole, killed))
    assert one["search"]["losses"] == two["search"]["losses"]
    assert (one["steps"], one["best_step"]) == (two["steps"], two["best_step"])
