"""A fine-tuned network as a prediction function, in the precision that was asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from benchmark.attributions.first_token import FirstToken
from benchmark.attributions.rows import Ids
from benchmark.attributions.settings import Precision

_TOKENS = {"cpu": 2048, "cuda": 32_768}
"""Of a batch: a processor is at its best with little more than what its cache holds, a GPU wants to be filled."""


class Classifier:
    """Probabilities of token ids.

    Args:
        model: a transformers classifier, in evaluation mode.
        precision: ``fp32``, or ``tf32`` or ``bf16``, which trade exactness for speed.
    """

    def __init__(self, model: torch.nn.Module, precision: Precision = "fp32") -> None:
        self.model = model.eval()
        self.device = next(model.parameters()).device
        self.precision = precision
        self._first_token = FirstToken(model)

    @property
    def tokens(self) -> int:
        """Tokens of a batch."""
        return _TOKENS.get(self.device.type, _TOKENS["cuda"])

    @torch.inference_mode()
    def __call__(self, ids: Ids, types: Ids | None) -> torch.Tensor:
        """Return the class probabilities, float64 [n, C], still on the device; rows have one length and no padding."""
        inputs = {"input_ids": self._tensor(ids)}
        if types is not None:
            inputs["token_type_ids"] = self._tensor(types)
        with self.computing(), self._first_token.only():
            logits = self.model(**inputs).logits
        return torch.softmax(logits.double(), dim=-1)

    def _tensor(self, array: Ids) -> torch.Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        # From pinned memory the copy does not wait for the device.
        return tensor if self.device.type == "cpu" else tensor.pin_memory().to(self.device, non_blocking=True)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Compute in the precision that was asked for within this block."""
        if self.precision == "bf16":
            with torch.autocast(self.device.type, dtype=torch.bfloat16):
                yield
            return
        before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high" if self.precision == "tf32" else "highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)
