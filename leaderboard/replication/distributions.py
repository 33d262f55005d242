"""Tables 1 (labels of the training set) and 2 (labels predicted), by groups of languages with equal training shares."""

from collections.abc import Callable
from functools import partial

from leaderboard.reading.store import Cell
from leaderboard.replication import published
from leaderboard.replication.beside import ONE_SEED
from leaderboard.replication.counting import PredictedShare, counts, language_groups
from leaderboard.replication.numbers import Got, Missing
from leaderboard.replication.page import Entry, Heading, Kind, Table, ranged, value, word
from leaderboard.replication.published import Published
from leaderboard.replication.studies import NOT_IN_GRID, Setup, Study, name
from leaderboard.replication.wording import captioned, method_shown, reading, shown
from leaderboard.statistics.averaging import Number

Group = tuple[str, ...]
PARTS = {"a": "Amazon reviews", "b": "XNLI"}
NOT_HERE = f"Here: {NOT_IN_GRID} (no such task and model, trained in full, in these results)."
IMBALANCED: Setup = ("imbalanced", "none")
TRIPLE: tuple[tuple[str, Kind], ...] = (("paper", "paper"), ("here", "here"), ("difference", "here"))


def training_tables(part: str, studies: list[Study]) -> list[Table]:
    """Return Table 1a or 1b: labels of each group of languages in the imbalanced training set.

    Args:
        part: ``a`` or ``b``.
        studies: of the part's task, or of what stands in for it, one for each data set.
    """
    caption = f"Table 1{part}: distribution of training and validation set labels, imbalanced: {PARTS[part]}"
    tables = []
    for study in studies:
        notes = ("Here: the rows that were drawn for training.",)
        tables += _tables(caption, f"1{part}", study, partial(training_share, study), notes)
    return tables or [_papers_alone(caption, f"1{part}", NOT_HERE)]


def predicted_tables(part: str, studies: list[Study]) -> list[Table]:
    """Return Table 2a or 2b: labels that the imbalanced mBERT model predicts, for each group of languages."""
    caption = f"Table 2{part}: distribution of test set predictions, mBERT trained on the imbalanced set: {PARTS[part]}"
    tables = []
    for study in studies:
        alone = (ONE_SEED,) if len(study.cells(IMBALANCED)) == 1 else ()
        notes = (*reading([study]), "Here: the mean over the group's languages.", *alone)
        tables += _tables(caption, f"2{part}", study, partial(predicted_share, study, IMBALANCED), notes)
    return tables or [_papers_alone(caption, f"2{part}", NOT_HERE)]


def predictions_beyond(caption: str, studies: list[Study]) -> list[Table]:
    """Return the shares of predicted labels of all setups, one table for each set of labels."""
    tables = []
    for labels in dict.fromkeys(study.first.spec.labels for study in studies):
        own = [study for study in studies if study.first.spec.labels == labels]
        missing, rows = Missing(), []
        for study in own:
            for setup in study.rows:
                if study.repeats(setup):
                    continue
                for group in _groups(study, setup):
                    found = [predicted_share(study, setup, group, label) for label in labels]
                    missing.add(f"{shown(study)}, {study.method}, {name(setup)}", found[0])
                    names = (shown(study), method_shown(study.method), name(setup), _upper(group))
                    rows.append((*map(word, names), *[value(got, 1, scale=100) for got in found]))
        headings = [Heading(text, kind="word") for text in ("dataset", "method", "training setup", "languages")]
        headings += [Heading(label, "predicted, % (seeds)") for label in labels]
        notes = ("Languages: gathered by equal shares of labels in training.", *missing.sentences())
        tables.append(Table(captioned(caption, own), tuple(headings), tuple(rows), notes))
    return tables


def training_share(study: Study, group: Group, label: str) -> Got:
    """Return the percentage of a label among the imbalanced training rows of a group of languages."""
    for cell in study.cells(IMBALANCED):
        tables = counts(cell)
        if tables is not None:
            rows = tables["train"][[cell.spec.languages.index(language) for language in group]].sum(axis=0)
            return Got(Number(100 * float(rows[cell.spec.labels.index(label)]) / float(rows.sum())))
    word_ = "not drawn yet" if IMBALANCED in study.rows else NOT_IN_GRID
    return Got(Number(None, reason=word_), word_)


