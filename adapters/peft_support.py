"""Which of PEFT's methods can classify texts with an encoder, and why the others cannot.

The table is checked against PEFT by ``tests/adapters/test_peft_support.py``: each type that works is trained, saved and
loaded on a BERT-like and an XLM-R-like encoder, and each type of the installed PEFT is in it.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Support:
    """What is known of one of PEFT's types.

    Attributes:
        reason: why it cannot be used here; empty where it can.
        config: what a configuration needs beside its type, sized for the smallest encoders (vectors of width 16).
        quantized: whether it works on a base of 4 and 8 bits.
    """

    reason: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    quantized: bool = False


_TASK_IDS = "it wants the task's number with every text, for training on several tasks at once"
_DECODER = "it is made for decoders that generate text"

PEFT_TYPES: dict[str, Support] = {
    "ADALORA": Support(reason="its ranks are allocated while training: use the method 'adalora'"),
    "ADAMSS": Support(),
    "ADAPTION_PROMPT": Support(reason=_DECODER),
    "BEFT": Support(quantized=True),
    "BOFT": Support(config={"boft_block_size": 4}, quantized=True),
    "C3A": Support(config={"block_size": 4}),
    "CARTRIDGE": Support(config={"num_virtual_tokens": 4}, quantized=True),
    "CPT": Support(reason=_DECODER),
    "DEFT": Support(),
    "DELORA": Support(),
    "FOURIERFT": Support(config={"n_frequency": 20}, quantized=True),
    "FROD": Support(),
    "GLORA": Support(),
    "GRALORA": Support(config={"r": 8}),
    "HIRA": Support(quantized=True),
    "HRA": Support(),
    "IA3": Support(quantized=True),
    "LILY": Support(quantized=True),
    "LN_TUNING": Support(quantized=True),
    "LOHA": Support(),
    "LOKR": Support(),
    "LORA": Support(quantized=True),
    "MISS": Support(config={"r": 4}, quantized=True),
    "MULTITASK_PROMPT_TUNING": Support(reason=_TASK_IDS),
    "OFT": Support(config={"oft_block_size": 4}, quantized=True),
    "OSF": Support(),
    "PEANUT": Support(),
    "POLY": Support(reason=_TASK_IDS),
    "PREFIX_TUNING": Support(config={"num_virtual_tokens": 4}, quantized=True),
    "PROMPT_TUNING": Support(config={"num_virtual_tokens": 4}, quantized=True),
    "PSOFT": Support(config={"r": 4}),
    "PVERA": Support(quantized=True),
    "P_TUNING": Support(config={"num_virtual_tokens": 4}, quantized=True),
    "RANDLORA": Support(quantized=True),
    "ROAD": Support(config={"group_size": 4}, quantized=True),
    "SHADOW": Support(reason=_DECODER),
    "SHIRA": Support(config={"r": 2}, quantized=True),
    "SUPERTUNING": Support(),
    "TINYLORA": Support(),
    "TRAINABLE_TOKENS": Support(reason="it trains word embeddings and no head; LORA has trainable_token_indices"),
    "UNILORA": Support(quantized=True),
    "VBLORA": Support(config={"vector_length": 4, "num_vectors": 8}, quantized=True),
    "VERA": Support(quantized=True),
    "WAVEFT": Support(config={"n_frequency": 20}, quantized=True),
    "XLORA": Support(reason="it mixes LoRA adapters that are trained already"),
}
