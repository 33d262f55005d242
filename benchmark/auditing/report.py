"""What an audit found, as plain values: a frozen dataclass that is JSON as it stands."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tasks.audit.association import Association

if TYPE_CHECKING:
    from benchmark.auditing.terminal import Tables


@dataclass(frozen=True)
class Strength:
    """How strongly language and label (or the presence of one label) hang together.

    Attributes:
        association: Cramer's V with its interval, and the test of independence.
        p: the test's probability; among several labels corrected for their number (Holm).
        bits: mutual information of language and label, less what is expected if they are independent (Miller 1955),
            so a little below 0 where there is none.
        bits_plain: the same before the correction.
        label_bits: the label's entropy.
        share: bits over label_bits: how much of the label the language tells; from 0.
    """

    association: Association
    p: float
    bits: float
    bits_plain: float
    label_bits: float
    share: float


@dataclass(frozen=True)
class Cell:
    """One cell of the table; see `tasks.audit.cells.Cells`.

    Attributes:
        language: its language.
        label: its label.
        count: texts.
        expected: texts if language and label were independent.
        ratio: count over expected.
        residual: adjusted standardized residual.
        p: corrected for the number of cells (Holm).
        skew: d[l, c] = P[l, c] - P[c].
    """

    language: str
    label: str
    count: int
    expected: float
    ratio: float
    residual: float
    p: float
    skew: float


@dataclass(frozen=True)
class SplitReport:
    """One split.

    Attributes:
        rows: all rows.
        missing: rows without ``text``, ``label``, ``language``.
        texts: complete rows by language.
        counts: of these, by language and label.
        strength: None where there are not two languages and labels, and where a text can have several labels.
        by_label: where a text can have several labels, the strength for each that has texts with and without it.
        cells: the cells that can be compared, the largest absolute residual first.
        distance: by language, the share of texts that would need another label to have all texts' shares; empty where
            a text can have several labels.
    """

    rows: int
    missing: dict[str, int]
    texts: dict[str, int]
    counts: dict[str, dict[str, int]]
    strength: Strength | None
    by_label: dict[str, Strength]
    cells: tuple[Cell, ...]
    distance: dict[str, float]


@dataclass(frozen=True)
class Pair:
    """Two places with the same text, as ``file, row 7``."""

    first: str
    second: str


@dataclass(frozen=True)
class DuplicateReport:
    """Texts that stand twice; see `tasks.audit.duplicates.Duplicates`."""

    texts: int
    distinct: int
    repeated: dict[str, int]
    shared: dict[str, dict[str, int]]
    conflicting: int
    conflicting_rows: int
    multilingual: int
    examples: dict[str, tuple[Pair, ...]]
    chance: float


@dataclass(frozen=True)
class Doubt:
    """A text that looks like another language; the text itself is shown in a terminal only."""

    place: str
    looks_like: str
    text: str


@dataclass(frozen=True)
class Looks:
    """What a sample of one language's texts look like; see `tasks.audit.identification.Looks`."""

    checked: int
    skipped: int
    other: dict[str, int]
    examples: tuple[Doubt, ...]


@dataclass(frozen=True)
class Weights:
    """What each training text should count.

    Attributes:
        split: the split that they balance.
        kind: ``weight`` of a text in a cross-entropy, or ``pos_weight`` of a label in a binary cross-entropy.
        overall: the weighting ``global``, by label.
        per_language: the weighting ``per_language``, by language and label.
    """

    split: str
    kind: str
    overall: dict[str, float]
    per_language: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Report:
    """All that an audit found.

    Attributes:
        data: what was read.
        columns: the names of ``text``, ``label`` and ``language`` columns.
        guessed: which of these were guessed by usual names.
        notes: what else was decided on the user's behalf.
        several: whether a text can have several labels, or none.
        languages: all languages.
        labels: all labels.
        splits: by name.
        duplicates: texts that stand twice.
        looks: by language, what texts look like; None if that was not asked for.
        weights: for the training split.
    """

    data: str
    columns: dict[str, tuple[str, ...]]
    guessed: tuple[str, ...]
    notes: tuple[str, ...]
    several: bool
    languages: tuple[str, ...]
    labels: tuple[str, ...]
    splits: dict[str, SplitReport]
    duplicates: DuplicateReport
    looks: dict[str, Looks] | None
    weights: Weights

    def to_json(self) -> str:
        """Return the report as JSON; it holds no text of the data."""
        record = asdict(self)
        for looks in (record["looks"] or {}).values():
            for example in looks["examples"]:
                del example["text"]
        return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def to_python(self) -> str:
        """Return the weights as Python, with an example of their use in a training loop."""
        from benchmark.auditing.python import python

        return python(self)

    def to_table(self) -> "Tables":
        """Return what rich prints."""
        from benchmark.auditing.terminal import Tables

        return Tables(self)
