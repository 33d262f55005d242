"""The first losses of the recipe ``paper`` against a short loop of plain torch that follows the paper's text.

Section 3: batches of 16, 8 of them an update, rates of 5e-5 and 5e-4 that fall linearly; equation 2: weights by
language and label; its code: RAdam, the weighted losses' plain mean, a fall to 0.01 instead of 0.
"""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from adapters import get_weighting
from benchmark.examples import Examples
from benchmark.job import Job
from benchmark.models import ModelChoice
from benchmark.models.loading import load_model, load_tokenizer
from benchmark.recipe_choice import RECIPES
from benchmark.recipes import Recipe
from benchmark.sampling import EpochSampler
from benchmark.training import train
from tests.benchmark import world
from tests.benchmark.test_trainer import LABELS, examples, job

STEPS, SEED = 50, 5
COUNTS = np.array([[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]]) * 4


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT without dropout, so that two programs can see the same losses."""
    return world.make_bert(tmp_path_factory.mktemp("plain") / "bert", dropout=0.0)


def recipe(name: str = "paper", **changes: object) -> Recipe:
    """The recipe with small batches, and so many validations that every step's loss is logged."""
    resolved = RECIPES.get(name).resolve("amazon_reviews", "full")
    return resolved.model_copy(update={"evaluations_per_epoch": 13, "max_length": 24, **changes})


def weighted(rows: Examples, weighting: str) -> Examples:
    """The rows with the weights that the counts of a skewed regime give."""
    weights = get_weighting(weighting)(COUNTS)
    if weighting == "global":
        assert (weights == 1).all()
    return replace(rows, weights=weights[rows.languages, rows.labels])


def work(model: Path, folder: Path, chosen: Recipe, weighting: str, count: int) -> Job:
    return job(
        model, folder, recipe=chosen, training=weighted(examples(model, count), weighting), rows=count, seed=SEED
    )


def losses(job: Job, name: str = "loss") -> list[float]:
    """The losses that the suite logs, one an update; or those of validation."""
    return [entry[name] for entry in train(job, lambda share: None).history if name in entry]


def by_the_text(
    model: Path,
    chosen: Recipe,
    rows: Examples,
    final: float,
    masked: bool = False,
    rates: tuple[float, float] = (5e-5, 5e-4),
) -> list[float]:
    """The losses of a plain loop: nothing of the suite but the order of the rows and the model as it is loaded."""
    network = load_model(ModelChoice(name=str(model)), LABELS, 3).train()
    pad = load_tokenizer(ModelChoice(name=str(model))).pad_token_id
    mask = load_tokenizer(ModelChoice(name=str(model))).mask_token_id
    optimizer = torch.optim.RAdam(
        [
            {"params": list(network.bert.parameters()), "lr": rates[0]},
            {"params": list(network.classifier.parameters()), "lr": rates[1]},
        ],
        eps=1e-8,
    )
    order = list(EpochSampler(rows.encoded.lengths, chosen.batch_size, SEED, False))
    batches = [order[i : i + chosen.batch_size] for i in range(0, len(order), chosen.batch_size)]
    updates = [batches[i : i + chosen.accumulation] for i in range(0, len(batches), chosen.accumulation)]
    found = []
    for step, update in enumerate(updates):
        for group, peak in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = peak * (1 - (1 - final) * step / len(updates))
        total, size = 0.0, sum(len(batch) for batch in update)
        for batch in update:
            longest = max(int(rows.encoded.lengths[i]) for i in batch)
            tokens = [rows.encoded.rows[i]["input_ids"] for i in batch]
            types = [rows.encoded.rows[i]["token_type_ids"] for i in batch]
            ids = torch.tensor([row + [pad] * (longest - len(row)) for row in tokens])
            kinds = torch.tensor([row + [0] * (longest - len(row)) for row in types])
            there = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in tokens])
            logits = network(input_ids=ids, token_type_ids=kinds, attention_mask=there).logits
            each = cross_entropy(logits, torch.tensor(rows.labels[batch]), reduction="none")
            loss = (torch.tensor(rows.weights[batch]).float() * each).sum() / size
            if masked:
                # The last row alone, all of its tokens masked: mean over classes of p log p.
                length = len(tokens[-1])
                shares = network(
                    input_ids=torch.full((1, length), mask),
                    token_type_ids=torch.tensor([types[-1]]),
                    attention_mask=torch.ones(1, length, dtype=torch.long),
                ).logits.softmax(-1)
                loss = loss + (shares * shares.log()).mean() * len(batch) / size
            loss.backward()
            total += float(loss.detach())
        optimizer.step()
        optimizer.zero_grad()
        found.append(total)
    return found


