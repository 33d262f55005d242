"""Each loss in training: an update is that of one big batch, however it is cut; validation is the same loss."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch.nn.functional import cross_entropy

from adapters import WEIGHTINGS, get_loss
from adapters.losses.modules import GroupDroRows
from benchmark.examples import Examples
from benchmark.job import Job
from benchmark.recipes import Rates, Recipe
from benchmark.sampling import EpochSampler
from benchmark.training import train
from benchmark.weighting_choice import WeightingChoice
from polyskew.errors import UserError
from polyskew.yamls import validate
from tests.benchmark import world
from tests.benchmark.test_memory import Device
from tests.benchmark.test_trainer import Spy, evaluated, examples, job

COUNTS = np.array([[9, 8, 7, 6, 5], [3, 4, 5, 6, 7]])
STILL = Rates(body=1e-12, head=1e-12)
LOSSES: list[tuple[str, dict[str, Any]]] = [
    ("focal", {}),
    ("focal", {"gamma": 0.5}),
    ("logit_adjustment", {}),
    ("logit_adjustment", {"prior": "global", "tau": 2.0}),
    ("group_dro", {"step_size": 0.5}),
    ("group_dro", {"step_size": 0.5, "groups": "language", "adjustment": 4.0}),
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT without dropout, so that gradients can be computed by hand."""
    return world.make_bert(tmp_path_factory.mktemp("plain") / "bert", dropout=0.0)


def work(model: Path, folder: Path, name: str, options: dict[str, Any], recipe: Recipe, rows: int = 21) -> Job:
    made = partial(get_loss(name, options).prepare, COUNTS)
    return job(model, folder, recipe=recipe, rows=rows, loss=made, training=unweighted(examples(model, rows), name))


def unweighted(rows: Examples, name: str) -> Examples:
    return replace(rows, weights=np.ones(len(rows.labels))) if name == "group_dro" else rows


def told(model: torch.nn.Module, rows: Examples, index: int) -> torch.Tensor:
    """One row's logits, asked for alone, without padding."""
    row = {name: torch.tensor([ids]) for name, ids in rows.encoded.rows[index].items()}
    logits: torch.Tensor = model(**row).logits[0]
    return logits


