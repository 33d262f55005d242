"""The bottleneck adapters as a PEFT tuner: PEFT's life cycle, and the layer against its equation."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel, TaskType, get_peft_model

from adapters import get_method
from adapters.bottleneck_tuner import BottleneckConfig
from polyskew.errors import UserError

from .models import LAYERS, WIDTH, logits, state, tiny


def config(bottleneck: int = 4) -> BottleneckConfig:
    return BottleneckConfig(task_type=TaskType.SEQ_CLS, bottleneck=bottleneck)


def scramble(model: torch.nn.Module, adapter: str, seed: int) -> None:
    """Give one adapter weights far from its start."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if f".{adapter}." in name:
            parameter.data.add_(torch.randn(parameter.shape, generator=generator) * 0.3)


def linear(module: torch.nn.Linear, x: torch.Tensor) -> torch.Tensor:
    return x @ module.weight.T + module.bias


def normed(norm: torch.nn.LayerNorm, x: torch.Tensor) -> torch.Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.pow(2).mean(-1, keepdim=True) + norm.eps).sqrt() * norm.weight + norm.bias


def test_the_forward_pass_is_the_papers() -> None:
    """The whole of BERT's encoder written out again with the bottlenecks in it."""
    model = get_peft_model(tiny(), config())
    scramble(model, "default", 1)
    bert = model.get_base_model().bert
    hidden = torch.randn(2, 7, WIDTH, generator=torch.Generator().manual_seed(2))

    for layer in bert.encoder.layer:
        for block in (layer.attention.output, layer.output):
            x = torch.randn(2, 7, block.dense.base_layer.in_features)
            y = linear(block.dense.base_layer, x)
            inner = linear(block.dense.bottleneck_down["default"], y)
            inner = 0.5 * inner * (1 + torch.erf(inner / 2**0.5))
            adapted = y + linear(block.dense.bottleneck_up["default"], inner)
            expected = normed(block.LayerNorm.bottleneck_norm["default"], adapted + hidden)
            torch.testing.assert_close(block(x, hidden), expected, rtol=1e-5, atol=1e-5)


def relu(adapter: Any, x: torch.Tensor) -> torch.Tensor:
    """A bottleneck with ReLU, written out."""
    inner = linear(adapter.bottleneck_down["default"], x).clamp(min=0)
    return linear(adapter.bottleneck_up["default"], inner)


@pytest.mark.parametrize("family", ["bert", "distilbert"])
@pytest.mark.parametrize("name", ["pfeiffer", "parallel"])
def test_where_the_later_bottlenecks_stand(name: str, family: str) -> None:
    """A layer's feed-forward block, s = F(x) + x, written out again."""
    model: Any = get_method(name, {"bottleneck": 4}).prepare(tiny(family)).eval()
    scramble(model, "default", 1)
    x = torch.randn(2, 7, WIDTH, generator=torch.Generator().manual_seed(2))
    if family == "bert":
        layer = model.get_base_model().bert.encoder.layer[0]
        block = layer.output
        found = layer.feed_forward_chunk(x)
        plain = getattr(block, "base_layer", block)
        inner, outer, norm = layer.intermediate.dense, plain.dense, plain.LayerNorm
    else:
        layer = model.get_base_model().distilbert.transformer.layer[0]
        block, norm = layer.ffn, layer.output_layer_norm
        found = layer.output_layer_norm(layer.ffn(x) + x)
        plain = getattr(block, "base_layer", block)
        inner, outer = plain.lin1, plain.lin2
    gelu = linear(inner, x)
    gelu = 0.5 * gelu * (1 + torch.erf(gelu / 2**0.5))
    total = linear(outer, gelu) + x
    if name == "pfeiffer":
        expected = normed(norm.base_layer, total + relu(norm, normed(norm.base_layer, total)))
    else:
        expected = normed(norm, total + 4 * relu(block, x))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(found, normed(getattr(norm, "base_layer", norm), total), atol=1e-3)


