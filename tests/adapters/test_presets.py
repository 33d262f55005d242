"""Every method through one life: declared weights move, nothing else; checkpoints and saved models are exact."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from adapters import METHODS, Method, get_method, head_modules
from adapters.parts import unwrapped

from .models import FAMILIES, INNER, LABELS, LAYERS, WIDTH, batch, logits, state, step, tiny

SMALL: dict[str, dict[str, Any]] = {"vera": {"rank": 4}, "oft": {"block_size": 4}, "qlora": {"base": None}}
NAMES = [name for name in METHODS.names() if name != "full"]
PREFIXED = {"bert", "xlm-roberta", "roberta", "camembert", "electra"}


def small(name: str) -> Method:
    return get_method(name, SMALL.get(name))


def one_life(name: str, family: str, folder: Path) -> None:
    base = logits(tiny(family))
    method = small(name)
    torch.manual_seed(0)
    model: Any = method.prepare(tiny(family))
    assert model.training
    declared = {key for key, parameter in model.named_parameters() if parameter.requires_grad}
    before = state(model)
    step(method, model, rate=0.1)
    trained = logits(model)
    assert not torch.allclose(trained, base, atol=1e-3)
    moved = {key for key, value in state(model).items() if not torch.equal(value, before[key])}
    assert moved <= declared
    # A bottleneck of one unit that ReLU has shut gets no gradient.
    assert moved == declared or name == "pfeiffer"
    groups = method.parameter_groups(model)
    assert sum(len(group) for group in groups.values()) == len(declared)
    assert len(groups["head"]) == sum(
        1 for part in head_modules(tiny(family)) for _ in tiny(family).get_submodule(part).parameters()
    )

    if name != "pissa":  # whose base model is the residual while it trains
        with model.disable_adapter():
            assert torch.equal(logits(model), base)
    assert torch.equal(logits(model), trained)

    # What transformers' Trainer does at a checkpoint, and to go on from it.
    model.save_pretrained(str(folder / "checkpoint"), save_embedding_layers=False)
    again: Any = method.prepare(tiny(family, head_seed=7))
    again.load_adapter(str(folder / "checkpoint"), "default", is_trainable=True)
    assert {key for key, parameter in again.named_parameters() if parameter.requires_grad} == declared
    assert torch.equal(logits(again), trained)

    method.save(model, folder / "saved")
    assert {path.name for path in (folder / "saved").iterdir()} == {"adapter_config.json", "adapter_model.safetensors"}
    loaded: Any = method.load(tiny(family, head_seed=9), folder / "saved")
    torch.testing.assert_close(logits(loaded), trained, rtol=0, atol=3e-6 if name == "pissa" else 1e-6)
    assert not loaded.training
    with loaded.disable_adapter():
        assert torch.equal(logits(loaded), logits(tiny(family, head_seed=9)))


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("name", NAMES)
def test_one_life(name: str, family: str, tmp_path: Path) -> None:
    one_life(name, family, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in ("bert", "xlm-roberta")])
@pytest.mark.parametrize("name", NAMES)
def test_one_life_in_other_families(name: str, family: str, tmp_path: Path) -> None:
    if name == "prefix_tuning" and family not in PREFIXED:
        pytest.skip("takes no past keys and values; refused, see test_prompts.py")
    one_life(name, family, tmp_path)


def _linear(units: int, count: int = LAYERS) -> int:
    """A bottleneck of so many units in each of so many places."""
    return count * (2 * WIDTH * units + WIDTH + units)


_NORMS = 1 + 2 * LAYERS  # the embeddings' and two a layer
_SIDES = 4 * 2 * WIDTH + 2 * (WIDTH + INNER)  # of the six Linear weights of a layer, inputs and outputs together
TRAINED = {
    "lora": ({"rank": 3}, LAYERS * 2 * 3 * 2 * WIDTH),
    "rslora": ({"rank": 3}, LAYERS * 2 * 3 * 2 * WIDTH),
    "pissa": ({"rank": 3}, LAYERS * 2 * 3 * 2 * WIDTH),
    "dora": ({"rank": 3}, LAYERS * 2 * (3 * 2 * WIDTH + WIDTH)),
    "qlora": ({"rank": 3, "base": None}, LAYERS * 3 * _SIDES),
    "adalora": ({"rank": 2, "initial_rank": 3}, LAYERS * 3 * (_SIDES + 6)),
    "vera": ({"rank": 5}, LAYERS * 2 * (5 + WIDTH)),
    "ia3": ({}, LAYERS * (2 * WIDTH + INNER)),
    "oft": ({"block_size": 4}, LAYERS * 2 * (WIDTH // 4) * (4 * 3 // 2)),
    "ln_tuning": ({}, _NORMS * 2 * WIDTH),
    "bitfit": ({}, LAYERS * (5 * WIDTH + INNER) + _NORMS * WIDTH),
    "prefix_tuning": ({"tokens": 5}, 5 * LAYERS * 2 * WIDTH),
    "p_tuning": ({"tokens": 5, "width": 6}, 5 * WIDTH + (WIDTH * 6 + 6) + (6 * 6 + 6) + (6 * WIDTH + WIDTH)),
    "prompt_tuning": ({"tokens": 5}, 5 * WIDTH),
    "houlsby": ({"bottleneck": 5}, _linear(5, 2 * LAYERS) + _NORMS * 2 * WIDTH),
    "pfeiffer": ({"bottleneck": 5}, _linear(5)),
    "parallel": ({"bottleneck": 5}, _linear(5)),
    "head": ({}, 0),
    "peft": ({"config": {"peft_type": "LORA", "r": 3}}, LAYERS * 2 * 3 * 2 * WIDTH),
}


@pytest.mark.parametrize("name", NAMES)
def test_parameter_counts_are_those_of_the_formulas(name: str) -> None:
    options, expected = TRAINED[name]
    for family in ("bert", "xlm-roberta"):
        method = get_method(name, options)
        groups = method.parameter_groups(method.prepare(tiny(family)))
        pooler = WIDTH if name == "bitfit" and family == "bert" else 0
        assert sum(parameter.numel() for parameter in groups["body"]) == expected + pooler
    assert sum(p.numel() for p in method.parameter_groups(method.prepare(tiny()))["head"]) == LABELS * (WIDTH + 1)


def test_the_default_width_of_pfeiffers_bottleneck_is_a_sixteenth() -> None:
    method = get_method("pfeiffer")
    assert sum(p.numel() for p in method.parameter_groups(method.prepare(tiny()))["body"]) == _linear(WIDTH // 16)


@pytest.mark.parametrize(
    ("name", "shift"), [("lora", 0.0), ("rslora", 0.0), ("dora", 0.0), ("ia3", 0.0), ("vera", 0.0), ("oft", 1e-5)]
)
def test_these_begin_at_the_base_model(name: str, shift: float) -> None:
    torch.testing.assert_close(logits(small(name).prepare(tiny())), logits(tiny()), rtol=0, atol=shift)


def test_rank_stabilization_scales_by_the_root_of_the_rank() -> None:
    one = get_method("lora", {"rank": 4, "alpha": 8}).prepare(tiny()).get_base_model()
    two = get_method("rslora", {"rank": 4, "alpha": 8}).prepare(tiny()).get_base_model()
    scaling = [model.bert.encoder.layer[0].attention.self.query.scaling["default"] for model in (one, two)]
    assert scaling == [8 / 4, 8 / 4**0.5]


def test_pissa_starts_at_the_principal_components() -> None:
    base = tiny()
    weight = base.bert.encoder.layer[0].attention.self.query.weight.detach().clone()
    model: Any = get_method("pissa", {"rank": 3}).prepare(base)
    layer = model.get_base_model().bert.encoder.layer[0].attention.self.query
    product = layer.scaling["default"] * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    left, values, right = torch.linalg.svd(weight)
    torch.testing.assert_close(product, left[:, :3] @ values[:3].diag() @ right[:3], rtol=0, atol=1e-5)
    torch.testing.assert_close(layer.base_layer.weight + product, weight, rtol=0, atol=1e-5)


def test_bitfit_trains_the_very_biases() -> None:
    """Two steps of SGD on the added vectors against two on the model's own biases."""
    method = get_method("bitfit")
    model = method.prepare(tiny())
    plain = tiny()
    for name, parameter in plain.named_parameters():
        parameter.requires_grad_(name.endswith("bias") or name.startswith("classifier"))
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    for network in (model, plain):
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        optimizer = torch.optim.SGD(parameters, lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            cross_entropy(network.eval()(**batch()).logits, labels).backward()
            optimizer.step()
    torch.testing.assert_close(logits(model), logits(plain), rtol=0, atol=1e-5)


def test_of_the_head_method_the_encoder_stays() -> None:
    method = get_method("head")
    model: Any = method.prepare(tiny("xlm-roberta"))
    before = state(model.get_base_model().roberta)
    step(method, model)
    after = state(unwrapped(model).roberta)
    assert all(torch.equal(after[key], before[key]) for key in before)
