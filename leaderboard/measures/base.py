"""What every measure says about itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A measure's identity, written beside every value.

    Attributes:
        name: as in ``metrics.json`` and in column names.
        version: rises with any change that can change a value; values of different versions are never averaged.
        unit: of the value, for example ``share`` (0 to 1), ``bits``, ``probability`` or ``ratio``.
    """

    name: str
    version: int
    unit: str
