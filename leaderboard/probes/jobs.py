"""The jobs that run language probes on a cell's features: on all texts, on single layers, and within true labels."""

from collections.abc import Callable, Iterator

from leaderboard.measures import leakage, online_coding
from leaderboard.measures.probing import shuffled_within
from leaderboard.measuring.jobs import Job, on_one_thread, value
from leaderboard.probes.control_jobs import confound_job, matched_jobs
from leaderboard.probes.corpus import SCALED, Corpus, corpora
from leaderboard.probes.runs import PROBE_SEED, SHUFFLE_SEED, Outcome, apart, coded, together, told, told_by_paper
from leaderboard.probes.values import (
    Controls,
    above_chance_values,
    bits_values,
    compression_values,
    leakage_values,
    saved_values,
)
from leaderboard.reading.measured import Value
from leaderboard.reading.store import Cell


def probe_jobs(cell: Cell) -> Iterator[Job]:
    """Yield the probes on a cell's features. What is not run on every vector is run on those that the board shows."""
    for corpus in corpora(cell):
        for vectors in corpus.vectors():
            yield on_one_thread(
                _layer_job(corpus, vectors) if vectors.startswith("layer_") else _whole_job(corpus, vectors)
            )
        yield on_one_thread(confound_job(corpus))
        main = corpus.board_vectors()
        if main and corpus.name == "test":
            yield on_one_thread(_within_job(corpus, main))
        if main and corpus.name == "probe":
            for job in matched_jobs(corpus, main):
                yield on_one_thread(job)


def _whole_job(corpus: Corpus, vectors: str) -> Job:
    """Return all probes on all texts.

    The control with shuffled languages is run for ``paper`` and ``online``; ``default`` has the same folds as
    ``paper``, and its control would cost as much as all the rest.
    """
    blocks = [
        corpus.block(leakage.MEASURE, "paper", vectors=vectors),
        corpus.block(leakage.MEASURE, "default", vectors=vectors),
        corpus.block(online_coding.COMPRESSION, "online", vectors=vectors),
        corpus.block(online_coding.BITS, "online", vectors=vectors),
        corpus.block(leakage.ABOVE_CHANCE, "paper", vectors=vectors),
        corpus.block(leakage.ABOVE_CHANCE, "default", vectors=vectors),
        corpus.block(online_coding.SAVED, "online", vectors=vectors),
    ]

    def compute() -> list[list[Value]]:
        texts = corpus.texts(corpus.rows(), vectors)
        few = texts.take(texts.few())
        c = leakage.PROBES
        paper, default, online = told(texts, c["paper"]), told(few, c["default"]), coded(few)
        shuffled: Controls = {"shuffled": told(texts.mixed(PROBE_SEED), c["paper"])}
        shuffled_code: Controls = {"shuffled": coded(few.mixed(SHUFFLE_SEED))}
        return [
            leakage_values(paper, shuffled),
            leakage_values(default, {}),
            compression_values(online, shuffled_code),
            bits_values(online, shuffled_code),
            above_chance_values(paper, shuffled),
            above_chance_values(default, {}),
            saved_values(online, shuffled_code | {"no features": coded(few.blank())}),
        ]

    return Job(blocks, compute)


def _layer_job(corpus: Corpus, vectors: str) -> Job:
    """Return the probes ``paper`` and ``online`` on the vectors of one layer."""
    blocks = [
        corpus.block(leakage.MEASURE, "paper", vectors=vectors),
        corpus.block(leakage.ABOVE_CHANCE, "paper", vectors=vectors),
        corpus.block(online_coding.COMPRESSION, "online", vectors=vectors),
        corpus.block(online_coding.SAVED, "online", vectors=vectors),
    ]

    def compute() -> list[list[Value]]:
        texts = corpus.texts(corpus.rows(), vectors)
        paper, online = told(texts, leakage.PROBES["paper"]), coded(texts.take(texts.few()))
        return [
            leakage_values(paper, {}),
            above_chance_values(paper, {}),
            compression_values(online, {}),
            saved_values(online, {}),
        ]

    return Job(blocks, compute)


def _within_job(corpus: Corpus, vectors: str) -> Job:
    """Return the probes among the texts of one true label, where a signal of the label tells no language.

    Beside them the same with shuffled labels: as many texts of each language, of any label.
    """
    blocks = [
        corpus.block(leakage.MEASURE, "paper", vectors=vectors, within="label", C_times=SCALED),
        corpus.block(leakage.ABOVE_CHANCE, "paper", vectors=vectors, within="label", C_times=SCALED),
        corpus.block(online_coding.SAVED, "online", vectors=vectors, within="label"),
    ]

    def compute() -> list[list[Value]]:
        rows = corpus.rows()
        if rows.label is None:
            return [[value(None, reason="the features were made without the labels of texts")] for _ in blocks]
        texts, label, labels = corpus.texts(rows, vectors), rows.label, corpus.labels
        random = shuffled_within(texts.language, label, texts.group, PROBE_SEED)
        chosen = texts.few()
        few, paper = texts.take(chosen), told_by_paper(len(label))
        own = apart(paper, texts, label, len(labels))
        own_code = apart(coded, few, label[chosen], len(labels))
        share = {"as many texts": apart(paper, texts, random, len(labels))}
        code = {
            "as many texts": apart(coded, few, random[chosen], len(labels)),
            "no features": apart(coded, few.blank(), label[chosen], len(labels)),
        }
        return [
            _over_labels(leakage_values, labels, own, share),
            _over_labels(above_chance_values, labels, own, share),
            _over_labels(saved_values, labels, own_code, code),
        ]

    return Job(blocks, compute)


def _over_labels(
    values: Callable[[Outcome | str, Controls, dict[str, str] | None], list[Value]],
    labels: tuple[str, ...],
    own: list[Outcome | str],
    controls: dict[str, list[Outcome | str]],
) -> list[Value]:
    """Return the values over all labels, weighted by their texts, with the controls, and those of each label."""
    found = values(together(own), {name: together(parts) for name, parts in controls.items()}, None)
    for number, label in enumerate(labels):
        found += values(own[number], {}, {"label": label})
    return found
