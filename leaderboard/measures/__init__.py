"""The measures: plain numpy functions, one small module each, with a name, a version and a unit.

`METRICS` lists them by name without importing any. Beside the suite's own it has those of plug-ins, each a
`CellMeasure`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from leaderboard.measures.base import Measure
from polyskew.registry import Registry

if TYPE_CHECKING:
    from leaderboard.measures.cell_measure import CellMeasure as CellMeasure
    from leaderboard.measures.samples import ExplainedTexts as ExplainedTexts
    from leaderboard.measures.samples import FeatureVectors as FeatureVectors
    from leaderboard.measures.samples import PredictedRows as PredictedRows

METRICS: Registry[Measure] = Registry("measure", "polyskew.measures")

for _name, _target, _summary in (
    ("accuracy", "accuracy:MEASURE", "share of test rows predicted right"),
    ("accuracy_difference", "accuracy:DIFFERENCE", "accuracy less the reference cell's, on the same rows"),
    ("macro_f1", "macro_f1:MEASURE", "mean over labels of the F1 score"),
    ("prediction_share", "prediction_share:MEASURE", "share of a language's rows predicted as a label"),
    ("skew_uptake", "skew_uptake:MEASURE", "how much of the training skew the predictions copy (0 none, 1 all)"),
    ("mutual_information", "mutual_information:MEASURE", "of language and prediction, corrected for sample size"),
    ("leakage", "leakage:MEASURE", "accuracy of a logistic regression that tells the language from frozen features"),
    ("leakage_above_chance", "leakage:ABOVE_CHANCE", "leakage less chance, over what chance leaves"),
    ("confound_leakage", "leakage:CONFOUND", "leakage of a probe given only the length or the source of texts"),
    ("saved", "online_coding:SAVED", "share of the languages' entropy that features save"),
    ("confound_saved", "online_coding:CONFOUND", "the same given only the length or the source of texts"),
    ("matched_texts", "matching:TEXTS", "texts left where lengths are the same in all languages"),
    ("compression", "online_coding:COMPRESSION", "how much shorter features make the code of the languages"),
    ("bits_per_text", "online_coding:BITS", "online codelength of the language of one text"),
    ("drift", "drift:MEASURE", "change of summed SHAP values of a language's tokens, by sign in the reference"),
    ("base_difference", "drift:BASE", "change of the SHAP base value"),
    ("neutral_drift", "neutral:DRIFT", "mean absolute drift of neutral tokens, less the placebo's"),
    ("neutral_uptake", "neutral:UPTAKE", "how far neutral tokens argue for the label their language over-represents"),
    ("set_share", "set_share:MEASURE", "share of tokens that a threshold calls positive, negative or neutral"),
    ("permutation_share", "permutation_share:MEASURE", "share of a drift's variance over texts made by permutations"),
):
    METRICS.add(_name, f"leaderboard.measures.{_target}", summary=_summary)

_LAZY = {
    "CellMeasure": "leaderboard.measures.cell_measure",
    "ExplainedTexts": "leaderboard.measures.samples",
    "FeatureVectors": "leaderboard.measures.samples",
    "PredictedRows": "leaderboard.measures.samples",
}

__all__ = ["METRICS", "Measure", *sorted(_LAZY)]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'leaderboard.measures' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
