"""From a model's name to a tokenizer and a network in memory."""

from functools import lru_cache
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from adapters import head_modules
from adapters.quantization import Quantization, require_bitsandbytes
from benchmark.models import ModelChoice
from polyskew.errors import UserError


@lru_cache(maxsize=4)
def load_tokenizer(choice: ModelChoice) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model; kept in memory, as a worker needs it for every stage.

    Raises:
        UserError: it cannot be loaded, or has no mask token, without which no attribution can be computed.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(choice.source, revision=choice.commit)
    except (OSError, ValueError) as error:
        raise UserError(_not_loaded("tokenizer", choice, error)) from None
    if tokenizer.mask_token_id is None:
        raise UserError(f"the tokenizer of {choice.source} has no mask token; an encoder such as mBERT is wanted")
    return tokenizer


def load_model(
    choice: ModelChoice,
    labels: tuple[str, ...],
    seed: int,
    place: torch.device | str = "cpu",
    quantization: Quantization | None = None,
) -> PreTrainedModel:
    """Load an encoder with a fresh classification head, in fp32.

    Args:
        choice: the encoder.
        labels: the class names; the head has one output for each.
        seed: of the head's initial weights.
        place: the device to put it on.
        quantization: how the weights of the body's Linear modules are stored; everything else, and what is computed
            with them, stays fp32 (``int8`` multiplies integers and fp16 outliers).

    Raises:
        UserError: it cannot be loaded, or not quantized here, or its checkpoint lacks weights of the body: they would
            be random at every load, so that a saved adapter would give other logits after each reload.
    """
    quantized = _quantized(choice, quantization, place) if quantization else {}
    torch.manual_seed(seed)
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()  # a fresh head is what is asked for, not a warning
    try:
        model, report = AutoModelForSequenceClassification.from_pretrained(
            choice.source,
            revision=choice.commit,
            num_labels=len(labels),
            id2label=dict(enumerate(labels)),
            label2id={label: index for index, label in enumerate(labels)},
            dtype=torch.float32,
            output_loading_info=True,
            **quantized,
        )
    except (OSError, ValueError, ImportError) as error:
        raise UserError(_not_loaded("model", choice, error)) from None
    finally:
        transformers_logging.set_verbosity(verbosity)
    heads = tuple(f"{name}." for name in head_modules(model))
    lost = sorted(key for key in report["missing_keys"] if not key.startswith(heads))
    if lost:
        raise UserError(
            f"the checkpoint {choice.source} has no weights for {lost[0]} of the encoder's body"
            f"{f' and {len(lost) - 1} more' if len(lost) > 1 else ''}: they would be random at every load; "
            "save the checkpoint once with these weights in it and use that folder"
        )
    network: torch.nn.Module = model.eval()
    if quantization is None:  # a quantized model was put in its place while it was read
        network.to(place)
    assert isinstance(network, PreTrainedModel), "from_pretrained gives nothing else"
    return network


def _quantized(choice: ModelChoice, quantization: Quantization, place: torch.device | str) -> dict[str, Any]:
    """What `from_pretrained` is told of a quantized model."""
    require_bitsandbytes(f"a base of {quantization}")
    if quantization == "nf4":
        stored = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float32,
            llm_int8_skip_modules=head_modules(outline(choice)),
        )
    else:
        stored = BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=head_modules(outline(choice)))
    return {"quantization_config": stored, "device_map": {"": torch.device(place)}}


def outline(choice: ModelChoice) -> PreTrainedModel:
    """Return an encoder with a classification head without weights, from its configuration alone.

    Raises:
        UserError: the configuration cannot be loaded.
    """
    try:
        config = AutoConfig.from_pretrained(choice.source, revision=choice.commit)
    except (OSError, ValueError) as error:
        raise UserError(_not_loaded("model", choice, error)) from None
    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForSequenceClassification.from_config(config)
        return model


def device() -> torch.device:
    """Return the device that a worker computes on: its GPU where it has one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _not_loaded(what: str, choice: ModelChoice, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0]
    return (
        f"the {what} {choice.source}{f' at revision {choice.commit}' if choice.commit else ''} cannot be loaded: "
        f"{reason}; check the name, the network and the revision, or give a local folder as the model's path"
    )
