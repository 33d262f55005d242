"""Focal loss: cross-entropy in which a row counts the less, the better it is learned already."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from adapters.losses.base import Loss

if TYPE_CHECKING:
    from torch import nn


class Focal(Loss):
    """-(1 - p)^gamma * log p, with p the softmax probability of the true label.

    Source: Lin et al. (2017), "Focal loss for dense object detection", equation 4; there p is a sigmoid's.

    Attributes:
        gamma: 0 is cross-entropy; 2 is the paper's choice (section 5.1).
    """

    name: ClassVar[str] = "focal"

    gamma: float = Field(2.0, ge=0)

    def prepare(self, counts: NDArray[np.integer[Any]]) -> "nn.Module":
        """Return the module; the counts have no part in it."""
        from adapters.losses.modules import FocalRows

        return FocalRows(self.gamma)
