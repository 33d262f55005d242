"""The jobs that ask what else tells the languages of a corpus apart: length and source, alone and matched."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from leaderboard.measures import leakage, matching, online_coding
from leaderboard.measuring.jobs import Job, block, value
from leaderboard.probes.corpus import SCALED, Corpus, languages_of, texts_of
from leaderboard.probes.runs import PROBE_SEED, Outcome, Texts, alike, coded, told, told_by_paper
from leaderboard.probes.values import above_chance_values, leakage_values, majority_value, saved_values, share_values
from leaderboard.reading.artifacts import FeatureRows
from leaderboard.reading.measured import Value

MATCHES = ("length", "length and source")
NO_LENGTH = "the features were made by an earlier version, without the lengths of texts"
NO_SOURCE = "the corpus names no source"


def confound_job(corpus: Corpus) -> Job:
    """Return the probes that are given the lengths or the sources of texts instead of features."""
    names = ("length", "source") if corpus.name == "probe" else ("length",)
    blocks = [
        corpus.block(leakage.CONFOUND, "paper"),
        corpus.block(leakage.CONFOUND, "default"),
        corpus.block(online_coding.CONFOUND, "online"),
    ]

    def compute() -> list[list[Value]]:
        rows = corpus.rows()
        found: list[list[Value]] = [[], [], []]
        for name in names:
            texts = _confound(rows, name)
            by = {"control": name}
            paper, default, online = (texts, texts, texts) if isinstance(texts, str) else _probes(texts)
            found[0] += share_values(paper, {}, by)
            found[1] += share_values(default, {}, by)
            found[2] += saved_values(online, {}, by)
        majority = majority_value(languages_of(rows))
        return [[*found[0], majority], [*found[1], majority], found[2]]

    return Job(blocks, compute)


def matched_jobs(corpus: Corpus, vectors: str) -> Iterator[Job]:
    """Yield the probes on texts whose languages do not differ in length, and in length and source."""
    for match in MATCHES:
        yield _texts_job(corpus, match)
        yield _matched_job(corpus, vectors, match)


def _probes(texts: Texts) -> tuple[Outcome | str, Outcome | str, Outcome | str]:
    few = texts.take(texts.few())
    return told(texts, leakage.PROBES["paper"]), told(few, leakage.PROBES["default"]), coded(few)


def _confound(rows: FeatureRows, name: str) -> Texts | str:
    if name == "source":
        return NO_SOURCE if rows.source is None else texts_of(rows, matching.source_features(rows.source))
    if rows.tokens is None or rows.characters is None:
        return NO_LENGTH
    return texts_of(rows, matching.length_features(rows.tokens, rows.characters))


def _texts_job(corpus: Corpus, match: str) -> Job:
    params = {"corpus": corpus.name, "match": match, "seed": PROBE_SEED}

    def compute() -> list[list[Value]]:
        rows = corpus.rows()
        chosen = _matched(rows, match)
        return [[value(None, reason=chosen) if isinstance(chosen, str) else value(len(chosen))]]

    return Job([block(matching.TEXTS, params, corpus.inputs(vectors=False))], compute)


def _matched_job(corpus: Corpus, vectors: str, match: str) -> Job:
    blocks = [
        corpus.block(leakage.MEASURE, "paper", vectors=vectors, match=match, C_times=SCALED),
        corpus.block(leakage.ABOVE_CHANCE, "paper", vectors=vectors, match=match, C_times=SCALED),
        corpus.block(online_coding.SAVED, "online", vectors=vectors, match=match),
    ]

    def compute() -> list[list[Value]]:
        rows = corpus.rows()
        chosen = _matched(rows, match)
        if not isinstance(chosen, str):
            chosen = _enough(chosen, rows, match)
        if isinstance(chosen, str):
            return [[value(None, reason=chosen)] for _ in blocks]
        assert rows.tokens is not None, "they were matched"
        texts = corpus.texts(rows, vectors)
        paper = told_by_paper(len(rows.id))
        matched, random = texts.take(chosen), alike(texts, chosen)
        length = texts_of(rows, matching.length_features(rows.tokens, rows.tokens)[:, :1]).take(chosen)
        shares = {"as many texts": paper(random), "length": paper(length)}
        codes = {name: coded(part.take(part.few())) for name, part in (("as many texts", random), ("length", length))}
        own = paper(matched)
        return [
            leakage_values(own, shares),
            above_chance_values(own, shares),
            saved_values(coded(matched.take(matched.few())), codes),
        ]

    return Job(blocks, compute)


def _matched(rows: FeatureRows, match: str) -> NDArray[np.int64] | str:
    """Return the row numbers of the matched texts, or the reason why none can be matched."""
    if rows.tokens is None:
        return NO_LENGTH
    strata = matching.length_bins(rows.tokens)
    if match == "length and source":
        if rows.source is None:
            return NO_SOURCE
        names, source = np.unique(rows.source.astype(str), return_inverse=True)
        if len(names) == 1:
            return "all texts have one source"
        strata = strata * len(names) + source
    return matching.matched_rows(strata, languages_of(rows), PROBE_SEED)


def _enough(chosen: NDArray[np.int64], rows: FeatureRows, match: str) -> NDArray[np.int64] | str:
    left = len(chosen) // len(np.unique(rows.language.astype(str)))
    if left >= matching.LEAST:
        return chosen
    return f"{left} texts of each language are left where {match} are matched, and {matching.LEAST} are needed"
