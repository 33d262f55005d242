"""What a model says of texts: frozen features for the probes, and logits."""

import numpy as np
import torch
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from benchmark.encoding import Encoded, batches, collate
from benchmark.progress import Report


def body(model: torch.nn.Module) -> torch.nn.Module:
    """Return the encoder under the classification head, with its adapters if it has any."""
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    assert isinstance(inner, PreTrainedModel), "every classifier here is a transformers model"
    return inner.base_model


@torch.inference_mode()
def extract(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    encoded: Encoded,
    report: Report,
    *,
    layers: bool = False,
) -> dict[str, np.ndarray]:
    """Return the feature vectors of every text, in the texts' order.

    Args:
        model: a classifier, tuned or not; it is put into evaluation mode.
        tokenizer: for padding.
        encoded: the texts.
        report: told the share of texts done.
        layers: also return the first token's vector after the embeddings and after each layer.

    Returns:
        ``cls``: float32 [N, H], the last layer's vector of the first token; ``pooler``: float32 [N, H], the pooler's
        output, where the body has a pooler (the paper's "last CLS token" is the pooler's output for mBERT, the CLS
        vector for XLM-R); and with ``layers`` ``layer_00`` (embeddings), ``layer_01`` and so on: float32 [N, H].
    """
    encoder = body(model).eval()
    device = next(encoder.parameters()).device
    found: dict[str, np.ndarray] = {}
    done = 0
    for index in batches(encoded.lengths):
        batch = collate(tokenizer, [encoded.rows[i] for i in index], device)
        output = encoder(**batch, output_hidden_states=layers)
        vectors = {"cls": output.last_hidden_state[:, 0]}
        if getattr(output, "pooler_output", None) is not None:
            vectors["pooler"] = output.pooler_output
        if layers:
            vectors |= {f"layer_{place:02d}": states[:, 0] for place, states in enumerate(output.hidden_states)}
        for name, tensor in vectors.items():
            block = tensor.float().cpu().numpy()
            found.setdefault(name, np.empty((len(encoded.rows), block.shape[1]), np.float32))[index] = block
        done += len(index)
        report(done / len(encoded.rows))
    return found


@torch.inference_mode()
def logits(model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, encoded: Encoded, report: Report) -> np.ndarray:
    """Return the class logits of every text, float32 [N, C], in the texts' order."""
    model.eval()
    device = next(model.parameters()).device
    found: np.ndarray | None = None
    done = 0
    for index in batches(encoded.lengths):
        block = model(**collate(tokenizer, [encoded.rows[i] for i in index], device)).logits.float().cpu().numpy()
        if found is None:
            found = np.empty((len(encoded.rows), block.shape[1]), np.float32)
        found[index] = block
        done += len(index)
        report(done / len(encoded.rows))
    assert found is not None, "a test set has at least one row"
    return found
