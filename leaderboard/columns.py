"""The columns of the board: name, unit, source and meaning."""

from collections.abc import Callable
from dataclasses import dataclass

from leaderboard.measures.drift import THRESHOLD
from leaderboard.sources import Found, Source, cost, tokens
from leaderboard.store import Cell


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Attributes:
        name: in CSV and JSON; stable.
        unit: of the value.
        find: takes a cell and returns its number.
        paired: the values are differences to another cell of the same seed.
        summary: one line for the documentation.
        over_texts: all seeds explain the same texts, so the error over texts is added to the spread between seeds.
    """

    name: str
    unit: str
    find: Callable[[Cell], Found]
    summary: str
    paired: bool = False
    over_texts: bool = False


def _probe(corpus: str, probe: str) -> dict[str, str | float]:
    return {"probe": probe, "corpus": corpus}


def _drift(name: str, summary: str, by: dict[str, str] | None = None, *, threshold: float = THRESHOLD) -> Column:
    source = Source("neutral_drift", "attributions", {"threshold": threshold}, by or {})
    return Column(name, "probability", source, summary, paired=True, over_texts=True)


def _uptake(name: str, summary: str, *, threshold: float = THRESHOLD) -> Column:
    source = Source("neutral_uptake", "attributions", {"threshold": threshold}, SKEW)
    return Column(name, "ratio", source, summary, paired=True, over_texts=True)


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
    _drift("neutral_drift", "mean absolute SHAP drift of neutral tokens, less the placebo's"),
    _drift("neutral_drift_own", "the same before the placebo's is taken off", {"term": "own"}),
    _drift(
        "neutral_drift_placebo",
        "the placebo's: the balanced cell of another seed against the reference",
        {"term": "placebo"},
    ),
    _uptake("neutral_uptake", "above 0: neutral tokens argue for the label that their language over-represents"),
    _drift("neutral_drift_at_0.001", "neutral_drift with the threshold 0.001", threshold=0.001),
    _drift("neutral_drift_at_0.05", "neutral_drift with the threshold 0.05", threshold=0.05),
    _uptake("neutral_uptake_at_0.001", "neutral_uptake with the threshold 0.001", threshold=0.001),
    _uptake("neutral_uptake_at_0.05", "neutral_uptake with the threshold 0.05", threshold=0.05),
    Column(
        "permutation_share",
        "share",
        Source("permutation_share", "attributions", {"threshold": THRESHOLD}, {"set": "neutral"}),
        "of the variance over texts of D[l, c, neutral] that comes from random permutations; an upper estimate",
    ),
    Column(
        "neutral_share",
        "share",
        Source("set_share", "attributions", {"threshold": THRESHOLD}, {"set": "neutral"}),
        "of tokens (for each label) that are neutral in the reference cell",
    ),
    Column("trainable_parameters", "count", cost("trainable_parameters"), "parameters that training moves"),
    Column("total_parameters", "count", cost("total_parameters"), "parameters of the whole model"),
    Column("artifact_bytes", "bytes", cost("artifact_bytes"), "size of the saved adapter or model"),
    Column("peak_memory_bytes", "bytes", cost("peak_memory_bytes"), "largest memory while training"),
    Column("seconds", "seconds", cost("seconds"), "of training, over all resumes"),
    Column("examples_per_second", "examples/s", cost("examples_per_second"), "of training"),
    Column("tokens_per_text", "tokens", tokens("tokens_per_text"), "mean over languages"),
    Column("unknown_share", "share", tokens("unknown_share"), "unknown tokens, mean over languages"),
    Column("truncated_share", "share", tokens("truncated_share"), "texts cut short, mean over languages"),
)
