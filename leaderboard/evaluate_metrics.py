"""Accuracy, leakage and drift for people who use the `evaluate` library.

Import a class and call it, which works offline (``evaluate.load`` would look for a script on the hub):

    from leaderboard.evaluate_metrics import Leakage
    Leakage().compute(features=vectors, languages=languages, groups=groups)

Nothing else in this suite imports this module: importing `evaluate` takes ten seconds and brings torch.
"""

from typing import Any

import datasets
import evaluate
import numpy as np

from leaderboard.measures import accuracy, drift, leakage, neutral
from leaderboard.measures.counts import count_table

_CITATION = "Jung and van der Plas, Understanding the effects of language-specific class imbalance in multilingual \
fine-tuning, Findings of EACL 2024"
_INT, _FLOAT, _TEXT = datasets.Value("int64"), datasets.Value("float64"), datasets.Value("string")


class Accuracy(evaluate.Metric):
    """Accuracy overall (``accuracy``) and by language (``accuracy_<language>``)."""

    def _info(self) -> evaluate.MetricInfo:
        return _info("Accuracy by language.", {"predictions": _INT, "references": _INT, "languages": _TEXT})

    def _compute(self, predictions: Any, references: Any, languages: Any) -> dict[str, float]:
        names, language = np.unique(np.asarray(languages), return_inverse=True)
        predicted, label = np.asarray(predictions, dtype=np.int64), np.asarray(references, dtype=np.int64)
        classes = int(max(predicted.max(), label.max())) + 1
        counts = count_table(language, label, predicted, len(names), classes)
        result = {"accuracy": float(accuracy.accuracy(counts.sum(axis=0)))}
        shares = accuracy.accuracy(counts)
        return result | {f"accuracy_{name}": float(share) for name, share in zip(names, shares, strict=True)}


class Leakage(evaluate.Metric):
    """Accuracy of a logistic regression that tells the language from frozen features.

    ``leakage``; ``chance``, the share of the most frequent language; and ``above_chance``, 0 at chance and 1 perfect.
    """

    def _info(self) -> evaluate.MetricInfo:
        features = {"features": datasets.Sequence(_FLOAT), "languages": _TEXT, "groups": _TEXT}
        return _info("Language-ID leakage of frozen features.", features)

    def _compute(
        self, features: Any, languages: Any, groups: Any, probe: str = "paper", seed: int = 0
    ) -> dict[str, float]:
        _, language = np.unique(np.asarray(languages), return_inverse=True)
        x = np.asarray(features, dtype=np.float32)
        hits = leakage.probe_hits(x, language, np.asarray(groups), c=leakage.PROBES[probe], seed=seed)
        found, chance = np.asarray(hits.mean()), np.asarray(leakage.chance(language))
        return {
            "leakage": float(found),
            "chance": float(chance),
            "above_chance": float(leakage.above_chance(found, chance)),
        }


class Drift(evaluate.Metric):
    """Mean absolute drift of neutral tokens (``neutral_drift``, no placebo taken off) and the whole table (``drift``).

    One row is one token: its SHAP values for each label in both models, and the number and language of its text.
    """

    def _info(self) -> evaluate.MetricInfo:
        values = datasets.Sequence(_FLOAT)
        features = {"predictions": values, "references": values, "texts": _INT, "languages": _TEXT}
        return _info("SHAP drift of a treated model against its reference.", features)

    def _compute(
        self, predictions: Any, references: Any, texts: Any, languages: Any, threshold: float = drift.THRESHOLD
    ) -> dict[str, Any]:
        names, language_of_token = np.unique(np.asarray(languages), return_inverse=True)
        _, first, text = np.unique(np.asarray(texts), return_index=True, return_inverse=True)
        reference, cell = np.asarray(references, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
        sums, present = drift.set_sums(reference, cell, text, len(first), threshold)
        table = drift.drift(sums, present, language_of_token[first], len(names))
        told = {
            str(name): {kind: table[row, :, place].tolist() for place, kind in enumerate(drift.SETS)}
            for row, name in enumerate(names)
        }
        return {"neutral_drift": float(neutral.neutral_drift(table[..., drift.SETS.index("neutral")])), "drift": told}


def _info(description: str, features: dict[str, Any]) -> evaluate.MetricInfo:
    return evaluate.MetricInfo(
        description=description,
        citation=_CITATION,
        inputs_description="One row a text (drift: a token); see the class.",
        features=datasets.Features(features),
    )
