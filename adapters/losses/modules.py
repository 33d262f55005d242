"""The losses of single rows as torch modules."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy


class CrossEntropyRows(nn.Module):
    """Cross-entropy of each row."""

    def forward(self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
        """Return the losses, float [B], of logits [B, C] and labels [B]."""
        return cross_entropy(logits, labels, reduction="none")
