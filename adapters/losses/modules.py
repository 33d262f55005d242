"""The losses as torch modules."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy


class CrossEntropyRows(nn.Module):
    """Cross-entropy of each row."""

    def forward(self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
        """Return the losses, float [B], of logits [B, C] and labels [B]."""
        return cross_entropy(logits, labels, reduction="none")


class FocalRows(nn.Module):
    """Focal loss of each row: (1 - p)^gamma * -log p, with p the probability of the true label."""

    def __init__(self, gamma: float) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
        """Return the losses, float [B], of logits [B, C] and labels [B]."""
        losses = cross_entropy(logits, labels, reduction="none")
        # 1 - p without the loss of digits near p = 1; at p = 1 itself the power of a gamma below 1 has no gradient.
        missing = -torch.expm1(-losses)
        return missing.clamp_min(torch.finfo(missing.dtype).tiny) ** self.gamma * losses


class AdjustedRows(nn.Module):
    """Cross-entropy of each row's logits, each raised by a number of its language and label.

    Args:
        adjustment: those numbers, [L, C].
    """

    adjustment: torch.Tensor

    def __init__(self, adjustment: NDArray[np.float64]) -> None:
        super().__init__()
        self.register_buffer("adjustment", torch.from_numpy(adjustment).float(), persistent=False)

    def forward(self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
        """Return the losses, float [B], of logits [B, C], labels [B] and languages [B]."""
        return cross_entropy(logits + self.adjustment[languages], labels, reduction="none")


class JointLoss(nn.Module):
    """A loss whose rows are weighed against each other, so that it has to see an update, or a data set, as a whole.

    `begin` is told an update before any of its rows is learned from. `forward` then returns losses whose mean over the
    update's rows, however they are cut into micro-batches, is the update's loss.
    """

    def begin(self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> None:
        """Look at all rows of the next update: logits [N, C], labels [N], languages [N]."""
        raise NotImplementedError

    def overall(
        self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor, weights: torch.Tensor
    ) -> float:
        """Return the loss of a whole data set, which selects the checkpoint; a row stands for ``weights`` [N] rows."""
        raise NotImplementedError


class GroupDroRows(JointLoss):
    """The groups' mean cross-entropies, weighed by q, which moves towards the groups that fare worst.

    Args:
        group: the group of each language and label, indices [L, C].
        counts: training rows of each group, [G].
        step_size: how fast q moves.
        adjustment: C of the groups' adjustments C / sqrt(counts).
    """

    q: torch.Tensor
    factors: torch.Tensor
    _trained: torch.Tensor
    _group: torch.Tensor
    _adjustment: torch.Tensor

    def __init__(
        self, group: NDArray[np.int64], counts: NDArray[np.integer[Any]], step_size: float, adjustment: float
    ) -> None:
        super().__init__()
        trained = torch.from_numpy(counts > 0)
        self.step_size = step_size
        self.register_buffer("q", trained.double() / trained.sum())
        self.register_buffer("factors", torch.zeros(len(counts)), persistent=False)
        self.register_buffer("_trained", trained, persistent=False)
        self.register_buffer("_group", torch.from_numpy(group), persistent=False)
        bound = adjustment / torch.from_numpy(counts).clamp_min(1).double().sqrt()
        self.register_buffer("_adjustment", bound, persistent=False)

    def begin(self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> None:
        """Move q by the losses of the groups that the update has, and settle what its rows count."""
        losses = cross_entropy(logits, labels, reduction="none").double()
        groups, sizes, means = self._by_group(losses, labels, languages, torch.ones_like(losses))
        there = sizes > 0
        moved = torch.where(there, self.q * torch.exp(self.step_size * (means + self._adjustment)), self.q)
        self.q = moved / moved.sum()
        # The update's loss, sum over groups of q * mean, as a mean over all its rows.
        factors = torch.where(there, self.q * len(groups) / sizes.clamp_min(1), 0.0)
        self.factors = factors.to(logits.dtype)

    def forward(self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
        """Return the losses, float [B], of logits [B, C], labels [B] and languages [B]."""
        losses = cross_entropy(logits, labels, reduction="none")
        return losses * self.factors[self._group[languages, labels]]

    def overall(
        self, logits: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor, weights: torch.Tensor
    ) -> float:
        """Return the mean loss of the group that fares worst, of those that have training rows."""
        losses = cross_entropy(logits, labels, reduction="none").double()
        _, sizes, means = self._by_group(losses, labels, languages, weights.double())
        return float(means[(sizes > 0) & self._trained].max())

    def _by_group(
        self, losses: torch.Tensor, labels: torch.Tensor, languages: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        groups = self._group[languages, labels]
        zeros = torch.zeros_like(self.q)
        sizes = zeros.index_add(0, groups, weights)
        means = zeros.index_add(0, groups, losses * weights) / sizes.where(sizes > 0, 1.0)
        return groups, sizes, means