class ByHand:
    """The losses' formulas once more, for one row or one update."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name = name
        self.options = options
        self.q: dict[Any, float] = {}

    def row(self, logits: torch.Tensor, label: int, language: int) -> torch.Tensor:
        if self.name == "logit_adjustment":
            n = COUNTS.sum(axis=0) if self.options.get("prior") == "global" else COUNTS[language]
            logits = logits + self.options.get("tau", 1.0) * torch.tensor(n / n.sum()).log().float()
        log = logits.log_softmax(-1)[label]
        return -((1 - log.exp()) ** self.options.get("gamma", 2.0)) * log if self.name == "focal" else -log

    def update(self, model: torch.nn.Module, rows: Examples, chosen: list[int]) -> torch.Tensor:
        labels, languages = rows.labels.tolist(), rows.languages.tolist()
        losses = [self.row(told(model, rows, index), labels[index], languages[index]) for index in chosen]
        if self.name != "group_dro":
            return sum(loss * float(rows.weights[index]) for loss, index in zip(losses, chosen, strict=True)) / len(
                chosen
            )
        by_language = self.options.get("groups") == "language"
        found: dict[Any, list[torch.Tensor]] = {}
        for loss, index in zip(losses, chosen, strict=True):
            found.setdefault(languages[index] if by_language else (languages[index], labels[index]), []).append(loss)
        counts = dict(enumerate(COUNTS.sum(axis=1))) if by_language else dict(np.ndenumerate(COUNTS))
        self.q = self.q or dict.fromkeys(counts, 1 / len(counts))
        means = {group: torch.stack(part).mean() for group, part in found.items()}
        for group, mean in means.items():
            extra = self.options.get("adjustment", 0.0) / float(counts[group]) ** 0.5
            self.q[group] *= float(np.exp(self.options["step_size"] * (float(mean.detach()) + extra)))
        total = sum(self.q.values())
        self.q = {group: share / total for group, share in self.q.items()}
        return sum(self.q[group] * mean for group, mean in means.items())  # type: ignore[return-value]


@pytest.mark.parametrize(("name", "options"), LOSSES)
@pytest.mark.parametrize(("batch", "accumulation"), [(8, 1), (2, 4)])
def test_the_gradient_of_an_update_is_that_of_one_big_batch(
    plain: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: dict[str, Any],
    batch: int,
    accumulation: int,
) -> None:
    # 21 rows: two updates of 8 rows and one of 5; q has moved before the second.
    recipe = Recipe(batch_size=batch, accumulation=accumulation, rates=STILL, evaluations_per_epoch=1)
    task = work(plain, tmp_path, name, options, recipe)
    parameters = [p for group in task.method.parameter_groups(task.model).values() for p in group]
    order = list(EpochSampler(task.training.encoded.lengths, batch, task.seed, False))
    by_hand, wanted, losses = ByHand(name, options), [], []
    for part in (order[:8], order[8:16], order[16:]):
        task.model.zero_grad()
        loss = by_hand.update(task.model.train(), task.training, part)
        loss.backward()
        losses.append(float(loss.detach()))
        wanted.append({id(p): torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters})
    task.model.zero_grad()
    spy = Spy(monkeypatch)
    history = train(task, lambda share: None).history
    assert len(spy.gradients) == 3
    assert [entry["loss"] for entry in history if "loss" in entry] == pytest.approx(losses, rel=1e-4)
    in_order = [parameter for group in spy.groups for parameter in group["params"]]
    for found, step in zip(spy.gradients, wanted, strict=True):
        scale = max(float(gradient.abs().max()) for gradient in step.values())
        assert scale > 1e-3
        for parameter, gradient in zip(in_order, found, strict=True):
            torch.testing.assert_close(gradient, step[id(parameter)], rtol=1e-3, atol=2e-5 * scale)


@pytest.mark.parametrize(("name", "options"), [LOSSES[0], LOSSES[2], LOSSES[4]])
def test_halving_the_micro_batch_changes_nothing(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, Any]
) -> None:
    recipe = Recipe(batch_size=8, accumulation=1, epochs=2, rates=Rates(body=2e-3, head=2e-3), evaluations_per_epoch=1)
    whole = work(plain, tmp_path / "whole", name, options, recipe, rows=30)
    train(whole, lambda share: None)
    # Memory runs out in the third update: what the loss has counted until then must be forgotten too.
    device = Device(monkeypatch, limit=4, lucky=2)
    halved = work(plain, tmp_path / "halved", name, options, recipe, rows=30)
    record = train(halved, lambda share: None)
    assert device.lucky == 0
    assert record.cost["micro_batch"] == 4
    before = work(plain, tmp_path / "before", name, options, recipe, rows=30)
    for (key, one), two, start in zip(
        whole.model.state_dict().items(),
        halved.model.state_dict().values(),
        before.model.state_dict().values(),
        strict=True,
    ):
        # A key's bias adds the same to every score of a query, which softmax forgets: its gradient is rounding alone,
        # and AdamW makes full steps of it.
        if one.is_floating_point() and not key.endswith("key.bias"):
            moved = float((one - start).abs().max())
            torch.testing.assert_close(one, two, rtol=0, atol=2e-3 * moved + 1e-6, msg=key)


@pytest.mark.parametrize(("name", "options"), LOSSES)
@pytest.mark.parametrize("rows", [7, 13])
def test_validation_is_the_same_loss_of_the_whole_set(
    plain: Path, tmp_path: Path, name: str, options: dict[str, Any], rows: int
) -> None:
    # 13 rows in batches of 8 (4 x the micro-batch).
    recipe = Recipe(batch_size=2, rates=STILL, evaluations_per_epoch=1)
    validation = examples(plain, rows, "validation")
    task = replace(work(plain, tmp_path, name, options, recipe), validation=validation)
    labels, languages, by_hand = validation.labels, validation.languages, ByHand(name, options)
    with torch.no_grad():
        network = task.model.eval()
        losses = np.array(
            [float(by_hand.row(told(network, validation, i), int(labels[i]), int(languages[i]))) for i in range(rows)]
        )
    weights = validation.weights
    expected = float((losses * weights).mean())
    if name == "group_dro":
        groups = languages if options.get("groups") == "language" else languages * 5 + labels
        cells = [groups == group for group in np.unique(groups)]
        expected = max(float(np.average(losses[cell], weights=weights[cell])) for cell in cells)
    found = [entry["eval_loss"] for entry in train(task, lambda share: None).history if "eval_loss" in entry]
    assert found[-1] == pytest.approx(expected, rel=1e-5)


def test_dropout_is_the_same_in_both_looks_at_an_update(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an update has several micro-batches, group DRO looks at it before it learns from it."""
    before: list[torch.Tensor] = []
    after: list[torch.Tensor] = []
    begin, forward = GroupDroRows.begin, GroupDroRows.forward

    def began(self: Any, logits: torch.Tensor, *rest: Any) -> None:
        before.append(logits)
        begin(self, logits, *rest)

    def learned(self: Any, logits: torch.Tensor, *rest: Any) -> torch.Tensor:
        after.append(logits.detach())
        return forward(self, logits, *rest)

    monkeypatch.setattr(GroupDroRows, "begin", began)
    monkeypatch.setattr(GroupDroRows, "forward", learned)
    recipe = Recipe(batch_size=2, accumulation=4, rates=Rates(body=1e-3, head=1e-3), evaluations_per_epoch=1)
    train(work(bert, tmp_path, "group_dro", {}, recipe), lambda share: None)
    assert len(before) == 3
    assert torch.equal(torch.cat(before), torch.cat(after))


