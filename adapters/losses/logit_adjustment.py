"""Logit-adjusted cross-entropy: the labels' shares are put into the loss, so that the model need not learn them."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from adapters.losses.base import Loss
from polyskew.errors import DataError

if TYPE_CHECKING:
    from torch import nn


class LogitAdjustment(Loss):
    """Cross-entropy of logits + tau * log(prior); the model is used with its plain logits.

    Source: Menon et al. (2021), "Long-tail learning via logit adjustment", equation 10. Their prior is P[c], the
    label's share of all training rows; of languages they know nothing. P[c | l], its share of the language's rows, is
    the same for each language.

    Attributes:
        tau: 1 is the paper's, for which the loss is consistent with the balanced error.
        prior: ``per_language`` for P[c | l], ``global`` for P[c]. Where labels are balanced over all languages
            together, the global prior is uniform, and the loss is cross-entropy.
    """

    name: ClassVar[str] = "logit_adjustment"

    tau: float = Field(1.0, gt=0)
    prior: Literal["per_language", "global"] = "per_language"

    def prepare(self, counts: NDArray[np.integer[Any]]) -> "nn.Module":
        """Return the module with the training rows' priors.

        Raises:
            DataError: a label has no training rows, so that its prior is 0.
        """
        from adapters.losses.modules import AdjustedRows

        n = np.asarray(counts, dtype=np.int64)
        if self.prior == "global":
            n = np.tile(n.sum(axis=0), (len(n), 1))
        if (n == 0).any():
            language, label = (int(index) for index in np.argwhere(n == 0)[0])
            where = f"language {language} has" if self.prior == "per_language" else "there are"
            raise DataError(
                f"{where} no training rows of label {label} (indices), so its prior is 0 and logits cannot be adjusted "
                "by it; take another loss or regime"
            )
        return AdjustedRows(self.tau * np.log(n / n.sum(axis=1, keepdims=True)))
