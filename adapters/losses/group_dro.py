"""Group DRO: the loss of the group of rows that fares worst."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from adapters.losses.base import Loss

if TYPE_CHECKING:
    from torch import nn


class GroupDro(Loss):
    """The groups' mean cross-entropies, weighed by q, which moves towards the groups that fare worst.

    Source: Sagawa et al. (2020), "Distributionally robust neural networks for group shifts", algorithm 1, for
    mini-batches as in its code. In each update q_g is multiplied by exp(step_size * L_g) for the groups that it has,
    with L_g the mean cross-entropy of their rows, then q is scaled to the sum 1; the loss is the sum of q_g * L_g.

    Attributes:
        groups: ``language_label``, a group for each label of each language, or ``language``.
        step_size: how fast q moves; 0.01 is the default of the paper's code.
        adjustment: C of the group adjustments (section 3.3): for q, C / sqrt(n_g) is added to a group's loss, with n_g
            its training rows.
    """

    name: ClassVar[str] = "group_dro"
    weighs_rows: ClassVar[bool] = True

    groups: Literal["language_label", "language"] = "language_label"
    step_size: float = Field(0.01, gt=0)
    adjustment: float = Field(0.0, ge=0)

    def prepare(self, counts: NDArray[np.integer[Any]]) -> "nn.Module":
        """Return the module, with q the same for all groups that have training rows."""
        from adapters.losses.modules import GroupDroRows

        n = np.asarray(counts, dtype=np.int64)
        group = np.arange(n.size).reshape(n.shape)
        if self.groups == "language":
            group = np.tile(np.arange(len(n))[:, None], (1, n.shape[1]))
            n = n.sum(axis=1)
        return GroupDroRows(group, n.ravel(), self.step_size, self.adjustment)
