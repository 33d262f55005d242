"""Tables 3 and 6 (test accuracy), 4 and 7 (language identification), and the same for what the paper does not have."""

from collections.abc import Callable

from leaderboard.reading.sources import Found, Source
from leaderboard.reading.store import Cell
from leaderboard.replication import published
from leaderboard.replication.beside import Beside, is_real, papers_columns, titled, triple_headings
from leaderboard.replication.numbers import Got, Missing
from leaderboard.replication.page import NOT_HERE, Entry, Heading, Table, ranged, value, word
from leaderboard.replication.published import SETUPS, Published
from leaderboard.replication.studies import BALANCED, NOT_IN_GRID, Setup, Study, name
from leaderboard.replication.wording import captioned, method_shown, reading, shown
from leaderboard.statistics.averaging import Number

Find = Callable[[Cell], Found]
ACCURACY = Source("accuracy", "predict")
DIFFERENCE = Source("accuracy_difference", "predict")


def lid(corpus: str, vectors: str, probe: str = "paper") -> Source:
    """Return where the accuracy of language identification stands.

    Args:
        corpus: ``test`` (the paper's column Original) or ``probe`` (its column Wikipedia).
        vectors: ``pooler`` or ``cls``; empty takes the pooler's where there are such.
        probe: ``paper`` (its code: C = 1e-4) or ``default`` (its text: scikit-learn's default, C = 1).
    """
    params: dict[str, str | float] = {"probe": probe, "corpus": corpus}
    return Source("leakage", "features", params | ({"vectors": vectors} if vectors else {}))


def accuracy_table(number: str, model: str, studies: list[Study]) -> Table:
    """Return Table 3 or 6: a row for each setup, three columns for each task.

    Args:
        number: the table's, ``3`` or ``6``.
        model: the paper's name of the model.
        studies: full fine-tuning of that model, or of what stands in for it.
    """
    missing = Missing()
    columns = papers_columns(studies, ("XNLI", "Amazon reviews"))
    headings = [Heading("training setup", kind="word")]
    for task, study in columns:
        headings += triple_headings(titled(task, study))
    cells = Beside()
    rows = []
    for setup in _setups(studies):
        row = [word(_row_name(setup))]
        for task, study in columns:
            paper = _published(number, model, task, setup, "test_accuracy")
            missing.add(f"{titled(task, study)}, {name(setup)}", got := _get(study, setup, ACCURACY))
            row += cells.triple(paper, got, (task, name(setup)), real=is_real(study))
        rows.append(tuple(row))
    notes = [*reading(studies), *_repeats(studies), *missing.sentences(), *cells.marks()]
    caption = f"Table {number}: test set accuracy for {model}"
    caption = captioned(caption, studies)
    return Table(caption, tuple(headings), tuple(rows), tuple(notes), len(cells.published), len(cells.matched))


def lid_table(number: str, model: str, studies: list[Study]) -> Table:
    """Return Table 4 or 7: rows for each task and setup; columns for the test set and for the probe corpus.

    mBERT's classifier reads the pooler's output and XLM-R's the CLS vector, so these are what the paper probed.
    """
    missing, vectors = Missing(), "cls" if model == "XLM-R" else "pooler"
    headings = [Heading("dataset", kind="word"), Heading("training setup", kind="word")]
    corpora = (("Original", "test", "lid_accuracy_original"), ("Wikipedia", "probe", "lid_accuracy_wikipedia"))
    for title, _, _ in corpora:
        headings += [*triple_headings(title), Heading("here, C = 1 (seeds)", title)]
    cells = Beside()
    rows = []
    for task, study in papers_columns(studies, ("Amazon reviews", "XNLI")):
        for setup in _setups([study] if study else []):
            row = [word(titled(task, study)), word(_row_name(setup))]
            for title, corpus, metric in corpora:
                place = f"{titled(task, study)}, {name(setup)}, {title}"
                missing.add(place, got := _get(study, setup, lid(corpus, vectors)))
                paper = _published(number, model, task, setup, metric)
                row += cells.triple(paper, got, (task, name(setup), title), real=is_real(study))
                row.append(value(_get(study, setup, lid(corpus, vectors, "default"))))
            rows.append(tuple(row))
        if study and (untuned := study.results.untuned(study.first)):
            row = [word(titled(task, study)), word(f"Before fine-tuning ({NOT_HERE})")]
            for _, corpus, _ in corpora:
                got, other = (_alone(untuned, lid(corpus, vectors, probe)) for probe in ("paper", "default"))
                missing.add(f"{titled(task, study)}, before fine-tuning", got)
                row += [Entry("-"), value(got), Entry("-"), value(other)]
            rows.append(tuple(row))
    notes = [
        *reading(studies),
        f"Probe: logistic regression on {vectors} vectors, five folds, with C = 1e-4, the paper's code's penalty. Its "
        "text says scikit-learn's default parameters, C = 1: beside it. Original is the test set, Wikipedia the task's "
        "probe corpus.",
        *_repeats(studies),
        *missing.sentences(),
        *cells.marks(),
    ]
    caption = f"Table {number}: language identification average accuracy for {model}"
    caption = captioned(caption, studies)
    return Table(caption, tuple(headings), tuple(rows), tuple(notes), len(cells.published), len(cells.matched))


