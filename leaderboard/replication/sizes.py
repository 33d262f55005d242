"""Table 5 (numbers of rows) and appendix A.4 (how a threshold splits the tokens)."""

from leaderboard.measures.drift import THRESHOLD, THRESHOLDS
from leaderboard.reading.sources import Source
from leaderboard.replication import published
from leaderboard.replication.beside import papers_columns, titled
from leaderboard.replication.counting import SPLITS, counts
from leaderboard.replication.distributions import TRIPLE
from leaderboard.replication.numbers import Got, Missing
from leaderboard.replication.page import Entry, Heading, Table, ranged, value, word
from leaderboard.replication.published import Published
from leaderboard.replication.studies import BALANCED, NOT_IN_GRID, Study
from leaderboard.replication.wording import captioned, method_shown, shown
from leaderboard.statistics.averaging import Number

NOTHING = Got(Number(None, reason=NOT_IN_GRID), NOT_IN_GRID)


def rows_table(studies: list[Study]) -> Table:
    """Return Table 5: numbers of rows of each split, in the balanced and the imbalanced set.

    Args:
        studies: one for each data set that is the paper's, or stands in for it.
    """
    headings, missing = [Heading("split", kind="word")], Missing()
    columns = papers_columns(studies, ("XNLI", "Amazon reviews"))
    for task, study in columns:
        headings += [Heading(text, titled(task, study), kind) for text, kind in TRIPLE]
    rows, matched = [], set()
    for split in SPLITS:
        row = [word(split.capitalize())]
        for task, study in columns:
            paper = published.published("5", dataset=task, metric=f"rows_{split}")
            assert paper is not None, f"paper.csv has no Table 5, {task}, {split}"
            here = _rows(study, split) if study else {}
            matched |= {(split, task)} if here else set()
            row += _counted(paper, here, NOT_IN_GRID if study is None else "not drawn yet", missing, task)
        rows.append(tuple(row))
    own = [study for _, study in columns if study]
    notes = ("The paper's numbers are rounded.", *missing.sentences())
    caption = "Table 5: number of datapoints for train, validation and test split"
    return Table(captioned(caption, own), tuple(headings), tuple(rows), notes, 2 * len(SPLITS), len(matched))


def threshold_table(studies: list[Study]) -> Table:
    """Return the split of appendix A.4: tokens negative, neutral and positive by the balanced model's values."""
    kinds = ("negative", "neutral", "positive")
    headings = [Heading(text, kind="word") for text in ("dataset", "model, method", "threshold")]
    headings += [Heading(text, f"{kind}, %", told) for kind in kinds for text, told in TRIPLE]
    papers = {kind: published.published("A.4", label=kind) for kind in kinds}
    missing, matched = Missing(), 0
    rows = []
    if not any(study.is_papers for study in studies):
        told = [entry for kind in kinds for entry in _triple(papers[kind], NOTHING)]
        rows.append((word("the paper's"), word("-"), word(f"{THRESHOLD:g}"), *told))
    for study in studies:
        for threshold in THRESHOLDS:
            row = [word(shown(study)), word(f"{study.model}, {method_shown(study.method)}"), word(f"{threshold:g}")]
            for kind in kinds:
                source = Source("set_share", "attributions", {"threshold": threshold}, {"set": kind})
                got = study.get(BALANCED, source, over_texts=True)
                missing.add(f"{shown(study)}, {study.method}", got)
                paper = papers[kind] if threshold == THRESHOLD and study.is_papers else None
                matched += paper is not None and got.number.value is not None
                row += _triple(paper, got)
            rows.append(tuple(row))
    notes = (
        'The paper: "an approximate 20/60/20 split" at 0.01, too few neutral tokens at 0.001, similar results at 0.05.',
        "Here: tokens of the balanced, unweighted model, each counted once for each label.",
        *missing.sentences(),
    )
    caption = "Appendix A.4: tokens that a threshold calls negative, neutral and positive"
    return Table(captioned(caption, studies), tuple(headings), tuple(rows), notes, len(kinds), min(matched, len(kinds)))


def one_a_data_set(studies: list[Study]) -> list[Study]:
    """Return one study for each task, version and rule of sizes: those of one data set differ in training only."""
    found: dict[tuple[str, int, str], Study] = {}
    for study in studies:
        spec = study.first.spec
        key = (study.task, spec.task_version, study.sizes)
        known = found.get(key)
        if known is None or (not _drawn(known) and _drawn(study)):
            found[key] = study
    return list(found.values())


def _drawn(study: Study) -> bool:
    return any(counts(cell) is not None for cell in study.cells(("imbalanced", "none")))


def _rows(study: Study, split: str) -> dict[str, int]:
    """Return the number of rows by regime; seeds of one regime have equal numbers."""
    found: dict[str, int] = {}
    for setup in (BALANCED, ("imbalanced", "none")):
        for cell in study.cells(setup):
            tables = counts(cell)
            if tables is not None:
                found[setup[0]] = int(tables[split].sum())
    return found


def _counted(paper: Published, here: dict[str, int], lacking: str, missing: Missing, place: str) -> list[Entry]:
    if not here:
        missing.add(place, Got(Number(None), lacking))
        return [Entry(paper.text), Entry(lacking, "missing"), Entry("-", "missing")]
    regimes = {number: [regime for regime in here if here[regime] == number] for number in here.values()}
    told = [f"{number:,}" + (f" ({', '.join(own)})" if len(regimes) > 1 else "") for number, own in regimes.items()]
    return [Entry(paper.text), Entry("; ".join(told)), Entry("; ".join(f"{n - paper.number:+,.0f}" for n in regimes))]


def _triple(paper: Published | None, got: Got) -> list[Entry]:
    if paper is None:
        return [Entry("-"), value(got, 1, scale=100), Entry("-")]
    return [Entry(paper.text), value(got, 1, scale=100), ranged(got, 1, less=paper.number, scale=100)]
