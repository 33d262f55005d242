"""The columns of the board: where each number comes from, its unit, and how it is written."""

from collections.abc import Callable
from dataclasses import dataclass, field

from leaderboard.schema import SCHEMA, Block, Cost
from leaderboard.store import METRICS, Cell
from polyskew.errors import UserError


@dataclass(frozen=True)
class Found:
    """One cell's number, or the reason why it is missing.

    Attributes:
        made_by: measure, version and parameters; numbers that were made differently are never averaged.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    method: str = ""
    reason: str = ""
    made_by: str = ""


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Attributes:
        name: in CSV and JSON; stable.
        unit: of the value.
        find: takes a cell and returns its number.
        paired: the values are differences to another cell of the same seed.
        summary: one line for the documentation.
    """

    name: str
    unit: str
    find: Callable[[Cell], Found]
    summary: str
    paired: bool = False


@dataclass(frozen=True)
class Source:
    """Where a measured number stands in ``metrics.json``.

    Attributes:
        measure: its name.
        params: parameters that the block must have.
        by: of which value; ``"skew": "*"`` stands for the skewed regime that the row is set against.
        stage: the stage that must be finished before it can be measured.
    """

    measure: str
    stage: str
    params: dict[str, str] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)

    def __call__(self, cell: Cell) -> Found:
        """Find the number of a cell that did its own work."""
        block = find_block(cell, self.measure, self.params)
        if block is None:
            return Found(None, reason=self._why_not(cell))
        by = {key: (skew_regime(cell) if value == "*" else value) for key, value in self.by.items()}
        try:
            value = block.get(by)
            broken = value is not None and not isinstance(value["value"], float | int | None)
        except (AttributeError, KeyError, TypeError):
            broken = True
        if broken:
            raise UserError(f"{cell.folder / METRICS}: a value of {self.measure!r} is not of schema {SCHEMA}")
        if value is None or value["value"] is None:
            # Where a whole block is missing, one value without `by` says why.
            missing = value or block.get({}) or {}
            return Found(None, reason=missing.get("reason", "not measured"))
        made_by = f"{block.measure} {block.version} {sorted(_shared_params(block).items())}"
        method = block.interval or "" if "low" in value else ""
        return Found(value["value"], value.get("low"), value.get("high"), method, made_by=made_by)

    def _why_not(self, cell: Cell) -> str:
        if cell.spec.is_untuned and self.stage != "features":
            return "the untuned model makes no predictions"
        if cell.failure is not None:
            return cell.failure.sentence()
        if not cell.started:
            return "not run yet"
        if not cell.has(self.stage):
            return f"the stage {self.stage!r} is not finished"
        if cell.metrics is None:
            return "not measured yet"
        if self.stage == "attributions" or self.measure == "accuracy_difference":
            return "there is no reference cell with this stage finished"
        return f"not measured (no {self.params.get('corpus', '')} features)" if self.params else "not measured"


def find_block(cell: Cell, measure: str, params: dict[str, str]) -> Block | None:
    """Return the block of a measure with these parameters; vectors of the pooler come before those of CLS.

    The paper takes the pooler's output where the body has a pooler, and CLS where it has none.
    """
    found = [
        block
        for block in cell.blocks.get(measure, [])
        if all(block.params.get(key) == value for key, value in params.items())
    ]
    return max(found, key=lambda block: str(block.params.get("vectors", ""))) if found else None


def skew_regime(cell: Cell) -> str:
    """Return the skewed regime that a cell is set against: its own, or for a balanced cell the grid's.

    With several in the grid, ``imbalanced`` is taken, or else the first by name.
    """
    names = sorted(cell.spec.skew or {})
    return "imbalanced" if "imbalanced" in names else next(iter(names), "")


def _shared_params(block: Block) -> dict[str, object]:
    # Which cell was the reference or the placebo differs from seed to seed; that is no difference of method.
    return {key: value for key, value in block.params.items() if key not in ("reference", "placebo")}


def _cost(name: str) -> Callable[[Cell], Found]:
    def find(cell: Cell) -> Found:
        cost: Cost | None = cell.cost
        number = getattr(cost, name, None)
        if number is not None:
            return Found(float(number))
        if cell.spec.is_untuned:
            return Found(None, reason="the untuned model is not trained")
        return Found(None, reason=Source("cost", "train")._why_not(cell) if cost is None else "not recorded")

    return find


