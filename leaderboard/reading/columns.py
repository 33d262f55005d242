"""The columns of the board that the suite brings."""

from leaderboard.measures import leakage, matching, online_coding
from leaderboard.measures.base import Measure
from leaderboard.measures.drift import THRESHOLD
from leaderboard.reading.column import Column
from leaderboard.reading.sources import Source, cost, search_at_edge, tokens


def _probe(
    name: str,
    measure: Measure,
    corpus: str,
    summary: str,
    by: dict[str, str] | None = None,
    *,
    probe: str = "paper",
    part: dict[str, str] | None = None,
    compared: bool = False,
) -> Column:
    source = Source(measure.name, "features", {"probe": probe, "corpus": corpus, **(part or {})}, by or {})
    return Column(name, measure.unit, source, summary, compared=compared)


def _online(
    name: str,
    measure: Measure,
    corpus: str,
    summary: str,
    by: dict[str, str] | None = None,
    part: dict[str, str] | None = None,
    *,
    compared: bool = False,
) -> Column:
    return _probe(name, measure, corpus, summary, by, probe="online", part=part, compared=compared)


def _drift(
    name: str,
    summary: str,
    by: dict[str, str] | None = None,
    *,
    threshold: float = THRESHOLD,
    compared: bool = False,
) -> Column:
    source = Source("neutral_drift", "attributions", {"threshold": threshold}, by or {})
    return Column(name, "probability", source, summary, paired=True, over_texts=True, compared=compared)


def _uptake(name: str, summary: str, *, threshold: float = THRESHOLD, compared: bool = False) -> Column:
    source = Source("neutral_uptake", "attributions", {"threshold": threshold}, SKEW)
    return Column(name, "ratio", source, summary, paired=True, over_texts=True, compared=compared)


SKEW = {"skew": "*"}
MAJORITY, SHUFFLED, AS_MANY = {"control": "majority"}, {"control": "shuffled"}, {"control": "as many texts"}
BY_LENGTH, BY_SOURCE = {"control": "length"}, {"control": "source"}
WITHIN, LENGTH, LENGTH_SOURCE = {"within": "label"}, {"match": "length"}, {"match": "length and source"}
LEAKAGE, ABOVE, SAVED = leakage.MEASURE, leakage.ABOVE_CHANCE, online_coding.SAVED

