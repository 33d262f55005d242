"""Base models of 4 and 8 bits, and optimizers whose state has 8: what is stored, what comes back, what is refused."""

import importlib.util
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from adapters import METHODS, get_method, head_modules
from adapters.parts import is_quantized, numbers
from adapters.peft_support import PEFT_TYPES
from benchmark.models import ModelChoice
from benchmark.models.loading import load_model
from benchmark.recipes import Rates, Recipe
from polyskew.errors import UserError
from polyskew.files import read_json
from tests.benchmark import world
from tests.benchmark.test_cell import go, make
from tests.benchmark.test_resume import same, trained
from tests.benchmark.test_trainer import LABELS, job

pytest.importorskip("bitsandbytes")

PRECISIONS = ("nf4", "int8")
SMALL: dict[str, dict[str, Any]] = {"vera": {"rank": 4}, "oft": {"block_size": 8}}
REFUSING = {("pissa", "nf4"), ("pissa", "int8"), ("dora", "int8")}
QUANTIZED = [
    (name, base)
    for name in METHODS.names()
    for base in PRECISIONS
    if name not in ("full", "peft") and (name, base) not in REFUSING
]


def load(model: Path, seed: int, base: Any) -> Any:
    return load_model(ModelChoice(name=str(model)), LABELS, seed, quantization=base)


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    ids = torch.randint(5, 400, (6, 12), generator=torch.Generator().manual_seed(1))
    return model.eval()(input_ids=ids).logits


def one_life(method: Any, model: Path, folder: Path) -> None:
    base = load(model, 0, method.quantization)
    assert is_quantized(base)
    start = logits(base)
    torch.manual_seed(0)
    network = method.prepare(base)
    groups = method.parameter_groups(network)
    stored = {name: tensor.detach().clone() for name, tensor in network.named_parameters()}
    declared = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert {parameter.dtype for group in groups.values() for parameter in group} == {torch.float32}
    optimizer = torch.optim.SGD([*groups["body"], *groups["head"]], lr=0.1)
    ids = torch.randint(5, 400, (6, 12), generator=torch.Generator().manual_seed(1))
    for _ in range(2):
        optimizer.zero_grad()
        network.train()(input_ids=ids, labels=torch.arange(6) % 5).loss.backward()
        optimizer.step()
    moved = {name for name, tensor in network.named_parameters() if not torch.equal(tensor, stored[name])}
    assert moved
    assert moved <= declared
    expected = logits(network)
    assert not torch.allclose(expected, start, atol=1e-3)
    method.save(network, folder)
    assert torch.equal(logits(method.load(load(model, 5, method.quantization), folder)), expected)


@pytest.mark.parametrize(("name", "base"), QUANTIZED)
def test_one_life_on_bert(name: str, base: str, bert: Path, tmp_path: Path) -> None:
    one_life(get_method(name, {**SMALL.get(name, {}), "base": base}), bert, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "base"), QUANTIZED)
