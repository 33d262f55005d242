"""A measure that a user adds: a function of one cell's predictions, features or attributions.

def worst_language(rows):
    right = rows.predicted == rows.label
    return min(right[rows.language == place].mean() for place in range(len(rows.languages)))

polyskew.register("measure", CellMeasure("worst_language", 1, "share", worst_language, better="higher"))
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Literal

from leaderboard.measures.base import Measure
from leaderboard.statistics.intervals import KEPT
from polyskew.errors import UserError

Needs = Literal["predict", "features", "probe", "attributions"]
STAGES: dict[str, str] = {
    "predict": "predict",
    "features": "features",
    "probe": "features",
    "attributions": "attributions",
}
"""What a measure can need, and the stage whose artifact that is."""

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class CellMeasure(Measure):
    """A measure of one cell; `name`, `version` and `unit` are those of every measure.

    Attributes:
        compute: takes the sample that ``needs`` names (`leaderboard.measures.samples`) and returns a number, or a
            number for each language by its name, of which the board shows the mean. NaN is a missing number, and so is
            a language that is left out; then the mean is missing too. It must return the same for the same rows, in
            whatever order they are.
        needs: ``predict``: the test rows with their logits (`PredictedRows`). ``features``: the vectors of the test
            rows; ``probe``: those of the probe corpus (`FeatureVectors`). ``attributions``: the explained texts
            (`ExplainedTexts`).
        better: which end is the better one. Rows are then compared with their reference and with each other, and
            tables set off the best. None: the number is neither merit nor fault.
        low: the least that can come out, or None.
        high: the most that can, or None.
        resamples: how often the measure is computed anew on resampled groups of texts, which gives the interval of a
            single seed. 0: no such interval, where it would take too long or say nothing (a probe would be tested on
            copies of what it learned from).
    """

    compute: Callable[[Any], float | Mapping[str, float]]
    needs: Needs = "predict"
    better: Better | None = None
    low: float | None = None
    high: float | None = None
    resamples: int = 200

    def __post_init__(self) -> None:
        """Check what is declared.

        Raises:
            UserError: something of it is wrong.
        """
        said = f"the measure {self.name!r}"
        from leaderboard.reading.plugin_columns import wrong_name

        if wrong := wrong_name(str(self.name)):
            raise UserError(f"{said} cannot be a column: {wrong}")
        if not isinstance(self.version, int) or self.version < 1:
            raise UserError(f"{said} has the version {self.version!r}; a whole number from 1 is wanted")
        if not isinstance(self.unit, str) or not 0 < len(self.unit) <= 20:
            raise UserError(f"{said} has the unit {self.unit!r}; a word is wanted, such as 'share', 'ratio' or 'bits'")
        if not callable(self.compute):
            raise UserError(f"{said} has no function to compute it, but {self.compute!r}")
        if self.needs not in STAGES:
            raise UserError(f"{said} needs {self.needs!r}; wanted is one of {', '.join(STAGES)}")
        if self.better not in (None, "higher", "lower"):
            raise UserError(f"{said}: better is {self.better!r}; 'higher', 'lower' or None is wanted")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise UserError(f"{said} lies between {self.low} and {self.high}, where nothing can")
        if self.resamples and self.resamples < KEPT:
            raise UserError(f"{said} has {self.resamples} resamples; 0 or at least {KEPT} are wanted")

    @property
    def summary(self) -> str:
        """The first line of what the function says of itself."""
        return (getdoc(self.compute) or "").partition("\n")[0].rstrip(".")