def test_parallel_begins_at_the_base_model_with_loras_start() -> None:
    torch.manual_seed(0)
    model: Any = get_method("parallel", {"bottleneck": 400}).prepare(tiny())
    assert torch.equal(logits(model), logits(tiny()))
    down = model.get_base_model().bert.encoder.layer[0].output.bottleneck_down["default"].weight
    bound = WIDTH**-0.5  # of torch's Linear: uniform within 1 / sqrt(inputs)
    assert 0.99 * bound < down.abs().max() <= bound
    assert down.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_the_start_is_near_identity_and_truncated() -> None:
    torch.manual_seed(0)
    model = get_peft_model(tiny(), config(64))
    weights = [p for name, p in model.named_parameters() if "bottleneck_down" in name or "bottleneck_up" in name]
    matrices = torch.cat([p.detach().flatten() for p in weights if p.ndim == 2])
    assert len(weights) == 2 * LAYERS * 4
    assert matrices.abs().max() <= 0.02
    # A normal truncated at two deviations has 0.8796 of the deviation.
    assert matrices.std().item() == pytest.approx(0.008796, rel=0.03)
    assert all((p == 0).all() for p in weights if p.ndim == 1)


def test_several_adapters_stay_apart(tmp_path: Path) -> None:
    base = logits(tiny())
    model = get_peft_model(tiny(), config(4), adapter_name="one")
    scramble(model, "one", 1)
    one = logits(model)
    model.add_adapter("two", config(6))
    assert torch.equal(logits(model), one)
    assert not any(p.requires_grad for name, p in model.named_parameters() if ".two." in name)
    scramble(model, "two", 2)
    assert torch.equal(logits(model), one)
    model.set_adapter("two")
    two = logits(model)
    assert not torch.allclose(one, two, atol=1e-2)
    trains = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trains
    assert all(".two." in name for name in trains)
    with model.disable_adapter():
        assert torch.equal(logits(model), base)
    model.set_adapter("one")
    assert torch.equal(logits(model), one)

    model.save_pretrained(tmp_path, save_embedding_layers=False)
    loaded = PeftModel.from_pretrained(tiny(head_seed=5), tmp_path / "two", adapter_name="b")
    torch.testing.assert_close(logits(loaded), two, rtol=0, atol=1e-6)
    loaded.load_adapter(tmp_path / "one", adapter_name="a")
    torch.testing.assert_close(logits(loaded), two, rtol=0, atol=1e-6)
    loaded.set_adapter("a")
    torch.testing.assert_close(logits(loaded), one, rtol=0, atol=1e-6)

    loaded.delete_adapter("a")
    assert not [key for key in state(loaded) if ".a." in key]
    loaded.set_adapter("b")
    torch.testing.assert_close(logits(loaded), two, rtol=0, atol=1e-6)


def test_only_one_adapter_is_active_at_a_time() -> None:
    model = get_peft_model(tiny(), config(), adapter_name="one")
    model.add_adapter("two", config())
    with pytest.raises(UserError, match="one bottleneck adapter"):
        model.base_model.set_adapter(["one", "two"])


def test_training_goes_on_after_loading(tmp_path: Path) -> None:
    model = get_peft_model(tiny(), config())
    trains = {name for name, p in model.named_parameters() if p.requires_grad}
    model.save_pretrained(tmp_path, save_embedding_layers=False)
    loaded = PeftModel.from_pretrained(tiny(), tmp_path, is_trainable=True)
    assert {name for name, p in loaded.named_parameters() if p.requires_grad} == trains
    frozen = PeftModel.from_pretrained(tiny(), tmp_path)
    assert not any(p.requires_grad for p in frozen.parameters())


def test_merging_is_refused() -> None:
    model = get_peft_model(tiny(), config())
    for attempt in (model.merge_and_unload, model.merge_adapter, model.base_model.merge_and_unload):
        with pytest.raises(UserError, match="cannot be merged"):
            attempt()


def test_unload_gives_the_body_back() -> None:
    base = tiny()
    expected = state(base.bert)
    model = get_peft_model(base, config())
    scramble(model, "default", 1)
    unloaded = model.unload()
    assert state(unloaded.bert).keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in state(unloaded.bert).items())


def test_half_precision_bases_work() -> None:
    model = get_peft_model(tiny().to(torch.bfloat16), config())
    assert {p.dtype for name, p in model.named_parameters() if "bottleneck_" in name} == {torch.float32}
    assert torch.isfinite(logits(model)).all()
