"""A language-ID head on the encoder, and the two ways to unlearn with it what it finds.

The paper tried both in place of weights and reports that they "prevented the model from learning" (section 2.4,
footnote 2), without numbers. The head is one linear layer on the last layer's vector of the first token.
"""

from typing import Any

import torch
from torch.nn.functional import cross_entropy, linear

from benchmark.recipes import LanguageUnlearning


class LanguageHead(torch.nn.Module):
    """The head and its loss.

    Args:
        way: how the language is unlearned.
        width: of the encoder's vectors, H.
        languages: number of languages K.
    """

    def __init__(self, way: LanguageUnlearning, width: int, languages: int) -> None:
        super().__init__()
        self.way = way
        self.linear = torch.nn.Linear(width, languages)

    def loss(self, vectors: torch.Tensor, language: torch.Tensor) -> torch.Tensor:
        """Return the mean over a batch of what head and encoder learn from.

        Args:
            vectors: of the first token, [B, H].
            language: class indices, int64 [B].

        Returns:
            A scalar. Gradient reversal: the head's cross-entropy. Entropy maximisation: the head's cross-entropy on
            detached vectors, plus the weight times the negative entropy that the held head has on the vectors.
        """
        if self.way.use == "gradient_reversal":
            reversed_ = _Reversed.apply(vectors.float(), self.way.weight)
            return cross_entropy(self.linear(reversed_), language)
        told = cross_entropy(self.linear(vectors.detach().float()), language)
        log = torch.log_softmax(linear(vectors.float(), self.linear.weight.detach(), self.linear.bias.detach()), dim=-1)
        return told + self.way.weight * (log.exp() * log).sum(dim=-1).mean()


class _Reversed(torch.autograd.Function):
    """The identity, whose gradient is multiplied by minus a weight."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: float) -> torch.Tensor:
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.weight * gradients[0], None
