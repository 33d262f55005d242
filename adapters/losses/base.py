"""What every loss offers to the code that trains with it."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from adapters.component import Component

if TYPE_CHECKING:
    from torch import nn


class Loss(Component, ABC):
    """A loss of single rows. A subclass is one loss; its fields are its options.

    Its module imports torch only within the functions that need it, so that a grid is planned without it.

    Attributes:
        weighs_rows: whether the loss itself says what a row counts, so that weights beside it are refused; rows can
            still be drawn by weights.
    """

    weighs_rows: ClassVar[bool] = False

    @abstractmethod
    def prepare(self, counts: NDArray[np.integer[Any]]) -> "nn.Module":
        """Return the loss for one training.

        Args:
            counts: training rows n[l, c], integers of shape [L, C].

        Returns:
            A module that takes logits (float [B, C]), labels (int [B]) and languages (int [B], indices into L) and
            returns the rows' losses (float [B]); a label of -100 has the loss 0. What it learns or counts on the way
            stands in its buffers, which go with each checkpoint. A loss that has to see an update's rows together is a
            `adapters.losses.modules.JointLoss`.

        Raises:
            UserError: there is no such loss with these counts.
        """
