"""The loss my_thing: what is computed of each training row's logits."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import polyskew

if TYPE_CHECKING:
    from torch import Tensor, nn


@polyskew.register("loss")
class MyThing(polyskew.Loss):
    """Cross-entropy with smoothed labels: the true one has 1 - smoothing, all share the rest."""

    name: ClassVar[str] = "my_thing"

    # Fields are options: a grid sets them with {loss: {use: my_thing, options: {smoothing: 0.2}}}.
    smoothing: float = Field(default=0.1, ge=0, lt=1)

    def prepare(self, counts: NDArray[np.integer[Any]]) -> "nn.Module":
        """Return the loss for one training, of which ``counts`` [L, C] are the training rows."""
        # Imported here, so that `polyskew plan` does not wait for torch.
        from torch import nn
        from torch.nn.functional import cross_entropy

        smoothing = self.smoothing

        class Rows(nn.Module):
            def forward(self, logits: "Tensor", labels: "Tensor", languages: "Tensor") -> "Tensor":
                # A loss for each row, [B]: weights are multiplied and the mean is taken outside.
                return cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)

        return Rows()
