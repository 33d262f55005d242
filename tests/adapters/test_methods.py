"""What every method promises: only the declared weights move, what is saved comes back, disabling is exact."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from adapters import METHODS, Method, get_method, head_modules
from polyskew.errors import UserError

from .models import FAMILIES, INNER, LABELS, LAYERS, WIDTH, logits, state, step, tiny

METHOD_NAMES = ["full", "lora", "houlsby"]
PEFT_NAMES = ["lora", "houlsby"]


def parameters(modules: list[torch.nn.Module]) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def head_of(model: torch.nn.Module) -> int:
    return parameters([model.get_submodule(name) for name in head_modules(model)])


def trained(method: Method, model: torch.nn.Module) -> dict[str, int]:
    return {
        part: sum(parameter.numel() for parameter in group) for part, group in method.parameter_groups(model).items()
    }


@pytest.mark.parametrize(
    ("family", "heads"),
    [
        ("bert", ["classifier"]),
        ("xlm-roberta", ["classifier"]),
        ("deberta-v2", ["pooler", "classifier"]),
        ("distilbert", ["pre_classifier", "classifier"]),
    ],
)
def test_the_head_is_what_stands_on_top_of_the_body(family: str, heads: list[str]) -> None:
    model = tiny(family)
    assert head_modules(model) == heads
    assert head_modules(get_method("lora").prepare(model)) == heads


def test_a_bare_body_has_no_head() -> None:
    with pytest.raises(UserError, match="no head"):
        head_modules(tiny("bert").base_model)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", METHOD_NAMES)
def test_only_the_declared_parameters_and_the_head_move(family: str, name: str) -> None:
    method = get_method(name, {"bottleneck": 4} if name == "houlsby" else {"rank": 2} if name == "lora" else None)
    torch.manual_seed(0)
    model = method.prepare(tiny(family))
    assert model.training
    declared = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    before = state(model)
    step(method, model)
    moved = {key for key, value in state(model).items() if not torch.equal(value, before[key])}
    assert moved <= declared
    groups = method.parameter_groups(model)
    assert len(groups["body"]) + len(groups["head"]) == len(declared)
    heads = head_modules(model)
    if name == "full":
        assert declared == {key for key, _ in model.named_parameters()}
        # RoBERTa's position 0 and 1, unused words and DeBERTa's key biases get no gradient, whole tensors hardly ever.
        assert len(moved) > 0.8 * len(declared)
        return
    inside = ("lora_", "bottleneck_", "modules_to_save")
    assert all(any(part in key for part in inside) for key in declared)
    assert moved == declared
    assert {key.split("base_model.model.")[1].split(".")[0] for key in declared if "modules_to_save" in key} == set(
        heads
    )


@pytest.mark.parametrize("name", METHOD_NAMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_comes_back_on_a_base_with_another_head(family: str, name: str, tmp_path: Path) -> None:
    method = get_method(name)
    model = method.prepare(tiny(family, head_seed=0))
    step(method, model, rate=0.1)
    expected = logits(model)
    folder = tmp_path / "adapter"
    method.save(model, folder)
    assert not [path for path in folder.rglob("*") if path.suffix in {".bin", ".pt", ".pkl"}]
    base = tiny(family, head_seed=9)
    assert not torch.allclose(logits(base), expected, atol=1e-3)
    loaded = method.load(base, folder)
    assert not loaded.training
    torch.testing.assert_close(logits(loaded), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_old_checkpoints_come_back_and_no_local_path_is_saved(name: str, tmp_path: Path) -> None:
    # The checkpoints of multilingual BERT call LayerNorm's weights gamma and beta.
    tiny().save_pretrained(tmp_path / "old")
    tensors = load_file(tmp_path / "old" / "model.safetensors")
    renamed = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for key, value in tensors.items()
    }
    save_file(renamed, tmp_path / "old" / "model.safetensors", metadata={"format": "pt"})

    def fresh() -> PreTrainedModel:
        return AutoModelForSequenceClassification.from_pretrained(tmp_path / "old")

    assert torch.equal(logits(fresh()), logits(tiny()))
    method = get_method(name)
    model = method.prepare(fresh())
    step(method, model, rate=0.1)
    method.save(model, tmp_path / "new")
    torch.testing.assert_close(logits(method.load(fresh(), tmp_path / "new")), logits(model), rtol=0, atol=1e-6)
    assert not [path for path in (tmp_path / "new").iterdir() if str(tmp_path).encode() in path.read_bytes()]


@pytest.mark.parametrize("name", PEFT_NAMES)
def test_training_resumes_from_a_trainers_checkpoint(name: str, tmp_path: Path) -> None:
    """What transformers' Trainer does with a PEFT model: save it, and load it into a freshly prepared one."""
    method = get_method(name)
    model = method.prepare(tiny())
    step(method, model, rate=0.1)
    model.save_pretrained(tmp_path)
    again = method.prepare(tiny(head_seed=7))
    declared = {key for key, parameter in again.named_parameters() if parameter.requires_grad}
    again.load_adapter(str(tmp_path), again.active_adapter, is_trainable=True)
    assert {key for key, parameter in again.named_parameters() if parameter.requires_grad} == declared
    torch.testing.assert_close(logits(again), logits(model), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", PEFT_NAMES)
def test_many_layers_have_all_their_targets(name: str, tmp_path: Path) -> None:
    # From 20 target modules on, PEFT shortens their names.
    method = get_method(name, {"target_modules": ["dense"]})
    model = method.prepare(tiny("xlm-roberta", layers=8))
    targets = [key for key in state(model) if key.endswith(("bottleneck_up.default.weight", "lora_A.default.weight"))]
    assert len(targets) == 3 * 8
    step(method, model, rate=0.02)
    method.save(model, tmp_path)
    loaded = method.load(tiny("xlm-roberta", layers=8, head_seed=5), tmp_path)
    torch.testing.assert_close(logits(loaded), logits(model), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", PEFT_NAMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_disabled_is_exactly_the_base_model(family: str, name: str) -> None:
    expected = logits(tiny(family))
    method = get_method(name)
    model = method.prepare(tiny(family))
    step(method, model)
    assert not torch.allclose(logits(model), expected, atol=1e-3)
    with model.disable_adapter():
        assert torch.equal(logits(model), expected)
    assert not torch.allclose(logits(model), expected, atol=1e-3)


@pytest.mark.parametrize("name", PEFT_NAMES)
def test_training_begins_at_the_base_model(name: str) -> None:
    base = logits(tiny())
    difference = (logits(get_method(name).prepare(tiny())) - base).abs().max()
    assert difference < 1e-2 * base.abs().max()


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
def test_parameter_counts_are_those_of_the_formulas(family: str) -> None:
    full = get_method("full")
    model = full.prepare(tiny(family))
    assert sum(trained(full, model).values()) == parameters([model])
    assert trained(full, model)["head"] == head_of(tiny(family))
    assert head_of(tiny("bert")) == LABELS * (WIDTH + 1)

    rank = 3
    lora = get_method("lora", {"rank": rank})
    counts = trained(lora, lora.prepare(tiny(family)))
    assert counts == {"body": LAYERS * 2 * rank * (WIDTH + WIDTH), "head": head_of(tiny(family))}

    width = 5
    houlsby = get_method("houlsby", {"bottleneck": width})
    counts = trained(houlsby, houlsby.prepare(tiny(family)))
    norms = (1 + 2 * LAYERS) * 2 * WIDTH
    assert counts == {
        "body": 2 * LAYERS * (2 * WIDTH * width + WIDTH + width) + norms,
        "head": head_of(tiny(family)),
    }


def test_lora_counts_unequal_sides() -> None:
    lora = get_method("lora", {"rank": 3, "target_modules": ["intermediate.dense"]})
    assert trained(lora, lora.prepare(tiny()))["body"] == LAYERS * 3 * (WIDTH + INNER)


def test_a_bodys_pooler_is_body() -> None:
    for name in PEFT_NAMES:
        model = get_method(name).prepare(tiny("bert"))
        assert not any(parameter.requires_grad for parameter in model.get_base_model().bert.pooler.parameters())
    method = get_method("full")
    model = method.prepare(tiny("bert"))
    pooler = {id(parameter) for parameter in model.bert.pooler.parameters()}
    assert pooler <= {id(parameter) for parameter in method.parameter_groups(model)["body"]}


@pytest.mark.parametrize("name", PEFT_NAMES)
def test_a_short_target_name_never_reaches_into_the_head(name: str) -> None:
    # XLM-R's head has a module "dense" as well.
    model = get_method(name, {"target_modules": ["dense"]}).prepare(tiny("xlm-roberta"))
    head = model.get_base_model().classifier
    assert not [key for key, _ in head.named_parameters() if "lora_" in key or "bottleneck_" in key]


@pytest.mark.parametrize("name", PEFT_NAMES)
def test_a_wrong_target_is_one_sentence(name: str) -> None:
    with pytest.raises(UserError, match="no Linear module in its body whose name ends in 'q_proj'"):
        get_method(name, {"target_modules": ["q_proj"]}).prepare(tiny())


@pytest.mark.parametrize("name", PEFT_NAMES)
def test_an_unknown_architecture_is_one_sentence(name: str) -> None:
    from transformers import GPT2Config, GPT2ForSequenceClassification

    config = GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2, n_positions=16, num_labels=2)
    with pytest.raises(UserError, match="target_modules"):
        get_method(name).prepare(GPT2ForSequenceClassification(config))


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_weights_of_another_shape_are_refused(name: str, tmp_path: Path) -> None:
    method = get_method(name)
    method.save(method.prepare(tiny("bert")), tmp_path / "saved")
    with pytest.raises(UserError):
        method.load(tiny("distilbert"), tmp_path / "saved")
    with pytest.raises(UserError):
        method.load(tiny("bert"), tmp_path / "nowhere")


@pytest.mark.parametrize(("name", "part"), [(name, part) for name in PEFT_NAMES for part in ("classifier", "layer.1")])
def test_a_file_that_lacks_a_tensor_is_refused(name: str, part: str, tmp_path: Path) -> None:
    method = get_method(name)
    method.save(method.prepare(tiny("bert")), tmp_path)
    tensors = load_file(tmp_path / "adapter_model.safetensors")
    lost = next(key for key in tensors if part in key)
    del tensors[lost]
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    with pytest.raises(UserError, match="does not fit"):
        method.load(tiny("bert"), tmp_path)


def test_rates_have_a_source() -> None:
    for name in METHODS.names():
        rates = get_method(name).rates
        assert 0 < rates.head < 1e-2
        # The vectors of prompt tuning are moved far.
        assert 0 < rates.body <= (3e-2 if name == "prompt_tuning" else rates.head)
        assert rates.source
    assert (get_method("full").rates.body, get_method("full").rates.head) == (5e-5, 5e-4)
    assert get_method("houlsby").rates.body in {3e-5, 3e-4, 3e-3}


def test_identity_holds_only_what_differs_from_the_default() -> None:
    assert [get_method(name).identity() for name in METHOD_NAMES] == [{"name": name} for name in METHOD_NAMES]
    assert get_method("lora", {"rank": 8}).identity() == {"name": "lora"}
    identity = get_method("lora", {"rank": 16, "target_modules": ["query"]}).identity()
    assert identity == {"name": "lora", "options": {"rank": 16, "target_modules": ["query"]}}
    assert json.loads(json.dumps(identity)) == identity
    assert get_method("houlsby").options == {"base": None, "bottleneck": 64, "target_modules": None}
    assert hash(get_method("lora")) == hash(get_method("lora", {"alpha": 8}))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lora", {"rnak": 4}, "unknown key 'rnak'; did you mean 'rank'"),
        ("lora", {"rank": 0}, "rank"),
        ("houlsby", {"bottleneck": "wide"}, "bottleneck"),
        ("full", {"rank": 8}, "unknown key 'rank'"),
        ("lroa", {}, "no method called 'lroa'; did you mean 'lora'"),
        ("adalora", {"rank": 12}, "initial_rank 12 must be above rank 12"),
        ("adalora", {"final": 0.9}, "leave no step"),
        ("pissa", {"base": "nf4"}, "must not be quantized"),
        ("dora", {"base": "int8"}, "use nf4"),
        ("lora", {"base": "fp4"}, "base"),
    ],
)
def test_wrong_options_are_user_errors(name: str, options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        get_method(name, options)


def test_a_quantized_base_is_refused() -> None:
    model = tiny()
    model.config.quantization_config = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    with pytest.raises(UserError, match="quantized"):
        get_method("full").prepare(model)
    with pytest.raises(UserError, match="unknown key 'base'"):
        get_method("full", {"base": "nf4"})


def test_same_seed_same_start() -> None:
    def start() -> dict[str, torch.Tensor]:
        torch.manual_seed(5)
        return state(get_method("houlsby").prepare(tiny()))

    first, second = start(), start()
    assert all(torch.equal(first[key], second[key]) for key in first)
