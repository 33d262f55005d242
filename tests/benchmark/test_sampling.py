"""Rows drawn as often as they count: the right numbers, and in the mean the loss and gradient of the weighted rows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from adapters import WEIGHTINGS, get_weighting
from adapters.losses.modules import AdjustedRows, CrossEntropyRows, FocalRows, GroupDroRows
from benchmark.job import Job
from benchmark.recipes import Rates, Recipe
from benchmark.sampling import Draws, EpochSampler
from benchmark.stages import Cell
from benchmark.stages import train as train_stage
from benchmark.training import train
from polyskew.files import read_json
from tests.benchmark.test_cell import go, make
from tests.benchmark.test_resume import same
from tests.benchmark.test_trainer import job

tables = st.integers(1, 3).flatmap(
    lambda languages: st.lists(
        st.lists(st.integers(1, 12), min_size=3, max_size=3), min_size=languages, max_size=languages
    ).map(np.array)
)


def drawn_by(counts: np.ndarray, name: str, shuffled: int = 0) -> tuple[Draws, np.ndarray]:
    """The draws of rows with these counts by a weighting, and each row's cell."""
    cells = np.repeat(np.arange(counts.size), counts.ravel())
    np.random.default_rng(shuffled).shuffle(cells)
    return Draws(get_weighting(name)(counts).ravel()[cells], cells), cells


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from([name for name in WEIGHTINGS.names() if name != "none"]), st.integers(0, 99))
def test_each_cell_has_its_part_of_an_epoch_to_within_one_row(counts: np.ndarray, name: str, seed: int) -> None:
    draws, cells = drawn_by(counts, name, seed)
    expected = (get_weighting(name)(counts) * counts).ravel()
    assert len(draws) == counts.sum(), "an epoch keeps its number of rows"
    for epoch in range(4):
        rows = draws.rows(seed, epoch)
        assert len(rows) == len(draws)
        found = np.bincount(cells[rows], minlength=counts.size)
        assert (np.abs(found - expected) < 1 + 1e-6).all()
        times = np.bincount(rows, minlength=len(cells))
        assert (np.abs(times - draws.expected) < 1 + 1e-6).all(), "no row is drawn much more often than another"
        np.testing.assert_array_equal(rows, draws.rows(seed, epoch))


def test_a_row_is_drawn_its_weight_times_in_the_mean() -> None:
    draws, _ = drawn_by(np.array([[1, 2, 6], [5, 3, 1]]), "per_language", 3)
    epochs = 4000
    times = sum(np.bincount(draws.rows(7, epoch), minlength=18) for epoch in range(epochs)) / epochs
    # Four standard errors of a share of 1/2.
    np.testing.assert_allclose(times, draws.expected, atol=4 * 0.5 / epochs**0.5)


def test_a_sum_that_is_no_whole_number_is_rounded() -> None:
    draws = Draws(np.full(7, 0.5), np.zeros(7, int))
    assert len(draws) == 4
    times = sum(np.bincount(draws.rows(0, epoch), minlength=7) for epoch in range(3000)) / 3000
    np.testing.assert_allclose(times, 4 / 7, atol=0.04)
    assert len(Draws(np.array([2.0, 0.0, 0.2]), np.arange(3))) == 2


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 200), st.integers(1, 9), st.integers(0, 99), st.booleans(), st.integers(0, 3))
def test_weights_of_one_are_the_plain_shuffle(rows: int, batch: int, seed: int, grouped: bool, epoch: int) -> None:
    sizes = np.random.default_rng(seed).integers(3, 60, rows)
    plain = EpochSampler(sizes, batch, seed, grouped)
    drawn = EpochSampler(sizes, batch, seed, grouped, draws=Draws(np.ones(rows), np.arange(rows) % 3))
    plain.set_epoch(epoch)
    drawn.set_epoch(epoch)
    assert list(plain) == list(drawn)
    assert len(plain) == len(drawn)


@pytest.mark.parametrize("grouped", [False, True])
def test_epochs_differ_in_their_rows_and_are_mixed(grouped: bool) -> None:
    counts = np.array([[30, 60, 90], [90, 60, 30]])
    draws, cells = drawn_by(counts, "per_language")
    sampler = EpochSampler(np.random.default_rng(0).integers(5, 60, 360), 16, 1, grouped, draws=draws)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert len(first) == len(second) == len(sampler) == 360
    assert set(first) != set(second)
    assert np.abs(np.bincount(cells[first[:180]], minlength=6) - 30).max() < 20, "not cell by cell"