def beyond_table(caption: str, studies: list[Study]) -> Table:
    """Return accuracy and language identification of studies that the paper does not have, beside the balanced."""
    missing = Missing()
    measures: tuple[tuple[str, Find], ...] = (
        ("accuracy", ACCURACY),
        ("language ID, Original", lid("test", "")),
        ("language ID, Wikipedia", lid("probe", "")),
    )
    headings = [Heading(text, kind="word") for text in ("dataset", "method", "training setup")]
    for title, _ in measures:
        headings += [Heading("here (seeds)", title), Heading("less balanced", title)]
    rows = []
    for study in studies:
        for setup in _setups([study]):
            row = [word(shown(study)), word(method_shown(study.method)), word(name(setup))]
            for title, find in measures:
                got = study.get(setup, find)
                missing.add(f"{shown(study)}, {study.method}, {name(setup)}, {title}", got)
                row += [value(got), _less_balanced(study, setup, find)]
            rows.append(tuple(row))
    notes = [*reading(studies), *_repeats(studies), *missing.sentences()]
    notes.append(
        "Probe as in Tables 4 and 7 (C = 1e-4), on pooler vectors where the body has a pooler, else CLS. Less "
        "balanced: paired by seed, 95% interval; with one seed, errors over texts of both cells added in quadrature."
    )
    return Table(captioned(caption, studies), tuple(headings), tuple(rows), tuple(notes))


def _alone(cell: Cell, find: Find) -> Got:
    """Return the number of a cell that has no seeds."""
    found = find(cell)
    return Got(Number(found.value, reason=found.reason), "missing")


def _less_balanced(study: Study, setup: Setup, find: Find) -> Entry:
    if setup == BALANCED:
        return Entry("reference")
    # The difference of accuracies is measured row by row, so that one seed has a paired interval.
    return ranged(study.get(setup, DIFFERENCE, paired=True) if find is ACCURACY else study.less(setup, BALANCED, find))


def _setups(studies: list[Study]) -> list[Setup]:
    """Return the paper's setups, then those it does not have; not those that repeat another's work."""
    more = [setup for study in studies for setup in study.rows if setup not in SETUPS and not study.repeats(setup)]
    papers = list(SETUPS) if not studies or studies[0].is_papers else [s for s in SETUPS if s in studies[0].rows]
    return [*papers, *dict.fromkeys(more)]


def _row_name(setup: Setup) -> str:
    return name(setup) if setup in SETUPS else f"{name(setup)} ({NOT_HERE})"


def _repeats(studies: list[Study]) -> list[str]:
    told = {
        f"{name(setup)}, {study.method} ({shown(study)}) is {note}; it was run once."
        for study in studies
        for setup in study.rows
        if setup not in SETUPS and (note := study.repeats(setup))
    }
    return sorted(told)


def _get(study: Study | None, setup: Setup, find: Find) -> Got:
    if study is None:
        return Got(Number(None, reason=f"{NOT_IN_GRID} (no such task and model in these results)"), NOT_IN_GRID)
    return study.get(setup, find)


def _published(table: str, model: str, task: str, setup: Setup, metric: str) -> Published | None:
    if setup not in SETUPS:
        return None
    return published.published(table, model=model, dataset=task, setup=SETUPS[setup], metric=metric)
