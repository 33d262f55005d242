"""Base values with and without the masked-input entropy loss (appendix A.3), beside each other."""

from dataclasses import dataclass, replace

from leaderboard.reading.sources import Found, Source
from leaderboard.reading.store import Cell
from leaderboard.replication.bars import outer_labels
from leaderboard.replication.numbers import Missing
from leaderboard.replication.page import Heading, Table, value, word
from leaderboard.replication.studies import Study, name
from leaderboard.replication.wording import captioned, method_shown, model_shown, shown

ONE_SIDE = "Only one side of the comparison is in the grid: with and without the loss takes two recipes."


@dataclass(frozen=True)
class BaseDifference:
    """Finds the mean over languages of the absolute difference of base values of one label.

    Attributes:
        label: its name; the mean over all labels where it is empty.
    """

    label: str

    def __call__(self, cell: Cell) -> Found:
        """Find the number of one cell."""
        labels = [self.label] if self.label else list(cell.spec.labels)
        found = [
            Source("base_difference", "attributions", by={"language": language, "label": label})(cell)
            for language in cell.spec.languages
            for label in labels
        ]
        sizes = [abs(one.value) for one in found if one.value is not None]
        if len(sizes) < len(found):
            return next(one for one in found if one.value is None)
        return Found(sum(sizes) / len(sizes), made_by=found[0].made_by)


def base_table(studies: list[Study]) -> Table:
    """Return the mean absolute difference of base values, a row for each study and skewed setup.

    Args:
        studies: of all recipes; those with and without the loss come to stand beside each other.
    """
    missing, rows = Missing(), []
    places = dict.fromkeys((shown_task(s), model_shown(s), s.method, setup) for s in studies for setup in _setups(s))
    for task, model, method, setup in places:
        alike = [s for s in studies if (shown_task(s), model_shown(s), s.method) == (task, model, method)]
        own = [study for study in alike if setup in study.rows]
        for study in sorted(own, key=lambda study: bool(study.entropy)):
            loss = {"": "without", "paper": "with (as in the code)", "text": "with (as in the text)"}
            who = (task, model, method_shown(method), name(setup), loss.get(study.entropy, study.entropy))
            finds = [BaseDifference(label) for label in (*outer_labels(study.first), "")]
            found = [study.get(setup, find, paired=True) for find in finds]
            missing.add(f"{shown(study)}, {method}, {name(setup)}", found[-1])
            row = [*map(word, who), word(study.recipe), *[value(got) for got in found]]
            rows.append(tuple(row))
    names = ("dataset", "model", "method", "training setup", "masked-input entropy loss", "recipe")
    headings = [Heading(text, kind="word") for text in names]
    headings += [Heading(text, "mean size of the difference") for text in ("first label", "last label", "all labels")]
    lacking = () if len({bool(study.entropy) for study in studies}) == 2 else (ONE_SIDE,)
    notes = (
        "Base value: the probability that a text of mask tokens gets. Here: its difference to the balanced model's, "
        "without its sign, mean over languages and seeds (number of seeds in brackets).",
        "The paper prints no numbers for it; it says that the loss makes the differences much smaller.",
        *lacking,
        *missing.sentences(),
    )
    caption = captioned("Appendix A.3: differences of base values, with and without the loss", studies)
    return Table(caption, tuple(headings), tuple(rows), notes)


def shown_task(study: Study) -> str:
    """Return the task's name without the study's variant: the loss is a row here."""
    return shown(replace(study, variant=""))


def _setups(study: Study) -> list[tuple[str, str]]:
    return [setup for setup in study.rows if setup[0] in study.skewed and not study.repeats(setup)]
