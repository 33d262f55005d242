"""From counts to a report: strengths, cells, weights, and places in words."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adapters import EmptyCellWarning, get_weighting
from benchmark.auditing.report import (
    Cell,
    Doubt,
    DuplicateReport,
    Looks,
    Pair,
    Report,
    SplitReport,
    Strength,
    Weights,
)
from leaderboard.statistics.multiplicity import holm
from tasks.audit import identification
from tasks.audit.association import associate
from tasks.audit.cells import compare, distance
from tasks.audit.columns import Chosen
from tasks.audit.counting import Split
from tasks.audit.data import Data
from tasks.audit.duplicates import Duplicates
from tasks.audit.reading import Found


def report_on(data: Data, chosen: Chosen, found: Found) -> Report:
    """Return the report on what was read."""
    looks = identification.identify(found.samples) if found.samples else None
    places = [f"{part.place.removeprefix(f'{data.name}/')}, {part.unit}" for part in data.parts]
    joined = [f"labels are joined by {found.separator!r} in {chosen.label[0]!r}"] if found.separator else []
    return Report(
        data=data.name,
        columns={"text": chosen.text, "label": chosen.label, "language": (chosen.language,) if chosen.language else ()},
        guessed=chosen.guessed,
        notes=(*data.notes, *joined),
        several=found.several,
        languages=found.languages,
        labels=found.labels,
        splits={split.name: _split(split, found) for split in found.splits},
        duplicates=_duplicates(found.duplicates, places),
        looks=None if looks is None else {language: _looks(seen, places) for language, seen in looks.items()},
        weights=_weights(_training(found.splits), found),
    )


def _split(split: Split, found: Found) -> SplitReport:
    languages, labels = found.languages, found.labels
    strengths = _by_label(split, labels) if found.several else {}
    distances = {} if found.several else dict(zip(languages, distance(split.counts, split.texts).tolist(), strict=True))
    return SplitReport(
        rows=split.rows,
        missing=split.missing,
        texts=dict(zip(languages, split.texts.tolist(), strict=True)),
        counts={
            language: dict(zip(labels, row, strict=True))
            for language, row in zip(languages, split.counts.tolist(), strict=True)
        },
        strength=None if found.several else _strength(split.counts),
        by_label=strengths,
        cells=_cells(split, found),
        distance={language: value for language, value in distances.items() if np.isfinite(value)},
    )


def _strength(counts: NDArray[np.int64]) -> Strength | None:
    association = associate(counts)
    if association is None:
        return None
    n = counts.sum()
    language, label = (_entropy(counts.sum(axis=axis) / n) for axis in (1, 0))
    plain = max(0.0, language + label - _entropy(counts.ravel() / n))
    # Not by the cells that have texts, as on the board: in a table of many cells and few texts that is too little.
    bits = float(plain - association.degrees / (2 * n * np.log(2)))
    return Strength(association, association.p, bits, plain, label, max(0.0, bits / label))


def _entropy(shares: NDArray[np.float64]) -> float:
    there = shares[shares > 0]
    return float(-(there * np.log2(there)).sum())


def _by_label(split: Split, labels: Sequence[str]) -> dict[str, Strength]:
    """Return the strength for each label's presence, the tests corrected for the number of labels."""
    found = {label: _strength(_presence(split, place)) for place, label in enumerate(labels)}
    known = {label: strength for label, strength in found.items() if strength is not None}
    corrected = holm(np.array([strength.p for strength in known.values()]))
    return {
        label: Strength(one.association, p, one.bits, one.bits_plain, one.label_bits, one.share)
        for (label, one), p in zip(known.items(), corrected.tolist(), strict=True)
    }


def _presence(split: Split, label: int) -> NDArray[np.int64]:
    """Return the texts of each language without and with a label, ``[L, 2]``."""
    present = split.counts[:, label]
    return np.stack([split.texts - present, present], axis=1)


def _cells(split: Split, found: Found) -> tuple[Cell, ...]:
    compared = compare(split.counts, split.texts)
    p = holm(compared.p.ravel()).reshape(compared.p.shape)
    order = np.argsort(-np.abs(compared.residual), axis=None, kind="stable")
    places = np.stack(np.unravel_index(order, p.shape), axis=1).tolist()
    return tuple(
        Cell(
            found.languages[language],
            found.labels[label],
            int(split.counts[language, label]),
            float(compared.expected[language, label]),
            float(compared.ratio[language, label]),
            float(compared.residual[language, label]),
            float(p[language, label]),
            float(compared.skew[language, label]),
        )
        for language, label in places
        if np.isfinite(compared.residual[language, label])
    )


def _training(splits: Sequence[Split]) -> Split:
    """Return the split called train, or else the largest."""
    return next((split for split in splits if split.name == "train"), max(splits, key=lambda split: split.rows))


def _weights(split: Split, found: Found) -> Weights:
    weigh = _positive_weights if found.several else _plain_weights
    overall, each = weigh(split, "global"), weigh(split, "per_language")
    rows = zip(found.languages, split.texts.tolist(), each.tolist(), strict=True)
    return Weights(
        split=split.name,
        kind="pos_weight" if found.several else "weight",
        overall=dict(zip(found.labels, overall[0].tolist(), strict=True)),
        per_language={language: dict(zip(found.labels, row, strict=True)) for language, texts, row in rows if texts},
    )


def _plain_weights(split: Split, weighting: str) -> NDArray[np.float64]:
    return _weighed(split.counts, weighting)


def _positive_weights(split: Split, weighting: str) -> NDArray[np.float64]:
    """Return the weight of presence over that of absence, ``[L, C]``; 1 where one of them never occurs."""
    tables = (_presence(split, label) for label in range(split.counts.shape[1]))
    weights = np.stack([_weighed(table, weighting) for table in tables], axis=1)
    both = (weights > 0).all(axis=2)
    return np.divide(weights[..., 1], weights[..., 0], out=np.ones(both.shape), where=both)


def _weighed(counts: NDArray[np.int64], weighting: str) -> NDArray[np.float64]:
    """Return weights without the warning about empty cells, which the report names itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmptyCellWarning)
        return get_weighting(weighting)(counts)


def _duplicates(found: Duplicates, places: Sequence[str]) -> DuplicateReport:
    shared: dict[str, dict[str, int]] = {}
    for (one, other), count in found.shared.items():
        shared.setdefault(one, {})[other] = count
    examples = {
        kind: tuple(Pair(*(f"{places[place.part]} {place.row}" for place in pair)) for pair in pairs)
        for kind, pairs in found.examples.items()
    }
    counts = (found.conflicting, found.conflicting_rows, found.multilingual)
    return DuplicateReport(found.texts, found.distinct, found.repeated, shared, *counts, examples, found.chance)


def _looks(seen: identification.Looks, places: Sequence[str]) -> Looks:
    doubts = (Doubt(f"{places[text.part]} {text.row}", like, text.text) for text, like in seen.examples)
    return Looks(seen.checked, seen.skipped, seen.other, tuple(doubts))
