"""The last layer's feed-forward block for the first token alone, where the head reads no other.

The heads of BERT and XLM-R read the last layer's first vector. What the feed-forward block of that layer, two thirds of
its work, makes of the other tokens is thrown away: a sixth of a model of four layers, a third of one of two.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_ATTENTION = re.compile(r"encoder\.layer\.(\d+)\.attention$")


class FirstToken:
    """Leaves out what the head does not read.

    A trial decides: where the logits would change, or the network is built in another way, nothing is left out.

    Args:
        model: a transformers classifier in evaluation mode, with or without adapters.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        layers = {int(found[1]): module for name, module in model.named_modules() if (found := _ATTENTION.search(name))}
        self._attention = layers[max(layers)] if layers else None
        try:
            same = self._changes_nothing(model)
        except Exception:  # whatever a network that is built in another way may raise
            same = False
        if not same:
            self._attention = None

    @property
    def applies(self) -> bool:
        """Whether anything is left out."""
        return self._attention is not None

    @contextmanager
    def only(self) -> Iterator[None]:
        """Compute the first token alone within this block."""
        if self._attention is None:
            yield
            return
        hook = self._attention.register_forward_hook(_first)
        try:
            yield
        finally:
            hook.remove()

    @torch.inference_mode()
    def _changes_nothing(self, model: torch.nn.Module) -> bool:
        embeddings: torch.nn.Module = model.get_input_embeddings()  # type: ignore[operator]
        weight = next(embeddings.parameters())
        ids = torch.arange(5, 5 + 24, device=weight.device).reshape(2, 12) % len(weight)
        wanted = model(input_ids=ids).logits
        with self.only():
            found = model(input_ids=ids).logits
        return bool(torch.allclose(found, wanted, rtol=1e-4, atol=1e-5))


def _first(module: torch.nn.Module, given: Any, output: Any) -> Any:
    hidden, *rest = output
    return (hidden[:, :1], *rest)
