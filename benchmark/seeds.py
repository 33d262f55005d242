"""Seeds by axis: what depends on the repetition, and on nothing else, so that tests between methods are paired."""

import hashlib


def derive(*parts: str | int) -> int:
    """Return a seed in [0, 2**32) that depends on the parts alone, on every platform."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def data_seed(task: str, repetition: int) -> int:
    """Return the seed that orders a task's rows in one repetition: the same for every model and method."""
    return derive("data", task, repetition)


def training_seed(repetition: int) -> int:
    """Return the seed of head initialisation, dropout and batch order: the same for every task, model and method."""
    return derive("training", repetition)
