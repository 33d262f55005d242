"""The last layer, from its attention on, for the first token alone, where the head reads no other.

The heads of BERT and XLM-R read the last layer's first vector. What that layer's projection of the attention and its
feed-forward block, three quarters of its work, make of the other tokens is thrown away: nearly a fifth of a model of
four layers, more than a third of one of two.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_PROJECTION = re.compile(r"encoder\.layer\.(\d+)\.attention\.output$")


class FirstToken:
    """Leaves out what the head does not read.

    A trial decides: where the logits would change, or the network is built in another way, nothing is left out.

    Args:
        model: a transformers classifier in evaluation mode, with or without adapters.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        layers = {
            int(found[1]): module for name, module in model.named_modules() if (found := _PROJECTION.search(name))
        }
        self._projection = layers[max(layers)] if layers else None
        try:
            same = self._changes_nothing(model)
        except Exception:  # whatever a network that is built in another way may raise
            same = False
        if not same:
            self._projection = None

    @property
    def applies(self) -> bool:
        """Whether anything is left out."""
        return self._projection is not None

    @contextmanager
    def only(self) -> Iterator[None]:
        """Compute the first token alone within this block."""
        if self._projection is None:
            yield
            return
        hook = self._projection.register_forward_pre_hook(_first)
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


def _first(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Of what is attended to and of what it is added to, the first token."""
    return tuple(tensor[:, :1] for tensor in given)
