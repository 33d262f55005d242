"""What results record of plug-ins: enough to find them again, and to show their numbers without them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class PluginSource(BaseModel):
    """Where a thing comes from that is not the suite's own: an installed package or a file.

    Attributes:
        package: the distribution, or empty for a file.
        version: of the distribution.
        file: the name of the source file.
        sha256: the first 16 hex digits of its checksum.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    package: str = ""
    version: str = ""
    file: str = ""
    sha256: str = ""

    def __str__(self) -> str:
        told = f"{self.package} {self.version}".strip() or self.file
        return f"{told} ({self.sha256})" if self.sha256 else told


class Plugin(PluginSource):
    """Under ``plugins`` in ``spec.json``: something that a cell needs and the suite does not bring.

    Attributes:
        kind: ``method``, ``weighting``, ...
        name: under which it is registered.
    """

    kind: str
    name: str


class MeasuredBy(PluginSource):
    """Under ``plugin`` in ``metrics.json``: the plug-in that made a block, and what its column on a board needs.

    Attributes:
        stage: on whose artifact it is measured.
        better: ``higher``, ``lower``, or None.
        summary: one line about the measure.
    """

    stage: Literal["predict", "features", "attributions"]
    better: Literal["higher", "lower"] | None = None
    summary: str = ""
