"""The paper's claims as a table: an estimate, its interval, and whether the claim holds."""

from collections.abc import Callable
from dataclasses import dataclass

from leaderboard.measures.drift import THRESHOLD
from leaderboard.reading.sources import Found, Source
from leaderboard.reading.store import Cell
from leaderboard.replication import published
from leaderboard.replication.numbers import Got, Missing
from leaderboard.replication.page import Entry, Heading, Table, fixed, ranged, word
from leaderboard.replication.published import paper_uptake
from leaderboard.replication.scores import ACCURACY, DIFFERENCE, lid
from leaderboard.replication.studies import BALANCED, NOT_IN_GRID, Study
from leaderboard.replication.wording import captioned, method_shown, model_shown, reading, shown

FindFor = Callable[[str], Callable[[Cell], Found]]
"""Takes a skewed regime and returns what finds a cell's number."""

HOW = (
    "Holds: the 95% interval lies on the claimed side of 0; contrary: on the other side; cannot be told: it has 0 in "
    "it, or there is none. Of twenty claims that are all untrue, one interval on average leaves out 0 by chance.",
    "Differences are paired by seed. Less balanced: less the balanced, unweighted model. With one seed the interval is "
    "over texts and speaks of these two trained models alone, not of training.",
    "CW: per-language weights; their rows are the weighted less the unweighted model of the same skewed set. The "
    "paper's differences and uptakes are computed from the numbers that it prints.",
)


@dataclass(frozen=True)
class Claim:
    """One line of the table.

    Attributes:
        claim: the paper's sentence that it belongs to.
        measure: what is estimated.
        sign: 1 where the claim is an estimate above 0, -1 below.
        estimate: takes a study and a skewed regime.
        paper: the paper's own number for its name of the task and its tables' numbers (accuracy, language ID).
        digits: after the point.
    """

    claim: str
    measure: str
    sign: int
    estimate: Callable[[Study, str], Got]
    paper: Callable[[str, str, str], float | None] = lambda task, accuracy, identification: None
    digits: int = 3


def claims_table(studies: list[Study], regime: str) -> Table:
    """Return the claims for one task, model and recipe under one skewed regime, a column for each method.

    Args:
        studies: of one task, model and recipe.
        regime: the skewed regime.
    """
    first, missing = studies[0], Missing()
    papers = _tables(first, regime)
    headings = [Heading("claim", kind="word"), Heading("measure", kind="word"), Heading("paper", kind="paper")]
    for study in studies:
        title = method_shown(study.method) + (
            f" ({study.variant})" if len(studies) > len({s.method for s in studies}) else ""
        )
        headings += [Heading("here", title), Heading("verdict", title)]
    rows, told, matched = [], 0, 0
    for claim in CLAIMS:
        paper = claim.paper(first.task_as, *papers) if papers else None
        row = [
            word(claim.claim),
            word(claim.measure),
            Entry("-" if paper is None else fixed(paper, claim.digits, signed=True)),
        ]
        found = [claim.estimate(study, regime) for study in studies]
        if all(got.word == NOT_IN_GRID for got in found):
            missing.add(claim.measure, found[0])
            continue
        told += paper is not None
        for study, got in zip(studies, found, strict=True):
            missing.add(f"{claim.measure} ({study.method})", got)
            matched += paper is not None and study is first and got.number.value is not None
            row += [_estimate(got, claim.digits), verdict(got, claim.sign)]
        rows.append(tuple(row))
    caption = f"The paper's claims: {shown(first)}, {model_shown(first)}, {regime} against balanced"
    notes = (*reading(studies), *missing.sentences())
    return Table(captioned(caption, studies), tuple(headings), tuple(rows), notes, told, matched)


def verdict(got: Got, sign: int) -> Entry:
    """Return whether the interval lies on the claimed side of 0."""
    number = got.number
    if number.value is None:
        return Entry(got.word or "missing", "missing")
    if number.low is None or number.high is None or number.low <= 0 <= number.high:
        return Entry("cannot be told", "unclear")
    here = "" if number.seeds > 1 else ", one seed"
    return Entry(f"holds{here}", "holds") if number.value * sign > 0 else Entry(f"contrary{here}", "contrary")


def _estimate(got: Got, digits: int) -> Entry:
    told = ranged(got, digits)
    return Entry(f"{told.text}, n {got.number.seeds}", told.tone) if got.number.value is not None else told


def _tables(study: Study, regime: str) -> tuple[str, str] | None:
    """Return the numbers of the tables that the paper has for this study: accuracy and language identification."""
    if not study.is_papers or regime != "imbalanced":
        return None
    return {("mBERT", False): ("3", "4"), ("XLM-R", True): ("6", "7")}.get((study.model_as, bool(study.entropy)))


