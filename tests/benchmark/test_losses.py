"""The additional terms of a recipe: masked-input entropy, and unlearning the language."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from benchmark.losses.language_head import LanguageHead
from benchmark.losses.masked_entropy import MaskedEntropy
from benchmark.recipes import LanguageUnlearning, Rates, Recipe
from benchmark.sampling import EpochSampler
from benchmark.training import train
from tests.benchmark import world
from tests.benchmark.test_trainer import Spy, examples, job

BATCH = {
    "input_ids": torch.tensor([[2, 7, 8, 9, 3], [2, 7, 3, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
    "token_type_ids": torch.tensor([[0, 0, 0, 1, 1], [0, 1, 1, 0, 0]]),
}
RATES = Rates(body=1e-12, head=1e-12)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.make_bert(tmp_path_factory.mktemp("plain") / "bert", dropout=0.0)


def test_the_code_masks_every_token_of_the_last_row() -> None:
    found = MaskedEntropy("paper", mask_id=4, pad_id=0).append(BATCH)
    for name, tensor in BATCH.items():
        assert torch.equal(found[name][:2], tensor)
    assert found["input_ids"][2].tolist() == [4, 4, 4, 0, 0]
    assert found["attention_mask"][2].tolist() == [1, 1, 1, 0, 0]
    assert found["token_type_ids"][2].tolist() == [0, 1, 1, 0, 0]


def test_the_text_has_one_to_all_mask_tokens() -> None:
    loss = MaskedEntropy("text", mask_id=4, pad_id=0)
    lengths = set()
    for seed in range(60):
        torch.manual_seed(seed)
        row = {name: tensor[2].tolist() for name, tensor in loss.append(BATCH).items()}
        length = row["input_ids"].count(4)
        lengths.add(length)
        assert row["input_ids"] == [4] * length + [0] * (5 - length)
        assert row["attention_mask"] == [1] * length + [0] * (5 - length)
        assert row["token_type_ids"] == [0] * 5
    assert lengths == {1, 2, 3, 4, 5}
    assert BATCH["input_ids"].max() == 9, "the batch itself is left alone"


@pytest.mark.parametrize(("variant", "least"), [("paper", -np.log(5) / 5), ("text", -np.log(5))])
def test_the_loss_is_least_where_no_class_is_favoured(variant: str, least: float) -> None:
    loss = MaskedEntropy(variant, 4, 0)  # type: ignore[arg-type]
    assert float(loss.loss(torch.zeros(5))) == pytest.approx(least)
    shares = np.array([0.1, 0.2, 0.3, 0.25, 0.15])
    terms = shares * np.log(shares)
    expected = terms.mean() if variant == "paper" else terms.sum()
    assert float(loss.loss(torch.tensor(np.log(shares) + 3))) == pytest.approx(expected, rel=1e-5)
    assert least < expected < 0
    assert float(loss.loss(torch.tensor([200.0, 0, 0, 0, 0]))) == pytest.approx(0, abs=1e-6)


def test_masked_entropy_pulls_base_values_together(plain: Path, tmp_path: Path) -> None:
    """What the loss is for: after training with it, a fully masked text has more nearly uniform classes."""
    spread = {}
    for name, variant in (("without", None), ("paper", "paper"), ("text", "text")):
        recipe = Recipe(
            batch_size=8, accumulation=1, epochs=4, rates=Rates(body=3e-3, head=3e-3), masked_entropy=variant
        )
        # All examples have one label, which a model without the loss learns to say of anything.
        rows = [examples(plain, 96), examples(plain, 13, "validation")]
        training, validation = (replace(part, labels=np.full(len(part.labels), 2)) for part in rows)
        work = job(plain, tmp_path / name, recipe=recipe, training=training, validation=validation)
        train(work, lambda share: None)
        masked = torch.tensor([[2, *[4] * 6, 3]])
        with torch.inference_mode():
            shares = work.model.eval()(input_ids=masked).logits.softmax(-1)[0]
        spread[name] = float(shares.max() - shares.min())
    assert spread["without"] > 0.5
    assert spread["text"] < spread["without"] - 0.05
    assert spread["paper"] < spread["without"]


def vectors() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(6, 8, requires_grad=True), torch.tensor([0, 1, 2, 0, 1, 2])


def test_gradient_reversal_turns_the_encoders_gradient_alone() -> None:
    found, language = vectors()
    head = LanguageHead(LanguageUnlearning(use="gradient_reversal", weight=0.3), 8, 3)
    head.loss(found, language).backward()
    plain, _ = vectors()
    weight = head.linear.weight.detach().clone().requires_grad_()
    cross_entropy(plain @ weight.T + head.linear.bias.detach(), language).backward()
    torch.testing.assert_close(found.grad, -0.3 * plain.grad)
    torch.testing.assert_close(head.linear.weight.grad, weight.grad)


def test_entropy_maximisation_teaches_the_head_and_blinds_the_encoder() -> None:
    found, language = vectors()
    head = LanguageHead(LanguageUnlearning(use="entropy_maximisation", weight=0.3), 8, 3)
    head.loss(found, language).backward()
    plain, _ = vectors()
    shares = (plain @ head.linear.weight.detach().T + head.linear.bias.detach()).softmax(-1)
    (0.3 * (shares * shares.log()).sum(-1).mean()).backward()
    torch.testing.assert_close(found.grad, plain.grad)
    fixed = vectors()[0].detach()
    weight = head.linear.weight.detach().clone().requires_grad_()
    cross_entropy(fixed @ weight.T + head.linear.bias.detach(), language).backward()
    torch.testing.assert_close(head.linear.weight.grad, weight.grad)


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("use", ["gradient_reversal", "entropy_maximisation"])
def test_an_update_with_a_language_head_is_that_of_one_big_batch(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, use: str
) -> None:
    recipe = Recipe(
        batch_size=2,
        accumulation=4,
        rates=RATES,
        evaluations_per_epoch=1,
        unlearn_language={"use": use, "weight": 2.0},
    )
    work = job(plain, tmp_path, method=method, recipe=recipe, rows=15)
    heads: list[LanguageHead] = []
    made = LanguageHead.__init__

    def kept(self: LanguageHead, *arguments: object) -> None:
        made(self, *arguments)  # type: ignore[arg-type]
        heads.append(self)

    monkeypatch.setattr(LanguageHead, "__init__", kept)
    parameters = [p for group in work.method.parameter_groups(work.model).values() for p in group]
    spy = Spy(monkeypatch)
    train(work, lambda share: None)
    chosen = [p for group in spy.groups for p in group["params"]]
    head = heads[0]
    assert {id(p) for p in (*parameters, *head.parameters())} == {id(p) for p in chosen}
    assert len(spy.gradients) == 2
    network = work.model.train()
    rows = work.training
    order = list(EpochSampler(rows.encoded.lengths, 2, work.seed, False))
    for part, found in zip((order[:8], order[8:]), spy.gradients, strict=True):
        network.zero_grad()
        head.zero_grad()
        for index in part:
            row = {name: torch.tensor([ids]) for name, ids in rows.encoded.rows[index].items()}
            output = network(**row, output_hidden_states=True)
            label, language = torch.tensor([int(rows.labels[index])]), torch.tensor([int(rows.languages[index])])
            each = cross_entropy(output.logits, label) * float(rows.weights[index])
            ((each + head.loss(output.hidden_states[-1][:, 0], language)) / len(part)).backward()
        expected = [torch.zeros_like(p) if p.grad is None else p.grad for p in chosen]
        scale = max(float(gradient.abs().max()) for gradient in expected)
        for mine, its in zip(found, expected, strict=True):
            torch.testing.assert_close(mine, its, rtol=1e-3, atol=1e-5 * scale)


def test_validation_knows_nothing_of_the_additional_terms(plain: Path, tmp_path: Path) -> None:
    ends = []
    for name, terms in (
        ("plain", {}),
        ("all", {"masked_entropy": "text", "unlearn_language": {"use": "gradient_reversal"}}),
    ):
        recipe = Recipe(batch_size=4, accumulation=2, rates=RATES, evaluations_per_epoch=1, **terms)
        history = train(job(plain, tmp_path / name, recipe=recipe), lambda share: None).history
        ends.append([entry["eval_loss"] for entry in history if "eval_loss" in entry][-1])
    assert ends[0] == pytest.approx(ends[1], rel=1e-6)
