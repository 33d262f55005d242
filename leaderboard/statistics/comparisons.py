"""Comparisons of rows that saw the same data in the same order: paired by seed, corrected for their number."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """One row against another, in one measure.

    Attributes:
        difference: mean over the seeds that both have of this row's value less the other's, or None with a reason.
        low: lower end of the 95% t interval of that mean, not corrected, or None.
        high: its upper end.
        p: two-sided, of the paired t test, Holm-corrected within its family; None where it is not tested.
        seeds: number of pairs.
        reason: why there is no difference, or no test.
    """

    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    seeds: int = 0
    reason: str = ""