def _own(find: FindFor, *, over_texts: bool = False) -> Callable[[Study, str], Got]:
    return lambda study, regime: study.get((regime, "none"), find(regime), paired=True, over_texts=over_texts)


def _rise(find: FindFor) -> Callable[[Study, str], Got]:
    return lambda study, regime: study.less((regime, "none"), BALANCED, find(regime))


def _weights(find: FindFor) -> Callable[[Study, str], Got]:
    return lambda study, regime: study.less((regime, "per_language"), (regime, "none"), find(regime))


def _same(source: Source) -> FindFor:
    return lambda regime: source


def _skew_uptake(regime: str) -> Callable[[Cell], Found]:
    source = Source("skew_uptake", "predict", by={"skew": regime})

    def find(cell: Cell) -> Found:
        found = source(cell)
        # A balanced cell's block lists every skewed regime of the grid: that is no difference of method.
        return found._replace(made_by=" ".join(found.made_by.split()[:2]))

    return find


def _neutral_uptake(regime: str) -> Callable[[Cell], Found]:
    return Source("neutral_uptake", "attributions", {"threshold": THRESHOLD}, {"skew": regime})


def _printed(metric: str, setup: str, other: str) -> Callable[[str, str, str], float | None]:
    """Return what finds the difference of two numbers that the paper prints."""

    def find(task: str, accuracy: str, identification: str) -> float | None:
        table = accuracy if metric == "test_accuracy" else identification
        one, two = (published.published(table, dataset=task, setup=name, metric=metric) for name in (setup, other))
        return None if one is None or two is None else one.number - two.number

    return find


def _uptake(task: str, accuracy: str, identification: str) -> float | None:
    return paper_uptake(task) if accuracy == "3" else None  # Table 2 is mBERT's


_CW = "imbalanced+per_language"
FALLS, FOLLOW = "accuracy falls", "predictions follow the skew"
SEPARATE, NEUTRAL, UNDONE = "languages separate", "neutral tokens drift", "CW undo part of it"

_TEST, _PROBE = _same(lid("test", "")), _same(lid("probe", ""))
_COMPRESSION = _same(Source("compression", "features", {"probe": "online", "corpus": "probe"}))
_DRIFT = _same(Source("neutral_drift", "attributions", {"threshold": THRESHOLD}))
_ORIGINAL, _WIKIPEDIA, _ACCURACY = "lid_accuracy_original", "lid_accuracy_wikipedia", "test_accuracy"


def _skewed(metric: str) -> Callable[[str, str, str], float | None]:
    return _printed(metric, "imbalanced", "balanced")


def _weighted(metric: str) -> Callable[[str, str, str], float | None]:
    return _printed(metric, _CW, "imbalanced")


CLAIMS = (
    Claim(FALLS, "accuracy less balanced", -1, _own(_same(DIFFERENCE)), _skewed(_ACCURACY)),
    Claim(FOLLOW, "skew uptake", 1, _own(_skew_uptake), _uptake, 2),
    Claim(FOLLOW, "skew uptake less balanced", 1, _rise(_skew_uptake), digits=2),
    Claim(SEPARATE, "language ID, test set, less balanced", 1, _rise(_TEST), _skewed(_ORIGINAL)),
    Claim(SEPARATE, "language ID, probe corpus, less balanced", 1, _rise(_PROBE), _skewed(_WIKIPEDIA)),
    Claim(SEPARATE, "compression of languages, probe corpus, less balanced", 1, _rise(_COMPRESSION), digits=2),
    Claim(NEUTRAL, "neutral uptake", 1, _own(_neutral_uptake, over_texts=True)),
    Claim(NEUTRAL, "neutral drift less the placebo's", 1, _own(_DRIFT, over_texts=True)),
    Claim(UNDONE, "CW: accuracy", 1, _weights(_same(ACCURACY)), _weighted(_ACCURACY)),
    Claim(UNDONE, "CW: skew uptake", -1, _weights(_skew_uptake), digits=2),
    Claim(UNDONE, "CW: language ID, test set", -1, _weights(_TEST), _weighted(_ORIGINAL)),
    Claim(UNDONE, "CW: language ID, probe corpus", -1, _weights(_PROBE), _weighted(_WIKIPEDIA)),
    Claim(UNDONE, "CW: compression of languages, probe corpus", -1, _weights(_COMPRESSION), digits=2),
    Claim(UNDONE, "CW: neutral uptake", -1, _weights(_neutral_uptake)),
    Claim(UNDONE, "CW: neutral drift less the placebo's", -1, _weights(_DRIFT)),
)
