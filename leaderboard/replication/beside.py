"""``paper | here | difference``: how a published number and this side's stand beside each other."""

from dataclasses import dataclass, field

from leaderboard.replication.numbers import Got
from leaderboard.replication.page import Entry, Heading, ranged, value
from leaderboard.replication.published import Published
from leaderboard.replication.studies import Study
from leaderboard.replication.wording import shown, stand_ins

DAGGER = "†"
ONE_RUN = (
    f"{DAGGER}: the paper's number lies outside the 95% prediction interval for one more run like these "
    "(mean ± t s √(1 + 1/n)); the paper has one run of each model."
)
ONE_SEED = "One seed: the interval is over texts; the variance between seeds is unknown."


@dataclass
class Beside:
    """Writes ``paper | here | difference`` and remembers what was written.

    Attributes:
        published: names of the published numbers.
        matched: of those that have a number beside them.
        single: whether a number is of one seed.
        outside: whether a published number is marked.
    """

    published: set[tuple[str, ...]] = field(default_factory=set)
    matched: set[tuple[str, ...]] = field(default_factory=set)
    single: bool = False
    outside: bool = False

    def triple(self, paper: Published | None, got: Got, key: tuple[str, ...], *, real: bool) -> list[Entry]:
        """Return three entries; ``key`` names the published number, ``real`` says that nothing stands in."""
        self.single |= got.number.seeds == 1
        if paper is None:
            return [Entry("-"), value(got), Entry("-")]
        self.published.add(key)
        if got.number.value is not None:
            self.matched.add(key)
        difference = ranged(got, less=paper.number)
        if real and _outside(paper.number, got):
            self.outside = True
            difference = Entry(f"{difference.text} {DAGGER}", difference.tone)
        return [Entry(paper.text), value(got), difference]

    def marks(self) -> list[str]:
        """Return the sentences for what was marked."""
        return [ONE_SEED] * self.single + [ONE_RUN] * self.outside


def _outside(paper: float, got: Got) -> bool:
    """Tell whether the paper's run lies outside the prediction interval for one more run.

    The t interval of the mean is t s / sqrt(n) wide, that of one more run t s sqrt(1 + 1/n).
    """
    number = got.number
    if number.value is None or number.low is None or number.high is None or number.seeds < 2:
        return False
    return abs(paper - number.value) > (number.high - number.low) / 2 * (number.seeds + 1) ** 0.5


def papers_columns(studies: list[Study], tasks: tuple[str, ...]) -> list[tuple[str, Study | None]]:
    """Return each of the paper's tasks with each study of it, or with None."""
    columns: list[tuple[str, Study | None]] = []
    for task in tasks:
        own = [study for study in studies if study.task_as == task]
        columns += [(task, study) for study in own] or [(task, None)]
    return columns


def is_real(study: Study | None) -> bool:
    """Tell whether a study is of the paper's own task and model."""
    return study is not None and not stand_ins([study])


def titled(task: str, study: Study | None) -> str:
    """Return a column's heading: the paper's name of the task, and beside it that of a stand-in."""
    if study is None:
        return task
    return shown(study) if shown(study).startswith(task) else f"{task}: {shown(study)}"


def triple_headings(group: str) -> list[Heading]:
    """Return the headings of three columns that share one above them."""
    return [Heading("paper", group, "paper"), Heading("here (seeds)", group), Heading("difference", group)]
