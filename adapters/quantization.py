"""A base model whose weights are stored in 4 or 8 bits (bitsandbytes), and the noise that comes with it.

Nothing here imports bitsandbytes; it is read with the model, in ``benchmark/models/loading.py``.
"""

import logging
from importlib.util import find_spec
from typing import Literal

from polyskew.errors import UserError

Quantization = Literal["nf4", "int8"]
"""How the frozen weights of the body's Linear modules are stored: ``nf4`` (Dettmers et al. 2023: 4-bit NormalFloat,
double quantization) or ``int8`` (Dettmers et al. 2022: LLM.int8)."""

_NOISE = {
    # Once for every layer and batch: fp32 activations are rounded to fp16, which is what LLM.int8 does.
    "bitsandbytes.autograd._functions": "MatMul8bitLt: inputs will be cast from",
    # On processors with AVX512-BF16: a kernel on the hub, for bf16 only, is not installed.
    "bitsandbytes.backends.cpu.ops": "Failed to load CPU gemm_4bit_forward",
}


def require_bitsandbytes(what: str) -> None:
    """Check that bitsandbytes is installed, without importing it.

    Args:
        what: the setting that wants it, such as ``"base: nf4"``.

    Raises:
        UserError: it is not.
    """
    if find_spec("bitsandbytes") is None:
        raise UserError(f"{what} needs bitsandbytes, which is not installed; run pip install 'polyskew[bitsandbytes]'")


def _silence(logger: str, start: str) -> None:
    logging.getLogger(logger).addFilter(lambda record: not str(record.msg).startswith(start))


for _logger, _start in _NOISE.items():
    _silence(_logger, _start)