COLUMNS: tuple[Column, ...] = (
    Column(
        "accuracy",
        "share",
        Source("accuracy", "predict"),
        "of test rows predicted right",
        compared=True,
        better="higher",
    ),
    Column(
        "accuracy_difference",
        "share",
        Source("accuracy_difference", "predict"),
        "accuracy less that of the reference cell (balanced, unweighted) of the same seed",
        paired=True,
        better="higher",
    ),
    Column(
        "macro_f1",
        "share",
        Source("macro_f1", "predict"),
        "mean over labels of F1",
        compared=True,
        better="higher",
    ),
    Column(
        "skew_uptake",
        "ratio",
        Source("skew_uptake", "predict", by=SKEW),
        "0: blind to language, 1: copies the skew",
        compared=True,
    ),
    Column("mutual_information", "bits", Source("mutual_information", "predict"), "of language and prediction"),
    _probe(
        "leakage_probe",
        LEAKAGE,
        "probe",
        "accuracy of the paper's language probe on the probe corpus",
        compared=True,
    ),
    _probe("leakage_test", LEAKAGE, "test", "the same on the test set"),
    _probe(
        "leakage_default_probe",
        LEAKAGE,
        "probe",
        "accuracy of a language probe with C = 1 on the probe corpus",
        probe="default",
    ),
    _probe("leakage_default_test", LEAKAGE, "test", "the same on the test set", probe="default"),
    _probe("leakage_probe_chance", LEAKAGE, "probe", "share of its most frequent language", MAJORITY),
    _probe("leakage_probe_shuffled", LEAKAGE, "probe", "leakage_probe with the languages shuffled", SHUFFLED),
    _probe("leakage_probe_above_chance", ABOVE, "probe", "(leakage_probe - chance) / (1 - chance)"),
    _probe("leakage_test_above_chance", ABOVE, "test", "the same on the test set"),
    _probe("leakage_test_within_label", LEAKAGE, "test", "leakage_test among the texts of one true label", part=WITHIN),
    _probe("leakage_test_within_label_chance", LEAKAGE, "test", "its chance", MAJORITY, part=WITHIN),
    _probe(
        "leakage_test_within_label_as_many",
        LEAKAGE,
        "test",
        "the same among as many texts of any label",
        AS_MANY,
        part=WITHIN,
    ),
    _probe(
        "leakage_test_within_label_above_chance",
        ABOVE,
        "test",
        "leakage_test_within_label, less chance, over 1 - chance",
        part=WITHIN,
    ),
    _probe("leakage_probe_matched", LEAKAGE, "probe", "leakage_probe on texts that are matched in length", part=LENGTH),
    _probe(
        "leakage_probe_matched_as_many",
        LEAKAGE,
        "probe",
        "the same on as many texts, not matched",
        AS_MANY,
        part=LENGTH,
    ),
    _probe(
        "leakage_probe_matched_above_chance",
        ABOVE,
        "probe",
        "leakage_probe_matched, less chance, over 1 - chance",
        part=LENGTH,
    ),
    _probe(
        "leakage_probe_matched_source", LEAKAGE, "probe", "on texts matched in length and source", part=LENGTH_SOURCE
    ),
    _probe("leakage_probe_length", leakage.CONFOUND, "probe", "leakage_probe from nothing but lengths", BY_LENGTH),
    _probe("leakage_test_length", leakage.CONFOUND, "test", "the same on the test set", BY_LENGTH),
    _probe("leakage_probe_source", leakage.CONFOUND, "probe", "leakage_probe from nothing but sources", BY_SOURCE),
    _online(
        "compression_probe",
        online_coding.COMPRESSION,
        "probe",
        "uniform over online codelength of the languages of the probe corpus (1: features tell nothing)",
        compared=True,
    ),
    _online("compression_test", online_coding.COMPRESSION, "test", "the same on the test set"),
    _online(
        "compression_probe_shuffled",
        online_coding.COMPRESSION,
        "probe",
        "compression_probe with the languages shuffled",
        SHUFFLED,
    ),
    _online("saved_probe", SAVED, "probe", "1 - online / uniform codelength (0: features tell nothing, 1: all)"),
    _online("saved_test", SAVED, "test", "the same on the test set"),
    _online("saved_test_within_label", SAVED, "test", "saved_test among the texts of one true label", part=WITHIN),
    _online("saved_test_within_label_as_many", SAVED, "test", "among as many of any label", AS_MANY, WITHIN),
    _online("saved_probe_matched", SAVED, "probe", "saved_probe on texts that are matched in length", part=LENGTH),
    _online("saved_probe_matched_as_many", SAVED, "probe", "on as many texts, not matched", AS_MANY, LENGTH),
    _online("saved_probe_length", online_coding.CONFOUND, "probe", "saved_probe from nothing but lengths", BY_LENGTH),
    Column(
        "matched_texts_probe",
        matching.TEXTS.unit,
        Source(matching.TEXTS.name, "features", {"corpus": "probe", **LENGTH}),
        "texts of the probe corpus that are left where lengths are matched",
    ),
    _drift("neutral_drift", "mean absolute SHAP drift of neutral tokens, less the placebo's", compared=True),
    _drift("neutral_drift_own", "the same before the placebo's is taken off", {"term": "own"}),
    _drift(
        "neutral_drift_placebo",
        "the placebo's: the balanced cell of another seed against the reference",
        {"term": "placebo"},
    ),
    _uptake(
        "neutral_uptake",
        "above 0: neutral tokens argue for the label that their language over-represents",
        compared=True,
    ),
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
    Column("rate_body", "rate", cost("rate_body"), "peak learning rate of the body"),
    Column("rate_head", "rate", cost("rate_head"), "peak learning rate of the head"),
    Column("search_trainings", "count", cost("search_trainings"), "trainings of the search of the learning rate"),
    Column("search_seconds", "seconds", cost("search_seconds"), "of all trainings of the search"),
    Column("search_at_edge", "share", search_at_edge, "of seeds whose search chose an end of its range"),
    Column("tokens_per_text", "tokens", tokens("tokens_per_text"), "mean over languages"),
    Column("unknown_share", "share", tokens("unknown_share"), "unknown tokens, mean over languages"),
    Column("truncated_share", "share", tokens("truncated_share"), "texts cut short, mean over languages"),
)