def predicted_share(study: Study, setup: Setup, group: Group, label: str) -> Got:
    """Return the percentage of a label among the predictions for a group of languages."""
    return study.get(setup, PredictedShare(group, label, len(study.cells(setup)) == 1))


def _tables(
    caption: str, table: str, study: Study, find: Callable[[Group, str], Got], notes: tuple[str, ...]
) -> list[Table]:
    """Return the paper's table with this side's numbers in it; two tables where labels or languages are others."""
    labels, groups = list(study.first.spec.labels), _groups(study, IMBALANCED)
    here = captioned(caption if caption.endswith(shown(study)) else f"{caption}; here {shown(study)}", [study])
    missing = Missing()
    papers = {frozenset(group): group for group in published.groups(table)}
    if labels != published.labels(table) or {frozenset(group) for group in groups} != set(papers):
        other = "Labels or groups of languages are not the paper's, so that no number has one beside it."
        rows = [
            (word(_upper(group)), *[_counted(find(group, label), missing, group) for label in labels])
            for group in groups
        ]
        headings = (Heading("languages", kind="word"), *[Heading(label, "here, %") for label in labels])
        alone = _papers_alone(
            caption, table, f"Here: {shown(study)} has other labels or groups of languages; see below."
        )
        return [alone, Table(here, headings, tuple(rows), (*notes, other, *missing.sentences()))]
    entries, matched = [], 0
    for group in groups:
        row = [word(_upper(papers[frozenset(group)]))]
        for label in labels:
            got = find(group, label)
            missing.add(_upper(group), got)
            matched += got.number.value is not None
            row += _triple(table, papers[frozenset(group)], label, got)
        entries.append(tuple(row))
    order = list(papers)
    entries.sort(key=lambda row: [_upper(papers[key]) for key in order].index(row[0].text))
    published_ = len(entries) * len(labels)
    return [Table(here, _headings(labels), tuple(entries), (*notes, *missing.sentences()), published_, matched)]


def _papers_alone(caption: str, table: str, why: str) -> Table:
    labels = published.labels(table)
    rows = [
        (word(_upper(group)), *[Entry(_paper(table, group, label).text) for label in labels])
        for group in published.groups(table)
    ]
    headings = (Heading("languages", kind="word"), *[Heading(label, "paper, %", "paper") for label in labels])
    return Table(caption, headings, tuple(rows), (why,), len(rows) * len(labels))


def _headings(labels: list[str]) -> tuple[Heading, ...]:
    triples = [Heading(text, f"{label}, %", kind) for label in labels for text, kind in TRIPLE]
    return (Heading("languages", kind="word"), *triples)


def _triple(table: str, group: Group, label: str, got: Got) -> list[Entry]:
    paper = _paper(table, group, label)
    scale = 1.0 if table.startswith("1") else 100.0
    return [Entry(paper.text), value(got, _digits(paper), scale=scale), _less(got, paper, scale)]


def _paper(table: str, group: Group, label: str) -> Published:
    found = published.published(table, languages="+".join(group), label=label)
    assert found is not None, f"paper.csv has no Table {table}, {group}, {label}"
    return found


def _less(got: Got, paper: Published, scale: float) -> Entry:
    return ranged(got, _digits(paper), less=paper.number, scale=scale)


def _digits(paper: Published) -> int:
    return max(1, paper.digits)


def _counted(got: Got, missing: Missing, group: Group) -> Entry:
    missing.add(_upper(group), got)
    return value(got, 1, scale=100.0 if got.number.seeds else 1.0)


def _groups(study: Study, setup: Setup) -> list[Group]:
    """Return the groups of a setup; for one without a skew those of the study's first skewed regime, if it has any."""
    cells: list[Cell] = study.cells(setup)
    if not cells or len(language_groups(cells[0])) == 1:
        regimes = [own for own in study.rows if own[0] in study.skewed]
        cells = study.cells(regimes[0]) if regimes else cells or [study.first]
    return language_groups(cells[0])


def _upper(group: Group) -> str:
    return ", ".join(group).upper()
