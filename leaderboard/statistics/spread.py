"""How far the mean over seeds may be from the mean over all seeds, and over all texts where those are a sample too.

A number of seed s on text k is taken as m + a_s + b_k + e_sk. The seeds are drawn anew for each training; the texts are
the same in all of them, so that b_k does not average out over seeds. The variance of the mean has the two parts

    seeds = s^2 / n,    s^2 the variance between the seeds' numbers: it holds a_s and e_sk
    texts = max(0, v - w),    v the variance over resamples of the mean over seeds, which holds b_k and e_sk;
                              w that of what is left of each seed's resamples after the means over seeds and over
                              resamples, over n: it holds e_sk alone, which is in ``seeds`` already

and the 95% interval is the mean -/+ t sqrt(seeds + texts), where t is the average of the 97.5% quantiles at n - 1 and
at K - 1 degrees of freedom (K resamples), weighted by the two parts (Cochran and Cox 1957, Experimental Designs, 4.14).
Where only seeds vary it is the plain t interval, which covers 95%; where texts do too, it covers 95 to 97% with three
seeds or more and up to 98% with two (simulated in the tests). Welch and Satterthwaite's degrees of freedom would cover
as little as 88% with two seeds and 92% with three.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.statistics.intervals import KEPT

Floats = NDArray[np.float64]
LEVEL = 0.05


@dataclass(frozen=True)
class Spread:
    """Means over seeds and the two parts of their variance, for any number of them.

    Attributes:
        mean: NaN where no seed has a number.
        count: number of seeds n that have one.
        seeds: the part of the variance that comes from the seeds; NaN below two seeds.
        texts: the part that comes from the choice of texts; 0 where they are not a sample.
    """

    mean: Floats
    count: NDArray[np.int64]
    seeds: Floats
    texts: Floats

    @property
    def half(self) -> Floats:
        """Half the width of the 95% interval; NaN below two seeds."""
        return self._half(LEVEL)

    @property
    def p(self) -> Floats:
        """Two-sided p-value of the mean being 0: the level at which its interval ends there.

        Without a part of the texts this is the t test. NaN below two seeds, and where the seeds do not differ at all
        but are not 0: nothing can be said of their variance.
        """
        from scipy.special import stdtr

        found = np.full(self.mean.shape, np.nan)
        testable = self.seeds + self.texts > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            statistic = np.abs(self.mean) / np.sqrt(self.seeds)
            plain = testable & (self.texts == 0)
            found[plain] = 2 * stdtr(np.maximum(self.count - 1, 1), -statistic)[plain]
        found[(self.count > 1) & (self.mean == 0) & ~testable] = 1.0
        mixed = testable & (self.texts > 0)
        if mixed.any():
            found[mixed] = self._at(mixed)._bisected()
        return found

    def _at(self, chosen: NDArray[np.bool_]) -> "Spread":
        return Spread(self.mean[chosen], self.count[chosen], self.seeds[chosen], self.texts[chosen])

    def _bisected(self) -> Floats:
        low, high = np.full(self.mean.shape, -30.0), np.zeros(self.mean.shape)  # of the logarithm of p
        for _ in range(40):
            middle = (low + high) / 2
            wide = self._half(np.exp(middle)) > np.abs(self.mean)
            low, high = np.where(wide, middle, low), np.where(wide, high, middle)
        return np.exp(high)

    def _half(self, level: float | Floats) -> Floats:
        seeds, texts = _quantile(self.count - 1, level), _quantile(np.full(self.count.shape, KEPT - 1), level)
        whole = self.seeds + self.texts
        return (seeds * self.seeds + texts * self.texts) / np.sqrt(np.where(whole == 0, 1.0, whole))


def spread(values: Floats, texts: Floats | float = 0.0, noise: Floats | float = 0.0) -> Spread:
    """Return the mean over seeds and its variance.

    Args:
        values: ``[n, ...]``, one a seed; NaN where a seed has none.
        texts: the part of the variance that comes from the texts, ``[...]``.
        noise: what rounding may have done to the values, ``[...]``: what differs by no more does not differ.
    """
    values = np.where(np.abs(values) <= noise, 0.0, values)
    there = np.isfinite(values)
    count = there.sum(axis=0)
    mean = np.where(there, values, 0.0).sum(axis=0) / np.where(count, count, np.nan)
    squares = np.where(there, values - mean, 0.0) ** 2
    squares = np.where(squares <= np.square(noise), 0.0, squares)
    seeds = squares.sum(axis=0) / np.where(count > 1, (count - 1) * count, np.nan)
    return Spread(mean, count, seeds, np.broadcast_to(np.asarray(texts, dtype=np.float64), mean.shape))


def shared_by_texts(resampled: NDArray[np.floating]) -> Floats:
    """Return the variance that all seeds share by the choice of texts.

    Args:
        resampled: the seeds' numbers in the same resamples, ``[n, ..., K]``; NaN in a seed that has no number.

    Returns:
        ``[...]``; NaN below two seeds.
    """
    x = np.asarray(resampled, dtype=np.float64)
    there = np.isfinite(x)
    seeds = there[..., 0].sum(axis=0)
    draws = x.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.where(there, x - x.mean(axis=-1, keepdims=True), 0.0)
        together = x.sum(axis=0) / seeds[..., None]
        shared = (together**2).sum(axis=-1) / (draws - 1)
        alone = (np.where(there, x - together, 0.0) ** 2).sum(axis=(0, -1)) / ((seeds - 1) * (draws - 1)) / seeds
        return np.where(seeds > 1, np.maximum(shared - alone, 0.0), np.nan)


def _quantile(degrees: NDArray[np.int64], level: float | Floats) -> Floats:
    from scipy.special import stdtrit  # scipy.stats takes a second to import

    degrees = np.maximum(degrees, 0)
    if isinstance(level, float):  # a board asks a hundred thousand times for the same few
        return np.asarray(stdtrit(np.arange(degrees.max(initial=0) + 1), 1 - level / 2))[degrees]
    return np.asarray(stdtrit(degrees, 1 - level / 2))
