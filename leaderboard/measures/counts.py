"""Test rows counted by language, true label and prediction: all that the prediction measures need."""

import numpy as np
from numpy.typing import NDArray


def cell_index(
    language: NDArray[np.int64], label: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return for each row its place in a flattened ``[languages, classes, classes]`` count table."""
    return (language * classes + label) * classes + predicted


def count_table(
    language: NDArray[np.int64],
    label: NDArray[np.int64],
    predicted: NDArray[np.int64],
    languages: int,
    classes: int,
) -> NDArray[np.float64]:
    """Count rows by language, true label and prediction.

    Args:
        language: language index of each row, ``[N]``.
        label: true class index, ``[N]``.
        predicted: predicted class index, ``[N]``.
        languages: number of languages L.
        classes: number of classes C.

    Returns:
        Counts n[l, true, predicted], ``[L, C, C]``, as floats.
    """
    index = cell_index(language, label, predicted, classes)
    counts = np.bincount(index, minlength=languages * classes * classes).astype(np.float64)
    return counts.reshape(languages, classes, classes)


def ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide, giving NaN (missing) where the divisor is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64))
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
