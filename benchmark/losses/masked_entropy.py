"""The masked-input entropy loss: a model that sees only mask tokens shall favour no class (paper, appendix A.3).

The base value of SHAP is what a model says of a fully masked text. Models with other base values have other SHAP
values for the same text, so the paper pulls all of them towards the uniform distribution.
"""

from typing import Literal

import torch

Variant = Literal["paper", "text"]


class MaskedEntropy:
    """One masked row a batch, and the loss of its logits.

    Args:
        variant: ``paper``, as its code has it: the last row of the batch, all of its tokens masked (the special ones
            too), and the mean over classes of p log p. ``text``, as equation 3 has it: between 1 and L mask tokens,
            with L the batch's length, and the sum over classes.
        mask_id: id of the mask token.
        pad_id: id of the padding token.
    """

    def __init__(self, variant: Variant, mask_id: int, pad_id: int) -> None:
        self.variant = variant
        self.mask_id = mask_id
        self.pad_id = pad_id

    def append(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return a batch with the masked row after its last.

        Args:
            features: ``input_ids`` and ``attention_mask``, int64 [B, T], and ``token_type_ids`` where the model has
                them.

        Returns:
            The same, each [B + 1, T]. The length of the variant ``text`` is drawn from torch's global generator.
        """
        row = {name: tensor[-1:].clone() for name, tensor in features.items()}
        if self.variant == "text":
            width = row["input_ids"].shape[1]
            length = int(torch.randint(1, width + 1, ()))
            row["attention_mask"][:] = (torch.arange(width) < length).long()
            if "token_type_ids" in row:
                row["token_type_ids"][:] = 0
        there = row["attention_mask"].bool()
        row["input_ids"][there] = self.mask_id
        row["input_ids"][~there] = self.pad_id
        return {name: torch.cat([tensor, row[name]]) for name, tensor in features.items()}

    def loss(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the negative entropy of the masked row's classes.

        Args:
            logits: of the masked row, [C].

        Returns:
            A scalar: sum (``text``) or mean (``paper``) over classes of p log p, at most 0.
        """
        log = torch.log_softmax(logits.float(), dim=-1)
        terms = log.exp() * log
        return terms.mean() if self.variant == "paper" else terms.sum()