def _tokens(name: str) -> Callable[[Cell], Found]:
    def find(cell: Cell) -> Found:
        tokens = cell.tokens
        if not tokens:
            return Found(None, reason="not recorded")
        return Found(sum(getattr(entry, name) for entry in tokens.values()) / len(tokens))

    return find


def _probe(corpus: str, probe: str) -> dict[str, str]:
    return {"probe": probe, "corpus": corpus}


SKEW = {"skew": "*"}

COLUMNS: tuple[Column, ...] = (
    Column("accuracy", "share", Source("accuracy", "predict"), "of test rows predicted right"),
    Column(
        "accuracy_difference",
        "share",
        Source("accuracy_difference", "predict"),
        "accuracy less that of the reference cell (balanced, unweighted) of the same seed",
        paired=True,
    ),
    Column("macro_f1", "share", Source("macro_f1", "predict"), "mean over labels of F1"),
    Column(
        "skew_uptake", "ratio", Source("skew_uptake", "predict", by=SKEW), "0: blind to language, 1: copies the skew"
    ),
    Column("mutual_information", "bits", Source("mutual_information", "predict"), "of language and prediction"),
    Column(
        "leakage_probe",
        "share",
        Source("leakage", "features", _probe("probe", "paper")),
        "accuracy of the paper's language probe on the probe corpus",
    ),
    Column("leakage_test", "share", Source("leakage", "features", _probe("test", "paper")), "the same on the test set"),
    Column(
        "leakage_default_probe",
        "share",
        Source("leakage", "features", _probe("probe", "default")),
        "accuracy of a language probe with C = 1 on the probe corpus",
    ),
    Column(
        "leakage_default_test",
        "share",
        Source("leakage", "features", _probe("test", "default")),
        "the same on the test set",
    ),
    Column(
        "leakage_probe_chance",
        "share",
        Source("leakage", "features", _probe("probe", "paper"), {"control": "majority"}),
        "share of the most frequent language in the probe corpus",
    ),
    Column(
        "leakage_probe_shuffled",
        "share",
        Source("leakage", "features", _probe("probe", "paper"), {"control": "shuffled"}),
        "leakage_probe with the languages shuffled",
    ),
    Column(
        "compression_probe",
        "ratio",
        Source("compression", "features", _probe("probe", "online")),
        "uniform over online codelength of the languages of the probe corpus (1: features tell nothing)",
    ),
    Column(
        "compression_test",
        "ratio",
        Source("compression", "features", _probe("test", "online")),
        "the same on the test set",
    ),
    Column(
        "compression_probe_shuffled",
        "ratio",
        Source("compression", "features", _probe("probe", "online"), {"control": "shuffled"}),
        "compression_probe with the languages shuffled",
    ),
    Column(
        "neutral_drift",
        "probability",
        Source("neutral_drift", "attributions"),
        "mean absolute SHAP drift of neutral tokens, less the placebo's",
        paired=True,
    ),
    Column(
        "neutral_drift_own",
        "probability",
        Source("neutral_drift", "attributions", by={"term": "own"}),
        "the same before the placebo's is taken off",
        paired=True,
    ),
    Column(
        "neutral_drift_placebo",
        "probability",
        Source("neutral_drift", "attributions", by={"term": "placebo"}),
        "the placebo's: the balanced cell of another seed against the reference",
        paired=True,
    ),
    Column(
        "neutral_uptake",
        "ratio",
        Source("neutral_uptake", "attributions", by=SKEW),
        "above 0: neutral tokens argue for the label that their language over-represents",
        paired=True,
    ),
    Column("trainable_parameters", "count", _cost("trainable_parameters"), "parameters that training moves"),
    Column("total_parameters", "count", _cost("total_parameters"), "parameters of the whole model"),
    Column("artifact_bytes", "bytes", _cost("artifact_bytes"), "size of the saved adapter or model"),
    Column("peak_memory_bytes", "bytes", _cost("peak_memory_bytes"), "largest memory while training"),
    Column("seconds", "seconds", _cost("seconds"), "of training, over all resumes"),
    Column("examples_per_second", "examples/s", _cost("examples_per_second"), "of training"),
    Column("tokens_per_text", "tokens", _tokens("tokens_per_text"), "mean over languages"),
    Column("unknown_share", "share", _tokens("unknown_share"), "unknown tokens, mean over languages"),
    Column("truncated_share", "share", _tokens("truncated_share"), "texts cut short, mean over languages"),
)