@pytest.mark.parametrize("weighting", ["none", "global", "per_language"])
@pytest.mark.parametrize(("accumulation", "count"), [(1, 200), (3, 590), (3, 600)])
def test_losses_are_those_of_a_plain_loop(
    plain: Path, tmp_path: Path, weighting: str, accumulation: int, count: int
) -> None:
    # 590 rows: the last update has 2 rows: one batch, and a short one.
    chosen = recipe(batch_size=4, accumulation=accumulation)
    task = work(plain, tmp_path, chosen, weighting, count)
    found = losses(task)
    expected = by_the_text(plain, chosen, task.training, 0.01)
    assert len(found) == len(expected) == STEPS
    np.testing.assert_allclose(found, expected, rtol=2e-5)


@pytest.mark.parametrize("rates", [(1e-4, 5e-4), (5e-5, 1e-3), (5e-5, 5e-5)])
def test_other_rates_would_be_seen(plain: Path, rates: tuple[float, float]) -> None:
    chosen, rows = recipe(batch_size=4, accumulation=1), examples(plain, 200)
    right, wrong = by_the_text(plain, chosen, rows, 0.01), by_the_text(plain, chosen, rows, 0.01, rates=rates)
    assert np.abs(np.array(right) / wrong - 1).max() > 1e-3


def test_the_weightings_differ(plain: Path) -> None:
    rows = examples(plain, 64)
    first = {
        name: by_the_text(plain, recipe(batch_size=4, accumulation=4), weighted(rows, name), 0.01)
        for name in ("none", "global", "per_language")
    }
    assert first["none"] == first["global"]
    assert abs(first["none"][0] - first["per_language"][0]) > 0.01


def test_the_variant_of_the_text_falls_to_zero(plain: Path, tmp_path: Path) -> None:
    chosen = recipe("paper-text", batch_size=4, accumulation=1)
    task = work(plain, tmp_path, chosen, "none", 200)
    found = losses(task)
    np.testing.assert_allclose(found, by_the_text(plain, chosen, task.training, 0.0), rtol=2e-5)
    # At so small rates the two variants part slowly.
    other = by_the_text(plain, chosen, task.training, 0.01)
    assert not np.allclose(found, other, rtol=1e-9)


def test_masked_entropy_is_that_of_a_plain_loop(plain: Path, tmp_path: Path) -> None:
    chosen = recipe(batch_size=4, accumulation=3, masked_entropy="paper")
    task = work(plain, tmp_path, chosen, "per_language", 590)
    found = losses(task)
    np.testing.assert_allclose(found, by_the_text(plain, chosen, task.training, 0.01, masked=True), rtol=2e-5)
    without = by_the_text(plain, chosen, task.training, 0.01)
    assert abs(found[0] - without[0]) > 0.1


CHILD = """
import json, sys
from pathlib import Path
from benchmark.training import train
from polyskew.errors import UserError
from tests.benchmark.test_paper_recipe import recipe, work

model, folder, weighting, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
task = work(model, folder, recipe(batch_size=4, accumulation=4), weighting, count)
history = train(task, lambda share: None).history
found = {name: [entry[name] for entry in history if name in entry] for name in ("loss", "eval_loss")}
try:
    train(task, lambda share: None)
except UserError as error:
    found["again"] = str(error)
import os
if os.environ["RANK"] == "0":
    print("LOSSES" + json.dumps(found))
"""


@pytest.mark.parametrize(
    ("weighting", "count"), [pytest.param("none", 800, marks=pytest.mark.slow), ("per_language", 789)]
)
def test_two_processes_have_the_losses_of_one(plain: Path, tmp_path: Path, weighting: str, count: int) -> None:
    # 789 rows: the last update has one batch and a row for the two processes to share.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    shared = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    shared |= {"ACCELERATE_USE_CPU": "true"}
    arguments = [sys.executable, "-c", CHILD, str(plain), str(tmp_path / "two"), weighting, str(count)]
    children = [
        subprocess.Popen(
            arguments,
            cwd=Path(__file__).parents[2],
            env=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    ends = [child.communicate(timeout=300) for child in children]
    assert [child.returncode for child in children] == [0, 0], ends[0][1][-3000:] + ends[1][1][-3000:]
    line = next(line for line in ends[0][0].splitlines() if line.startswith("LOSSES"))
    chosen = recipe(batch_size=4, accumulation=4)
    rows = weighted(examples(plain, count), weighting)
    expected = by_the_text(plain, chosen, rows, 0.01)
    assert len(expected) == STEPS
    found = json.loads(line.removeprefix("LOSSES"))
    np.testing.assert_allclose(found["loss"], expected, rtol=2e-5)
    # 13 validation rows: two processes that shared them out would see one twice.
    alone = losses(work(plain, tmp_path / "one", chosen, weighting, count), "eval_loss")
    np.testing.assert_allclose(found["eval_loss"], alone, rtol=2e-5)
    assert "2 processes can only train from the beginning" in found["again"]
