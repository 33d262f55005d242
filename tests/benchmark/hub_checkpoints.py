"""Small random checkpoints in the form in which mBERT and XLM-R lie on the hub."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForPreTraining, XLMRobertaConfig, XLMRobertaForMaskedLM

from tests.benchmark import world


def write_mbert(folder: Path) -> Path:
    """A cased BERT saved with its pretraining heads, under the weight names of 2018 (``LayerNorm.gamma``)."""
    world.make_bert(folder, layers=2)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "model_max_length": 64}')
    torch.manual_seed(11)
    BertForPreTraining(BertConfig.from_pretrained(folder)).save_pretrained(folder)
    _as_on_the_hub(folder, {"architectures": ["BertForMaskedLM"], "model_type": "bert", "type_vocab_size": 2})
    weights = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in load_file(folder / "model.safetensors").items()
    }
    assert any(name.endswith("gamma") for name in weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def write_xlmr(folder: Path) -> Path:
    """An XLM-R saved with its masked-language head; positions begin after the padding token's."""
    world.make_xlmr(folder)
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 64}')
    torch.manual_seed(12)
    XLMRobertaForMaskedLM(XLMRobertaConfig.from_pretrained(folder)).save_pretrained(folder)
    _as_on_the_hub(folder, {"architectures": ["XLMRobertaForMaskedLM"], "model_type": "xlm-roberta"})
    return folder


def _as_on_the_hub(folder: Path, fields: dict[str, object]) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text()) | fields
    for name in ("dtype", "transformers_version", "_name_or_path"):
        config.pop(name, None)
    path.write_text(json.dumps(config, indent=2))
