"""PEFT's methods by configuration: what identifies them, what is refused, and where they attach."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from adapters import METHODS, get_method
from adapters.parts import unwrapped
from adapters.peft_support import PEFT_TYPES
from polyskew.errors import UserError

from .models import LAYERS, tiny


def identity(options: dict[str, Any]) -> dict[str, Any]:
    return get_method("peft", options).identity()


def targets(config: dict[str, Any], family: str = "bert") -> set[str]:
    model: Any = get_method("peft", {"config": config}).prepare(tiny(family))
    return {name for name, module in unwrapped(model).named_modules() if hasattr(module, "base_layer")}


def test_a_saved_adapters_file_is_the_same_method_wherever_it_lies(tmp_path: Path) -> None:
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 12, "target_modules": ["value", "query"]}
    inline = identity({"config": config})
    assert inline["options"] == {
        "lora_alpha": 12,
        "peft_type": "LORA",
        "r": 4,
        "target_modules": ["query", "value"],
    }
    method = get_method("peft", {"config": config})
    for place, seed in (("one", 0), ("two", 3)):
        model = method.prepare(tiny(head_seed=seed))
        model.peft_config["default"].target_modules = {"query", "value"}
        method.save(model, tmp_path / place)
        assert identity({"config_file": str(tmp_path / place / "adapter_config.json")}) == inline


def test_its_options_are_the_configurations_own_keys(tmp_path: Path) -> None:
    flat = {"peft_type": "LORA", "r": 4, "base": "nf4"}
    assert (
        identity(flat)["options"]
        == identity({"config": {"r": 4, "peft_type": "lora"}, "base": "nf4"})["options"]
        == flat
    )
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 4, "revision": None}))
    options = {"config_file": str(tmp_path / "adapter_config.json"), "base": "nf4"}
    assert METHODS.get("peft").written(options) == flat
    assert METHODS.get("peft").written(options | {"config_file": "adapter_config.json"}, tmp_path) == flat
    assert METHODS.get("lora").written({"rank": 8}) == {"rank": 8}


def test_what_describes_and_what_is_the_default_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "any.json"
    told = {"peft_type": "loha", "r": 8, "base_model_name_or_path": "/somewhere", "revision": None, "alpha": 8}
    file.write_text(json.dumps(told | {"task_type": "SEQ_CLS", "peft_version": "0.21.2", "inference_mode": True}))
    assert identity({"config_file": str(file)})["options"] == {"peft_type": "LOHA"}
    assert (
        identity({"config": {"peft_type": "LORA"}})
        == identity({})
        == {"name": "peft", "options": {"peft_type": "LORA"}}
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": {"peft_type": "LORRA"}}, "no peft_type 'LORRA'; did you mean 'LORA'"),
        ({"config": {"r": 4}}, "there is no peft_type"),
        ({"config": {"peft_type": "LORA", "rank": 4}}, "LoraConfig has no key 'rank'; "),
        ({"config": {"peft_type": "LORA"}, "config_file": "x.json"}, "give one of them"),
        ({"config_file": "nowhere.json"}, "nowhere.json cannot be read: No such file"),
        ({"config": {"peft_type": "PREFIX_TUNING", "prefix_projection": True}}, "prefix_projection"),
        ({"config_file": 3}, "config_file is the name of a JSON file, such as adapter_config.json, not 3"),
        ({"config": {"peft_type": "PROMPT_TUNING"}}, "PromptTuningConfig needs num_virtual_tokens"),
        ({"config": {"peft_type": "LORA", "lora_dropout": float("nan")}}, "the configuration must be JSON"),
        ({"config": {"peft_type": "LORA"}, "body": 0}, "body"),
        ({"config": {"peft_type": "LORA"}, "body": float("inf")}, "finite"),
        ({"config": {"peft_type": "LOHA"}, "base": "nf4"}, "does not work on a quantized base; these do: "),
        ({"config": {"peft_type": "LORA", "use_dora": True}, "base": "int8"}, "use nf4"),
    ],
)
def test_what_is_wrong_is_one_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        get_method("peft", options)


def test_values_that_peft_refuses_are_one_sentence() -> None:
    for config in ({"peft_type": "VBLORA", "vector_length": 7}, {"peft_type": "LORA", "r": 0}):
        method = get_method("peft", {"config": config})
        with pytest.raises(UserError, match="the method 'peft'"):
            method.prepare(tiny())
        with torch.device("meta"), pytest.raises(UserError, match="the method 'peft'"):
            method.check(tiny(), 9)


@pytest.mark.parametrize("name", [name for name, support in PEFT_TYPES.items() if not support.reason])
def test_what_works_is_not_refused_by_the_models_shape(name: str) -> None:
    with torch.device("meta"):
        get_method("peft", {"config": {"peft_type": name, **PEFT_TYPES[name].config}}).check(tiny(), 9)


def test_rates_are_given_or_loras() -> None:
    assert (get_method("peft").rates.body, get_method("peft").rates.head) == (5e-4, 5e-4)
    rates = get_method("peft", {"body": 1e-3, "head": 2e-3}).rates
    assert (rates.body, rates.head, rates.source) == (1e-3, 2e-3, "given with the method")


def test_targets_are_found_in_the_body_alone() -> None:
    # XLM-R's head has a module "dense" as well.
    found = targets({"peft_type": "LORA", "target_modules": ["dense"]}, "xlm-roberta")
    assert len(found) == 3 * LAYERS
    assert not [name for name in found if name.startswith("classifier")]
    assert len(targets({"peft_type": "LORA", "target_modules": "all-linear"}, "xlm-roberta")) == 6 * LAYERS
    assert len(targets({"peft_type": "LOHA"}, "distilbert")) == 2 * LAYERS
    pattern = targets({"peft_type": "LORA", "target_modules": r".*\.layer\.1\..*(query|key)"})
    assert pattern == {f"bert.encoder.layer.1.attention.self.{name}" for name in ("query", "key")}
    assert len(targets({"peft_type": "IA3"})) == 3 * LAYERS
    assert len(targets({"peft_type": "LN_TUNING"}, "deberta-v2")) >= 1 + 2 * LAYERS
    with pytest.raises(UserError, match="'qeury'"):
        targets({"peft_type": "LORA", "target_modules": ["qeury"]})
