"""Writing the model folder: fp16 weights, configuration, tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import BertForPreTraining, PreTrainedTokenizerFast

from .model import architecture

# The decoder is the word-embedding matrix, and its bias the head's own: ``from_pretrained`` ties
# them again, so storing them would only double the file.
_TIED = ("cls.predictions.decoder.weight", "cls.predictions.decoder.bias")


def halved(model: BertForPreTraining) -> dict[str, torch.Tensor]:
    """The state dict in half precision, without the tied tensors and constant buffers."""
    return {
        name: tensor.detach().half().contiguous()
        for name, tensor in model.state_dict().items()
        if name not in _TIED and tensor.is_floating_point()
    }


def write_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Saves the tokenizer under a class name that transformers 4 and 5 both know."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    settings.pop("backend", None)
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def write_model(model: BertForPreTraining, folder: Path) -> None:
    """Writes ``config.json`` and ``model.safetensors``.

    The configuration names float32: the weights are stored in half precision for their size only,
    and recent versions of transformers load in the type that the configuration names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = architecture(model.config.vocab_size)
    config.architectures = ["BertForPreTraining"]
    config.dtype = "float32"
    config.save_pretrained(folder)
    path = folder / "model.safetensors"
    save_file(halved(model), str(path), metadata={"format": "pt"})
    path.chmod(0o644)  # the library makes it readable for its owner only