def test_group_dro_cares_for_the_worst_language(plain: Path, tmp_path: Path) -> None:
    """What it is for: a language of few rows, with a rule of its own, is not left behind."""
    rows = examples(plain, 160)
    few = np.flatnonzero(rows.languages == 0)[:8]
    chosen = np.sort(np.concatenate([few, np.flatnonzero(rows.languages == 1)]))
    languages = rows.languages[chosen]
    kept = Examples(
        replace(rows.encoded, rows=[rows.encoded.rows[i] for i in chosen], lengths=rows.encoded.lengths[chosen]),
        np.where(languages == 0, 4, 1),
        np.ones(len(chosen)),
        languages,
    )
    ends = {}
    for name, options in (("cross_entropy", {}), ("group_dro", {"groups": "language", "step_size": 0.5})):
        recipe = Recipe(batch_size=16, accumulation=1, epochs=2, optimizer="adamw", rates=Rates(body=3e-3, head=3e-3))
        task = work(plain, tmp_path / name, name, options, recipe)
        task = replace(task, training=kept, validation=kept)
        train(task, lambda share: None)
        with torch.no_grad():
            network = task.model.eval()
            losses = np.array(
                [float(cross_entropy(told(network, kept, i), torch.tensor(kept.labels[i]))) for i in range(len(chosen))]
            )
        ends[name] = [losses[languages == language].mean() for language in range(2)]
    assert max(ends["group_dro"]) < 0.5 * max(ends["cross_entropy"])


def test_several_processes_cannot_share_a_loss_of_whole_updates(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 2))
    with pytest.raises(UserError, match="one process"):
        train(work(plain, tmp_path, "group_dro", {}, Recipe(batch_size=8)), lambda share: None)


def test_without_weights_the_named_losses_differ(plain: Path, tmp_path: Path) -> None:
    recipe = Recipe(batch_size=8, rates=STILL, evaluations_per_epoch=1, accumulation=1)
    names = ["cross_entropy", "focal", "logit_adjustment", "group_dro"]
    found = [evaluated(train(work(plain, tmp_path / n, n, {}, recipe), lambda share: None)) for n in names]
    assert len({round(value, 4) for value in found}) == 4


def test_weights_beside_a_loss_that_weighs_rows_are_refused_and_draws_are_not() -> None:
    with pytest.raises(UserError, match=r"'per_language\+sampling\+group_dro'") as raised:
        validate("per_language+group_dro", WeightingChoice, "weightings.0")
    assert "\n" not in str(raised.value)
    for name in ("group_dro", "per_language+sampling+group_dro", "per_language+focal", "sqrt+logit_adjustment"):
        assert validate(name, WeightingChoice, "weightings.0").name == name


@pytest.mark.parametrize("name", [name for name in WEIGHTINGS.names() if name != "none"])
@pytest.mark.parametrize("end", ["", "+sampling", "+sampling+group_dro"])
def test_weights_that_are_all_one_are_no_work_of_their_own(name: str, end: str) -> None:
    even = np.full((2, 3), 4)
    assert WeightingChoice.model_validate(name + end).twin(even).name == ("group_dro" if "dro" in end else "none")
    skewed = np.array([[1, 2, 3], [3, 2, 1]])
    twin = WeightingChoice.model_validate(name + end).twin(skewed)
    assert (twin.use == "none") == (not name.endswith("per_language")), "labels are balanced over all languages"
