"""What a precision other than fp32 does to the values, measured on a sample."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmark.attributions.engine import Attribution, Explainer
from benchmark.attributions.settings import Precision
from benchmark.attributions.texts import Text

_SAMPLE = 16


def deviation(
    texts: Sequence[Text], precision: Precision, explainer: Callable[[Precision], Explainer]
) -> dict[str, Any]:
    """Return how far values of a precision are from those of fp32.

    Args:
        texts: all texts; the sample is spread evenly over their lengths.
        precision: of the values that are kept.
        explainer: makes the explainer of a precision.

    Returns:
        ``precision``; ``sample``, the number of texts; ``max_absolute``, the largest difference of a value, in units
        of probability; ``median_relative_l1``, the median over texts of sum |difference| / sum |fp32 value|.
    """
    by_length = sorted(range(len(texts)), key=lambda place: texts[place].length)
    chosen = [by_length[at] for at in np.linspace(0, len(texts) - 1, min(_SAMPLE, len(texts))).round().astype(int)]
    sample = [texts[place] for place in dict.fromkeys(chosen)]
    exact, asked = (_values(explainer(kind), sample) for kind in ("fp32", precision))
    pairs = [(one.values, other.values) for one, other in zip(exact, asked, strict=True) if one.values.size]
    relative = [np.abs(other - one).sum() / np.abs(one).sum() for one, other in pairs if np.abs(one).sum()]
    return {
        "precision": precision,
        "sample": len(sample),
        "max_absolute": max((float(np.abs(other - one).max()) for one, other in pairs), default=0.0),
        "median_relative_l1": float(np.median(relative)) if relative else 0.0,
    }


def _values(explain: Explainer, texts: Sequence[Text]) -> list[Attribution]:
    found = dict(explain(texts, lambda tokens: None))
    return [found[place] for place in range(len(texts))]
