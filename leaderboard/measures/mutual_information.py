"""Mutual information of language and prediction, corrected for its small-sample bias."""

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures.base import Measure

MEASURE = Measure("mutual_information", 1, "bits")


def mutual_information(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Miller-Madow estimate of I(language; prediction) in bits.

    The plug-in estimate is too large by about (K_lc - K_l - K_c + 1) / (2 N ln 2) bits, with K the numbers of
    non-empty cells of the joint table and of its margins (Miller 1955: each entropy gets (K - 1) / 2N nats). That
    is taken off, so a small negative value can come out; it means none was found. The correction takes rows as
    independent; translations of one text are not quite.

    Args:
        counts: n[..., l, true, predicted], ``[..., L, C, C]``.

    Returns:
        Bits for each leading index, NaN where there is no row.
    """
    joint = counts.sum(axis=-2)
    total = joint.sum(axis=(-2, -1))
    language, predicted = joint.sum(axis=-1), joint.sum(axis=-2)
    plain = (
        _entropy(language, total) + _entropy(predicted, total) - _entropy(joint.reshape(*joint.shape[:-2], -1), total)
    )
    cells = [(table > 0).sum(axis=-1) for table in (language, predicted, joint.reshape(*joint.shape[:-2], -1))]
    excess = cells[2] - cells[0] - cells[1] + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, plain - excess / (2 * total * np.log(2)), np.nan)


def _entropy(counts: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    share = counts / np.where(total > 0, total, 1)[..., None]
    return -(share * np.log2(share, out=np.zeros(share.shape), where=share > 0)).sum(axis=-1)
