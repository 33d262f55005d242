"""The schema, version 1, of the JSON files of a results folder; `leaderboard.reading.measured` has ``metrics.json``."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leaderboard.reading.plugin_records import Plugin
from polyskew.errors import UserError

SCHEMA = 1
UNTUNED = "untuned"
REFERENCE_REGIME, REFERENCE_WEIGHTING = "balanced", "none"
M = TypeVar("M", bound=BaseModel)
Matrix = list[list[float]]


class ProbeCorpus(BaseModel):
    """Under ``probe`` in ``spec.json``: the corpus of the language probe, and on what terms its texts are used."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    licence: str = ""
    citation: str = ""
    redistribute: bool = False


class Spec(BaseModel):
    """``spec.json``: what a cell is. Fields that this room does not use are ignored.

    Attributes:
        learning_rate: what boards call the learning rates that a grid sets; empty for the method's or recipe's own.
        plugins: what the cell needs that is not the suite's own.
        same_as: id of the cell that did the identical work, if this one did not run itself.
        canonical: the form that was hashed into the id; used to name how two cells differ.
        group: equal for cells that may be averaged over seeds or compared with each other.
        stages: stages that the cell has when it is finished; by default all, or features alone for the untuned model.
        asked: by stage the version and settings that are asked for now; an artifact made otherwise counts as missing.
        shares: P[l, c], or None for a regime without target shares.
        redistribute: whether the task lets its texts be passed on.
        licence: of the task's data, as their owner states it; empty where it was not recorded.
        citation: of the task's data, BibTeX or a reference.
        probe: the corpus of the language probe, where it was recorded.
        skew: d[l, c] by regime: the cell's own regime, or for a balanced cell each skewed regime of the grid.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    version: Literal[1] = Field(alias="schema")
    id: str
    task: str
    task_version: int
    regime: str | None
    model: str
    method: str
    weighting: str | None
    seed: int | None
    recipe: str = ""
    learning_rate: str = ""
    plugins: tuple[Plugin, ...] = ()
    same_as: str | None = None
    canonical: dict[str, Any] = Field(default_factory=dict)
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    group: str
    stages: tuple[str, ...] | None = None
    asked: dict[str, dict[str, Any]] = Field(default_factory=dict)
    redistribute: bool = False
    licence: str = ""
    citation: str = ""
    probe: ProbeCorpus | None = None
    shares: Matrix | None = None
    skew: dict[str, Matrix] | None = None

    @property
    def is_untuned(self) -> bool:
        """Whether this is the model before fine-tuning."""
        return self.method == UNTUNED

    @property
    def is_reference(self) -> bool:
        """Whether this is the balanced, unweighted cell that others are compared with."""
        return (self.regime, self.weighting) == (REFERENCE_REGIME, REFERENCE_WEIGHTING) and not self.is_untuned


class Search(BaseModel):
    """Under ``search`` in ``cost.json``: a search of the learning rate.

    Attributes:
        at_edge: whether the smallest or the largest rate of its range was chosen.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    at_edge: bool


class Cost(BaseModel):
    """``train/cost.json``.

    Attributes:
        rate_body: peak learning rate of the body in the training that was kept.
        rate_head: the head's.
        search: how that rate was chosen, or None where it was given.
        search_trainings: number of trainings of the search, the one that was kept among them.
        search_seconds: what all of them took.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    trainable_parameters: int | None = None
    total_parameters: int | None = None
    artifact_bytes: int | None = None
    peak_memory_bytes: int | None = None
    seconds: float | None = None
    examples: int | None = None
    examples_per_second: float | None = None
    out_of_memory: int | None = None
    rate_body: float | None = None
    rate_head: float | None = None
    search: Search | None = None
    search_trainings: int | None = None
    search_seconds: float | None = None
    device: str = ""
    precision: str = ""


class StageRecord(BaseModel):
    """``stage.json`` of a finished stage; ``asked`` is what it was made for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    asked: dict[str, Any] = Field(default_factory=dict)


class Failure(BaseModel):
    """``failure.json``: why a cell has no result."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    stage: str
    kind: str
    message: str = ""

    def sentence(self) -> str:
        """Return one clause: the stage, the kind of error and its message."""
        return f"failed in {self.stage} ({self.kind})" + (f": {self.message}" if self.message else "")


class LanguageTokens(BaseModel):
    """One language's entry in ``data/tokens.json``."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tokens_per_text: Annotated[float, Field(ge=0)]
    unknown_share: float
    truncated_share: float


def parse(text: bytes, model: type[M], where: str) -> M:
    """Parse JSON into a model.

    Raises:
        UserError: not JSON, another schema version, or a field that is missing or wrong; one sentence naming the file.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if place == "schema":
            raise UserError(
                f"{where} has schema {first['input']!r}; this version of polyskew reads schema {SCHEMA}"
            ) from None
        if first["type"] == "json_invalid":
            raise UserError(f"{where} is not valid JSON ({first['ctx']['error']})") from None
        raise UserError(f"{where}: {place or 'the file'}: {first['msg'][0].lower()}{first['msg'][1:]}") from None