def test_one_life_on_xlm_r(name: str, base: str, xlmr: Path, tmp_path: Path) -> None:
    one_life(get_method(name, {**SMALL.get(name, {}), "base": base}), xlmr, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("base", PRECISIONS)
@pytest.mark.parametrize("name", [name for name, support in PEFT_TYPES.items() if support.quantized])
def test_one_life_of_pefts_types(name: str, base: str, bert: Path, tmp_path: Path) -> None:
    options = {"config": {"peft_type": name, **PEFT_TYPES[name].config}, "base": base}
    one_life(get_method("peft", options), bert, tmp_path)


@pytest.mark.parametrize("base", PRECISIONS)
@pytest.mark.parametrize("encoder", ["bert", "xlmr"])
def test_the_body_is_quantized_and_the_head_is_not(encoder: str, base: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(encoder)
    model, plain = load(folder, 3, base), load(folder, 3, None)
    kinds = Counter(
        type(module).__name__
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and not name.startswith("classifier")
    )
    pooler = 1 if encoder == "bert" else 0
    assert kinds == {"Linear4bit" if base == "nf4" else "Linear8bitLt": 6 + pooler}
    for name in head_modules(model):
        for one, two in zip(
            model.get_submodule(name).parameters(), plain.get_submodule(name).parameters(), strict=True
        ):
            assert torch.equal(one, two), "the head's start depends on the seed alone"
    embeddings: Any = model.get_input_embeddings()
    assert embeddings.weight.dtype == torch.float32
    if base == "nf4":
        stored = model.base_model.encoder.layer[0].attention.self.query.weight
        assert (stored.quant_type, stored.quant_state.nested) == ("nf4", True)
    assert 0 < (logits(model) - logits(plain)).abs().max() < 0.5 * logits(plain).abs().max()


@pytest.mark.parametrize("base", PRECISIONS)
def test_a_cell_from_end_to_end(base: str, reviews: Path, bert: Path, tmp_path: Path) -> None:
    choice = {"use": "lora", "options": {"base": base}}
    _, cell = make(tmp_path, reviews, bert, methods=[choice], measure={**world.MEASURE, "explained_texts": 1})
    assert go(cell) == "done", (cell.folder / "failure.json").read_text()
    assert cell.spec.canonical()["method"] == {"name": "lora", "options": {"base": base}}
    config = read_json(cell.weights / "adapter_config.json")
    assert config["peft_type"] == "LORA"


def test_a_weight_counts_once_however_it_is_stored(bert: Path) -> None:
    counts = {base: sum(map(numbers, load(bert, 0, base).parameters())) for base in (None, *PRECISIONS)}
    assert set(counts.values()) == {sum(parameter.numel() for parameter in load(bert, 0, None).parameters())}


def test_full_precision_changes_no_identity() -> None:
    assert get_method("lora", {"base": None}).identity() == {"name": "lora"}
    assert get_method("qlora").identity() == {"name": "qlora"}
    assert get_method("qlora").quantization == "nf4"
    assert get_method("full").quantization is None


def test_without_bitsandbytes_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, bert: Path) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("adapters.quantization.find_spec", lambda name: None if name == "bitsandbytes" else found(name))
    with pytest.raises(UserError, match=r"base: nf4 needs bitsandbytes, which is not installed; run pip install"):
        get_method("lora", {"base": "nf4"})
    with pytest.raises(UserError, match="needs bitsandbytes"):
        load(bert, 0, "int8")
    with pytest.raises(UserError, match="optimizer: adamw_8bit needs bitsandbytes"):
        Recipe(optimizer="adamw_8bit")


def test_its_known_noise_is_kept_out_and_its_warnings_are_not(bert: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        logits(load(bert, 0, "int8"))
        assert not [record for record in caplog.records if record.name.startswith("bitsandbytes")]
        logging.getLogger("bitsandbytes.autograd._functions").warning("something is wrong")
    assert "something is wrong" in caplog.text


def tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in nested dicts."""
    if torch.is_tensor(value):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from tensors(inner)


@pytest.mark.parametrize("optimizer", ["adamw_8bit", "ademamix_8bit", "lion_8bit"])
def test_an_8_bit_optimizer_goes_on_with_the_same_bits(optimizer: Any, tmp_path: Path) -> None:
    # Its state has 8 bits for weights of 4,096 numbers and more: 400 words x 32.
    folder = world.make_bert(tmp_path / "bert")
    recipe = Recipe(
        batch_size=3,
        accumulation=2,
        epochs=2,
        rates=Rates(body=1e-3, head=1e-3),
        evaluations_per_epoch=3,
        optimizer=optimizer,
    )
    whole, record = trained(folder, tmp_path / "whole", recipe=recipe, rows=42)
    states = sorted((tmp_path / "whole").glob("checkpoint-*/optimizer.pt"))
    kept = torch.load(states[-1], weights_only=True)["state"]
    assert torch.uint8 in {tensor.dtype for tensor in tensors(kept)}
    resumed, again = trained(folder, tmp_path / "killed", kill_at=9 / 14 - 1e-9, recipe=recipe, rows=42)
    same(whole, resumed)
    assert again.cost["best_step"] == record.cost["best_step"]


def test_8_bits_stay_near_32(bert: Path, tmp_path: Path) -> None:
    runs = {}
    for optimizer in ("adamw", "adamw_8bit"):
        recipe = Recipe(batch_size=3, accumulation=2, rates=Rates(body=1e-3, head=1e-3), optimizer=optimizer)  # type: ignore[arg-type]
        runs[optimizer] = trained(bert, tmp_path / optimizer, recipe=recipe)[0].state_dict()
    start = job(bert, tmp_path / "start", recipe=Recipe()).model.state_dict()
    name = "bert.embeddings.word_embeddings.weight"
    moved = (runs["adamw"][name] - start[name]).norm()
    apart = (runs["adamw"][name] - runs["adamw_8bit"][name]).norm()
    assert 0 < apart < 0.2 * moved
