"""Running the language probes on texts: the logistic regression and the online code, on all texts or on a part."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import leakage, online_coding
from leaderboard.measures.counts import ratio
from leaderboard.measures.probing import shuffled, subset
from leaderboard.statistics.intervals import bootstrap_sums

PROBE_SEED = 0
SHUFFLE_SEED = 1
"""Not that of the online code's order: with one text a group both would be the same permutation, and the shuffled
languages would be sent in the order of the file, one language after the other."""

PROBE_ROWS = 6000
"""At most this many texts for the probes ``default`` and ``online``, as many as the paper's six times 1,000 articles.
The probe ``paper`` takes all: its penalty is relative to the number of texts."""


@dataclass(frozen=True)
class Texts:
    """What a probe sees of some texts.

    Attributes:
        features: ``[N, H]``.
        language: class indices, ``[N]``; each class has a text.
        group: what must not be split, ``[N]``.
    """

    features: NDArray[Any]
    language: NDArray[np.int64]
    group: NDArray[Any]

    @property
    def languages(self) -> int:
        """Number of languages K."""
        return int(self.language.max()) + 1 if len(self.language) else 0

    def take(self, rows: NDArray[np.int64]) -> "Texts":
        """Return some of the texts; languages that are not among them are no classes any more."""
        _, language = np.unique(self.language[rows], return_inverse=True)
        return Texts(self.features[rows], language.astype(np.int64), self.group[rows])

    def few(self) -> NDArray[np.int64]:
        """Return the row numbers of at most `PROBE_ROWS` texts, in whole groups."""
        return subset(self.group, PROBE_ROWS, PROBE_SEED)

    def mixed(self, seed: int) -> "Texts":
        """Return the control with shuffled languages."""
        return replace(self, language=shuffled(self.language, seed))

    def blank(self) -> "Texts":
        """Return the control without features."""
        return replace(self, features=np.zeros((len(self.language), 0), dtype=np.float32))


@dataclass(frozen=True)
class Outcome:
    """What a probe made of each text.

    Attributes:
        found: 1 where the language was told and else 0; or the bits it cost, ``[N]``.
        chance: the same by chance: the share of the most frequent language; or the bits of the uniform code, ``[N]``.
        group: what must not be split, ``[N]``.
    """

    found: NDArray[np.float64]
    chance: NDArray[np.float64]
    group: NDArray[Any]

    @property
    def means(self) -> tuple[float, float]:
        """The means of ``found`` and ``chance``."""
        return float(self.found.mean()), float(self.chance.mean())

    @cached_property
    def replicates(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same in resamples of the groups, each ``[RESAMPLES]``."""
        sums = bootstrap_sums(np.stack([self.found, self.chance, np.ones(len(self.found))], axis=1), self.group)
        return ratio(sums[:, 0], sums[:, 2]), ratio(sums[:, 1], sums[:, 2])


Run = Callable[[Texts], Outcome | str]
"""A probe: its outcome, or the reason why there is none."""


def told(texts: Texts, c: float) -> Outcome | str:
    """Run a logistic regression with the inverse penalty ``c`` on all texts."""
    if texts.languages < 2:
        return "there is only one language"
    try:
        hits = leakage.probe_hits(texts.features, texts.language, texts.group, c=c, seed=PROBE_SEED)
    except ValueError as error:
        return f"too few texts for {leakage.FOLDS} folds ({error})"
    return Outcome(hits, np.full(len(hits), leakage.chance(texts.language)), texts.group)


def told_by_paper(full: int) -> Run:
    """Return the probe ``paper`` for a part of ``full`` texts, with the penalty that it has on all of them.

    scikit-learn's penalty weighs against the sum of losses, so C is multiplied by ``full`` over the part's number: a
    part can then be compared with the whole.
    """
    return lambda texts: told(texts, leakage.PROBES["paper"] * full / max(1, len(texts.language)))


def coded(texts: Texts) -> Outcome | str:
    """Run the online code on all texts."""
    if texts.languages < 2:
        return "there is only one language"
    bits = online_coding.online_bits(
        texts.features, texts.language, texts.group, classes=texts.languages, seed=PROBE_SEED
    )
    return Outcome(bits, np.full(len(bits), np.log2(texts.languages)), texts.group)


def apart(run: Run, texts: Texts, label: NDArray[np.int64], classes: int) -> list[Outcome | str]:
    """Run a probe among the texts of each label.

    Args:
        run: the probe.
        texts: all texts.
        label: class indices, ``[N]``.
        classes: number of labels C.

    Returns:
        An outcome or the reason why there is none, for each label.
    """
    rows = [np.flatnonzero(label == number) for number in range(classes)]
    return [run(texts.take(own)) if len(own) else "no text has this label" for own in rows]


def together(parts: list[Outcome | str]) -> Outcome | str:
    """Return the outcome over all labels that have one, each text counted once; else the reasons."""
    there = [part for part in parts if isinstance(part, Outcome)]
    if not there:
        return "; ".join(sorted({part for part in parts if isinstance(part, str)}))
    return Outcome(*(np.concatenate([getattr(part, name) for part in there]) for name in ("found", "chance", "group")))


def alike(texts: Texts, rows: NDArray[np.int64]) -> Texts:
    """Return the control of a matched part: at random, as many texts of every language as ``rows`` has.

    Args:
        texts: all texts.
        rows: the part's row numbers.
    """
    order = np.random.default_rng(PROBE_SEED).permutation(len(texts.language))
    wanted = np.bincount(texts.language[rows], minlength=texts.languages)
    chosen = [order[texts.language[order] == number][:count] for number, count in enumerate(wanted)]
    return texts.take(np.sort(np.concatenate(chosen)))