def test_loss_and_gradient_are_in_the_mean_those_of_the_weighted_rows() -> None:
    counts = np.array([[2, 4, 9], [7, 5, 3]])
    draws, cells = drawn_by(counts, "per_language")
    torch.manual_seed(1)
    features, labels = torch.randn(30, 4, dtype=torch.double), torch.from_numpy(cells % 3)
    matrix = torch.randn(4, 3, dtype=torch.double, requires_grad=True)

    def moments(losses: torch.Tensor) -> tuple[float, torch.Tensor]:
        loss = losses.mean()
        (gradient,) = torch.autograd.grad(loss, matrix)
        return float(loss.detach()), gradient

    weighted = cross_entropy(features @ matrix, labels, reduction="none") * torch.from_numpy(draws.expected)
    wanted, slope = moments(weighted)
    found, slopes = [], []
    for epoch in range(1500):
        rows = torch.from_numpy(draws.rows(3, epoch))
        loss, gradient = moments(cross_entropy(features[rows] @ matrix, labels[rows], reduction="none"))
        found.append(loss)
        slopes.append(gradient)
    error = np.std(found) / len(found) ** 0.5
    assert abs(np.mean(found) - wanted) < 4 * error
    each = torch.stack(slopes)
    errors = each.std(dim=0) / len(found) ** 0.5
    assert ((each.mean(dim=0) - slope).abs() < 4 * errors + 1e-9).all()
    assert np.std(found) > 0.01, "and not because all epochs are alike"


def test_training_sees_the_drawn_rows(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=4, accumulation=2, epochs=2, rates=Rates(body=5e-3, head=5e-3), evaluations_per_epoch=2)
    task = job(bert, tmp_path / "drawn", recipe=recipe)
    unweighted = replace(task.training, weights=np.ones(21))
    # Rows of weight 0 are never seen: the same as a training without them would see, were it to shuffle alike.
    half = Draws(np.repeat([2.0, 0.0], [10, 11]), np.zeros(21, int))
    trained = train(replace(task, training=unweighted, draws=half), lambda share: None)
    assert trained.cost["examples"] == 40
    assert trained.cost["steps"] == 6
    labels = unweighted.labels.copy()
    labels[10:] = 0
    other = job(bert, tmp_path / "other", recipe=recipe, training=replace(unweighted, labels=labels), draws=half)
    train(other, lambda share: None)
    same(task.model, other.model)


def test_drawing_each_row_once_is_the_plain_training(bert: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=4, accumulation=1, rates=Rates(body=5e-3, head=5e-3), evaluations_per_epoch=1)
    plain = job(bert, tmp_path / "plain", recipe=recipe)
    train(plain, lambda share: None)
    drawn = job(bert, tmp_path / "drawn", recipe=recipe, draws=Draws(np.ones(21), np.zeros(21, int)))
    train(drawn, lambda share: None)
    same(plain.model, drawn.model)


def jobs_of(folder: Path, reviews: Path, bert: Path, patch: pytest.MonkeyPatch, weighting: Any) -> tuple[Cell, Job]:
    """Run a cell, and return it with the training that it asked for."""
    asked: list[Job] = []
    plain = train_stage.train
    patch.setattr(train_stage, "train", lambda job, report: asked.append(job) or plain(job, report))
    measure = {"probe_rows": 0, "explained_texts": 0}
    cell = make(folder, reviews, bert, weightings=[weighting], measure=measure)[-1]
    assert go(cell) == "done"
    return cell, asked[0]


def test_a_cell_that_draws_its_rows(tmp_path: Path, reviews: Path, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell, job = jobs_of(tmp_path, reviews, bert, monkeypatch, "per_language+sampling")
    counts = read_json(cell.folder / "data" / "counts.json")
    wanted = np.array([[4, 8, 12, 16, 20], [20, 16, 12, 8, 4]])
    assert counts["by"] == "sampling"
    np.testing.assert_allclose(counts["weights"], 60 / (5 * wanted))
    assert job.draws is not None
    training, validation = job.training, job.validation
    np.testing.assert_allclose(job.draws.expected, 60 / (5 * wanted[training.languages, training.labels]))
    assert (training.weights == 1).all(), "a row is not both drawn and weighted"
    np.testing.assert_allclose(validation.weights, 60 / (5 * wanted[validation.languages, validation.labels]))
    drawn = job.draws.rows(job.seed, 0)
    assert (np.bincount(training.languages[drawn] * 5 + training.labels[drawn]) == 12).all(), "12 rows of each label"
    assert read_json(cell.folder / "train" / "cost.json")["examples"] == 120


@pytest.mark.parametrize("weighting", ["per_language", "per_language+focal", "logit_adjustment", "group_dro"])
def test_a_cell_that_weighs_its_rows(
    tmp_path: Path, reviews: Path, bert: Path, monkeypatch: pytest.MonkeyPatch, weighting: str
) -> None:
    cell, job = jobs_of(tmp_path, reviews, bert, monkeypatch, weighting)
    counts = read_json(cell.folder / "data" / "counts.json")
    assert "by" not in counts, "as in results of earlier versions"
    assert job.draws is None
    table = np.array(counts["weights"])
    np.testing.assert_array_equal(job.training.weights, table[job.training.languages, job.training.labels])
    assert (table != 1).any() == weighting.startswith("per_language")
    kind = {"focal": FocalRows, "logit_adjustment": AdjustedRows, "group_dro": GroupDroRows}
    assert isinstance(job.loss(), kind.get(weighting.rpartition("+")[2], CrossEntropyRows))
    if weighting == "logit_adjustment":
        shares = np.array(counts["train"]) / np.sum(counts["train"], axis=1, keepdims=True)
        np.testing.assert_allclose(job.loss().adjustment.exp().numpy(), shares, rtol=1e-6)
