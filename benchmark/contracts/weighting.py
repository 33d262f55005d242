"""What a weighting promises: weights for any counts, the same for the same, and nothing touched."""

import numpy as np
from numpy.typing import NDArray

from adapters import Weighting
from benchmark.contracts.promises import BrokenError

Counts = NDArray[np.int64]
TABLES: dict[str, Counts] = {
    "skewed counts": np.array([[10, 20, 30, 40], [40, 30, 20, 10], [25, 25, 25, 25]]),
    "large counts": np.array([[1_000_003, 999_983], [12, 3_000_000]]),
    "one language": np.array([[7, 5, 9]]),
    "an empty cell": np.array([[10, 0, 5], [5, 10, 15]]),
    "a label without rows": np.array([[10, 0, 5], [5, 0, 15]]),
    "a language without rows": np.array([[10, 20, 30], [0, 0, 0]]),
}
EQUAL = np.full((3, 4), 25)


def weights_have_the_counts_shape(weighting: Weighting) -> None:
    """It takes counts [L, C] of whole numbers and returns float64 weights of that shape."""
    for said, counts in TABLES.items():
        weights = weighting(counts.copy())
        if not isinstance(weights, np.ndarray) or weights.shape != counts.shape:
            shape = getattr(weights, "shape", type(weights).__name__)
            raise BrokenError(
                f"for {said} of shape {counts.shape} it returns {shape}; an array of that shape is wanted"
            )
        if weights.dtype != np.float64:
            raise BrokenError(f"for {said} the weights are {weights.dtype}; float64 is wanted")


def weights_are_numbers(weighting: Weighting) -> None:
    """Weights are finite and not negative, for empty cells too."""
    for said, counts in TABLES.items():
        weights = weighting(counts.copy())
        if (wrong := np.argwhere(~np.isfinite(weights) | (weights < 0))).size:
            language, label = (int(index) for index in wrong[0])
            raise BrokenError(
                f"for {said} language {language}, label {label}, of {counts[language, label]} rows, weighs "
                f"{weights[language, label]}; wanted is a number from 0, and 0 where there are no rows to weigh"
            )


def some_row_weighs(weighting: Weighting) -> None:
    """Rows do not all weigh 0."""
    for said, counts in TABLES.items():
        if not (weighting(counts.copy()) * counts).any():
            raise BrokenError(f"for {said} all rows weigh 0, so nothing would be learned")


def the_same_counts_weigh_the_same(weighting: Weighting) -> None:
    """The same counts get the same weights, and are not changed."""
    for said, counts in TABLES.items():
        given = counts.copy()
        first, second = weighting(given), weighting(counts.copy())
        if not np.array_equal(given, counts):
            raise BrokenError(f"{said} are changed in place; work on a copy")
        if not np.array_equal(first, second, equal_nan=True):
            raise BrokenError(f"for {said} a second call gives other weights; use no random numbers and no memory")


def order_does_not_matter(weighting: Weighting) -> None:
    """The order of languages and labels does not matter."""
    for said, counts in TABLES.items():
        weights = weighting(counts.copy())
        if not np.allclose(
            weighting(counts[::-1, ::-1].copy()), weights[::-1, ::-1], rtol=1e-9, atol=0, equal_nan=True
        ):
            raise BrokenError(f"for {said} in reversed order the weights are not the reversed ones")


def what_follows_from_ratios(weighting: Weighting) -> str:
    """How it takes counts."""
    said = []
    few = TABLES["skewed counts"]
    if all(np.array_equal(weighting(few), weighting(few * 10**power)) for power in range(1, 9)):
        said.append("the weights follow from the ratios alone, so that cells of the same weights are run once")
    else:
        said.append("the weights change when all counts are multiplied by 1000, so each cell is run")
    if not np.allclose(weighting(EQUAL.copy()), 1):
        said.append("equal counts do not weigh 1: this changes the learning rate in effect")
    return "; ".join(said)


PROMISES = (
    weights_have_the_counts_shape,
    weights_are_numbers,
    some_row_weighs,
    the_same_counts_weigh_the_same,
    order_does_not_matter,
    what_follows_from_ratios,
)


def subject(name: str) -> Weighting:
    """Return a weighting with its options at their defaults."""
    from adapters import get_weighting

    return get_weighting(name)
