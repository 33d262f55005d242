"""One update is the plain mean of weight times cross-entropy over its examples, at the rates that were asked for."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from adapters import get_method
from benchmark.encoding import encode
from benchmark.examples import Examples, Rows
from benchmark.job import Job, Trained
from benchmark.models import ModelChoice
from benchmark.models.loading import load_model, load_tokenizer
from benchmark.recipe_choice import PAPER, RECIPES
from benchmark.recipes import Rates, Recipe
from benchmark.sampling import EpochSampler
from benchmark.trainer import DivergedError, WeightedTrainer
from benchmark.training import train
from tasks.demo.reviews import generate_reviews
from tests.benchmark import world

LABELS = ("1", "2", "3", "4", "5")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT without dropout, so that gradients can be computed by hand."""
    return world.make_bert(tmp_path_factory.mktemp("plain") / "bert", dropout=0.0)


def examples(model: Path, count: int, split: str = "train") -> Examples:
    """Made-up texts with weights that are far from 1 and do not add up to their number."""
    table = generate_reviews(split, -(-count // 10), languages=("fr", "en")).sample(frac=1, random_state=1)[:count]
    tokenizer = load_tokenizer(ModelChoice(name=str(model)))
    weights = np.random.default_rng(2).uniform(0.2, 4.0, count)
    languages = pd.Index(["fr", "en"]).get_indexer(pd.Index(table["language"]))
    return Examples(encode(tokenizer, table, 24), table["label"].to_numpy(), weights, languages)


def job(model: Path, folder: Path, *, method: str = "full", recipe: Recipe, rows: int = 21, **changes: Any) -> Job:
    choice = ModelChoice(name=str(model))
    chosen = get_method(method)
    settings: dict[str, Any] = {
        "model": chosen.prepare(load_model(choice, LABELS, 3)),
        "method": chosen,
        "recipe": recipe,
        "tokenizer": load_tokenizer(choice),
        "training": examples(model, rows),
        "validation": examples(model, 13, "validation"),
        "folder": folder,
        "seed": 5,
        "report_to": (),
        "run_name": "test",
        "memory_before": 0,
        **changes,
    }
    return Job(**settings)


def by_hand(model: torch.nn.Module, rows: Examples, chosen: list[int] | range) -> torch.Tensor:
    """Weight times cross-entropy of each example, asked one by one, without padding."""
    losses = []
    for index in chosen:
        row = {name: torch.tensor([ids]) for name, ids in rows.encoded.rows[index].items()}
        loss = cross_entropy(model(**row).logits, torch.tensor([int(rows.labels[index])]))
        losses.append(loss * float(rows.weights[index]))
    return torch.stack(losses)


class Spy:
    """Keeps what the optimizer was given at each of its steps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: type[torch.optim.Optimizer] = torch.optim.RAdam) -> None:
        self.gradients: list[list[torch.Tensor]] = []
        self.rates: list[list[float]] = []
        self.groups: list[dict[str, Any]] = []
        step = kind.step

        def spied(optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
            self.groups = optimizer.param_groups
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            self.gradients.append(
                [torch.zeros_like(p) if p.grad is None else p.grad.detach().clone() for p in parameters]
            )
            self.rates.append([group["lr"] for group in optimizer.param_groups])
            return step(optimizer, *args, **kwargs)

        monkeypatch.setattr(kind, "step", spied)


@pytest.mark.parametrize("method", ["full", "lora", "houlsby"])
def test_the_gradient_of_an_update_is_that_of_one_big_batch(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    # 21 rows: one update of 8 x 2 rows, and one of 2 + 2 + 1, whose accumulation and last batch are short. The rates
    # are too small to move the model between the two.
    recipe = Recipe(batch_size=2, accumulation=8, rates=Rates(body=1e-12, head=1e-12), evaluations_per_epoch=1)
    work = job(plain, tmp_path, method=method, recipe=recipe)
    parameters = [p for group in work.method.parameter_groups(work.model).values() for p in group]
    before = [parameter.detach().clone() for parameter in parameters]
    order = list(EpochSampler(work.training.encoded.lengths, 2, work.seed, False))
    wanted = []
    for part in (order[:16], order[16:]):
        work.model.zero_grad()
        by_hand(work.model.train(), work.training, part).mean().backward()
        wanted.append({id(p): torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters})
    work.model.zero_grad()
    spy = Spy(monkeypatch)
    trained = train(work, lambda share: None)
    assert trained.cost["steps"] == len(spy.gradients) == 2
    in_order = [parameter for group in spy.groups for parameter in group["params"]]
    assert {id(parameter) for parameter in in_order} == {id(parameter) for parameter in parameters}
    scale = max(gradient.abs().max() for gradient in wanted[0].values())
    assert scale > 1e-3
    for found, step in zip(spy.gradients, wanted, strict=True):
        for parameter, gradient in zip(in_order, found, strict=True):
            torch.testing.assert_close(gradient, step[id(parameter)], rtol=1e-3, atol=1e-5 * float(scale))
    for parameter, old in zip(parameters, before, strict=True):
        torch.testing.assert_close(parameter, old, rtol=0, atol=1e-9)


def test_the_loss_grows_with_the_weights(plain: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=4, accumulation=2, rates=Rates(body=1e-12, head=1e-12), evaluations_per_epoch=1)
    found = []
    for factor in (1.0, 3.0):
        rows = examples(plain, 13, "validation")
        heavier = replace(rows, weights=rows.weights * factor)
        work = job(plain, tmp_path / str(factor), recipe=recipe, validation=heavier)
        found.append(evaluated(train(work, lambda share: None)))
    assert found[1] == pytest.approx(3 * found[0], rel=1e-5)


def evaluated(trained: Trained) -> float:
    return [entry["eval_loss"] for entry in trained.history if "eval_loss" in entry][-1]


@pytest.mark.parametrize("rows", [1, 7, 13])
def test_the_validation_loss_is_the_weighted_mean_over_all_rows(plain: Path, tmp_path: Path, rows: int) -> None:
    # 13 rows in batches of 8 (4 x the micro-batch): the last one is short, and must not count as much as the first.
    recipe = Recipe(batch_size=2, rates=Rates(body=1e-12, head=1e-12), evaluations_per_epoch=1)
    validation = examples(plain, rows, "validation")
    work = job(plain, tmp_path, recipe=recipe, validation=validation)
    with torch.no_grad():
        wanted = float(by_hand(work.model.eval(), validation, range(rows)).mean())
    assert evaluated(train(work, lambda share: None)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("method", ["full", "lora", "houlsby"])
@pytest.mark.parametrize("optimizer", ["radam", "adamw"])
def test_body_and_head_have_their_own_rates(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, optimizer: Any
) -> None:
    spy = Spy(monkeypatch, {"radam": torch.optim.RAdam, "adamw": torch.optim.AdamW}[optimizer])
    recipe = Recipe(batch_size=16, optimizer=optimizer, weight_decay=0.1, evaluations_per_epoch=1)
    work = job(plain, tmp_path, method=method, recipe=recipe)
    names = {id(parameter): name for name, parameter in work.model.named_parameters() if parameter.requires_grad}
    train(work, lambda share: None)
    seen = set()
    for group, rate in zip(spy.groups, spy.rates[0], strict=True):
        for parameter in group["params"]:
            name = names[id(parameter)]
            seen.add(name)
            head = "classifier" in name
            assert rate == (work.method.rates.head if head else work.method.rates.body), name
            assert group["weight_decay"] == (0.0 if parameter.ndim == 1 else 0.1), name
            assert group["eps"] == 1e-8
    assert seen == set(names.values()), "every trained parameter has its rate"
    assert work.method.rates.head != work.method.rates.body or method != "full"


def test_the_papers_rates_fall_from_one_to_a_hundredth(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch)
    recipe = Recipe(batch_size=2, accumulation=1, evaluations_per_epoch=1)
    assert (recipe.optimizer, recipe.final_rate, recipe.warmup) == ("radam", 0.01, 0.0)
    work = job(plain, tmp_path, recipe=recipe, rows=20)
    train(work, lambda share: None)
    shares = [max(rates) / work.method.rates.head for rates in spy.rates]
    # As torch's LinearLR from 1 to 0.01 over the 10 steps: step k has 1 - 0.99 k / 10.
    reference = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    linear = torch.optim.lr_scheduler.LinearLR(reference, 1.0, 0.01, total_iters=10)
    wanted = []
    for _ in range(10):
        wanted.append(linear.get_last_lr()[0])
        reference.step()
        linear.step()
    assert shares == pytest.approx(wanted)
    assert shares[0] == 1.0
    assert shares[5] == pytest.approx(0.505)
    assert linear.get_last_lr()[0] == pytest.approx(0.01)


def test_rates_rise_over_the_warmup(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch)
    recipe = Recipe(batch_size=2, accumulation=1, warmup=0.4, final_rate=0.0, evaluations_per_epoch=1)
    work = job(plain, tmp_path, recipe=recipe, rows=20)
    train(work, lambda share: None)
    shares = [max(rates) / work.method.rates.head for rates in spy.rates]
    assert shares == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])


def test_no_clipping_unless_asked(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    norms = []
    for name, limit in (("free", 0.0), ("clipped", 0.01)):
        with monkeypatch.context() as patch:
            spy = Spy(patch)
            recipe = Recipe(batch_size=21, max_grad_norm=limit, evaluations_per_epoch=1, accumulation=1)
            train(job(plain, tmp_path / name, recipe=recipe), lambda share: None)
            norms.append(float(torch.cat([gradient.ravel() for gradient in spy.gradients[0]]).norm()))
    assert norms[0] > 0.1
    assert norms[1] == pytest.approx(0.01, rel=1e-3)


def test_the_checkpoint_of_least_validation_loss_is_kept(plain: Path, tmp_path: Path) -> None:
    for method in ("full", "lora", "houlsby"):
        # A rate so large that the loss goes up and down.
        recipe = Recipe(
            batch_size=2, accumulation=1, epochs=2, rates=Rates(body=0.05, head=0.05), evaluations_per_epoch=5
        )
        work = job(plain, tmp_path / method, method=method, recipe=recipe)
        trained = train(work, lambda share: None)
        losses = {entry["step"]: entry["eval_loss"] for entry in trained.history if "eval_loss" in entry}
        assert len(losses) >= 8
        best = min(losses, key=lambda step: losses[step])
        assert trained.cost["best_step"] == best
        assert trained.cost["steps"] == max(losses) == 22, "the last step is a candidate too"
        with torch.no_grad():
            found = float(by_hand(work.model.eval(), work.validation, range(13)).mean())
        assert found == pytest.approx(losses[best], rel=1e-4), method


@pytest.mark.parametrize("rate", [1e30, 1e4])
def test_a_loss_that_is_no_number_stops_the_training(plain: Path, tmp_path: Path, rate: float) -> None:
    work = job(plain, tmp_path, recipe=Recipe(batch_size=2, accumulation=1, evaluations_per_epoch=2))
    weights = work.training.weights.copy()
    weights[3] = np.inf if rate == 1e4 else np.nan
    rows = replace(work.training, weights=weights)
    broken = job(plain, tmp_path / "x", recipe=work.recipe, training=rows)
    with pytest.raises(DivergedError, match=r"loss is (nan|inf) at step \d+"):
        train(broken, lambda share: None)


# Orders


lengths = st.lists(st.integers(3, 60), min_size=1, max_size=400).map(np.array)


@settings(max_examples=60, deadline=None)
@given(lengths, st.integers(1, 9), st.integers(0, 2**32 - 1), st.booleans(), st.integers(0, 5))
def test_an_order_is_a_permutation_that_depends_on_seed_and_epoch_alone(
    sizes: np.ndarray, batch: int, seed: int, grouped: bool, epoch: int
) -> None:
    def order(epoch: int, *, dirty: bool = False) -> list[int]:
        sampler = EpochSampler(sizes, batch, seed, grouped)
        if dirty:
            np.random.seed(len(sizes))
            torch.manual_seed(len(sizes))
            list(sampler)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert sorted(order(epoch)) == list(range(len(sizes)))
    assert order(epoch) == order(epoch, dirty=True)
    if len(sizes) > 20 and not grouped:
        assert order(epoch) != order(epoch + 1)


def padding(order: list[int], sizes: np.ndarray, batch: int) -> int:
    batches: Iterator[list[int]] = (order[start : start + batch] for start in range(0, len(order), batch))
    return sum(len(rows) * int(sizes[rows].max()) for rows in batches) - int(sizes.sum())


def test_grouping_by_length_saves_padding_and_still_mixes() -> None:
    sizes = np.random.default_rng(0).integers(5, 120, 3000)
    plain = list(EpochSampler(sizes, 16, 1, False))
    grouped = EpochSampler(sizes, 16, 1, True)
    first = list(grouped)
    assert padding(first, sizes, 16) < 0.1 * padding(plain, sizes, 16)
    grouped.set_epoch(1)
    second = list(grouped)
    together = {frozenset(pair) for rows in (first[i : i + 16] for i in range(0, 3000, 16)) for pair in
                itertools.combinations(rows, 2)}  # fmt: skip
    again = {frozenset(pair) for rows in (second[i : i + 16] for i in range(0, 3000, 16)) for pair in
             itertools.combinations(rows, 2)}  # fmt: skip
    assert len(together & again) < 0.2 * len(together), "other batches in the next epoch"
    means = [sizes[first[i : i + 160]].mean() for i in range(0, 2880, 160)]
    assert max(means) - min(means) < 60, "short and long batches are mixed over the epoch"


def test_every_epoch_has_its_own_order_in_training(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    compute = WeightedTrainer.compute_loss

    def spied(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if model.training:
            seen.extend(inputs["marker"].tolist())
        inputs = {name: value for name, value in inputs.items() if name != "marker"}
        return compute(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(WeightedTrainer, "compute_loss", spied)
    fetch = Rows.__getitem__
    monkeypatch.setattr(Rows, "__getitem__", lambda self, index: {**fetch(self, index), "marker": index})
    recipe = Recipe(batch_size=4, accumulation=1, epochs=2, evaluations_per_epoch=2)
    work = job(plain, tmp_path, recipe=recipe)
    train(work, lambda share: None)
    sampler = EpochSampler(work.training.encoded.lengths, 4, work.seed, False)
    first = list(sampler)
    sampler.set_epoch(1)
    assert seen == first + list(sampler)


def test_recipes_layer_task_over_base_and_method_over_task() -> None:
    assert PAPER.resolve("xnli", "full").epochs == 3
    assert PAPER.resolve("amazon_reviews", "full") == Recipe()
    small = RECIPES.get("small")
    assert small.resolve("any", "lora").rates == Rates(body=4e-3, head=4e-3)
    assert small.resolve("any", "other").rates is None


def test_without_cuda_the_trainer_computes_where_the_suite_does(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.training_args.is_torch_mps_available", lambda: True)  # a Mac
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    here = job(bert, tmp_path, recipe=Recipe())
    assert here.arguments(4, 1).device.type == next(here.model.parameters()).device.type == "cpu"


def test_statistics_of_tokens_are_by_language(bert: Path) -> None:
    from benchmark.encoding import token_statistics

    tokenizer = load_tokenizer(ModelChoice(name=str(bert)))
    table = pd.DataFrame({"text": ["le le", "le 漢 le le le le le", "le"], "language": ["fr", "fr", "en"]})
    pieces = len(tokenizer("le")["input_ids"]) - 2
    encoded = encode(tokenizer, table, 8)
    found = token_statistics(encoded, table["language"], tokenizer)
    assert pieces == 1
    assert found["fr"] == {
        "tokens_per_text": (4 + 9) / 2,
        "unknown_share": round(1 / 8, 6),
        "truncated_share": 0.5,
    }
    assert found["en"] == {"tokens_per_text": 3, "unknown_share": 0, "truncated_share": 0}
