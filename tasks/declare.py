"""How a task or a probe corpus is declared: in Python with these classes, or in one YAML file with the same keys."""

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from tasks.corpora import Corpus

if TYPE_CHECKING:
    import pandas as pd

    from tasks.loading import Splits

SPLITS = ("train", "validation", "test")
PLAIN_REGIMES = ("balanced", "natural")


def mean_share(ratio: tuple[int, ...]) -> Fraction:
    """Return the mean of the numbers of a ratio over the largest: 3/5 for 1:2:3:4:5."""
    return Fraction(sum(ratio), max(ratio) * len(ratio))


class Task(Corpus):
    """A named data set: labelled texts, or pairs of texts, in several languages.

    Attributes:
        name: its name in grids and results.
        version: raised when the data change.
        summary: one line for listings.
        languages: ISO 639-1 codes of the languages to use (639-3 where there is none); rows of other languages are
            left aside.
        labels: the classes' names in order.
        pair: whether a row has two texts.
        source: where the rows come from.
        columns: the source's column names.
        label_values: the source's value for each label; without it the source has the labels' names, or their
            positions from 0.
        parallel: whether rows that share an id (or, where rows are numbered, a position) in several languages are
            translations of one another; they then have one group, that of the first language.
        regimes: by regime and language, the ratio of the labels as whole numbers. ``balanced`` and ``natural``
            (the data as it is) exist without being declared.
        max_share: the largest share that any regime may give to a label within a language; with the smallest cell
            it decides the size of all regimes. By default 2 / (C + 1), that of the ratio 1:2:...:C.
        sizes: how many rows a regime takes. ``equal``: every language as many, in whole multiples of the ratios (see
            `tasks.sizes.equal`). ``paper``: the rule of the code of Jung and van der Plas (2024), for replicating
            them (see `tasks.sizes.paper`).
        train_cell: use at most this many training rows of each (language, label) cell; ``natural`` is exempt. With
            ``sizes: paper`` a language counts as having at most C times as many, C the number of labels.
        validation_cell: the same for validation rows.
        test_cell: the same for test rows.
        on_overlap: what to do with rows that stand in two splits: drop them from the training side, or stop.
        licence: the data's licence as stated by its owner.
        redistribute: whether rows may be published.
        citation: BibTeX or a reference.
        probe: the probe corpus: a name or a YAML file.
    """

    labels: tuple[str, ...] = Field(min_length=2)
    pair: bool = False
    label_values: dict[str, str] = Field(default={})
    regimes: dict[str, dict[str, tuple[int, ...]]] = Field(default={})
    max_share: float | None = Field(default=None, gt=0, le=1)
    sizes: Literal["equal", "paper"] = "equal"
    train_cell: int | None = Field(default=None, ge=1)
    validation_cell: int | None = Field(default=None, ge=1)
    test_cell: int | None = Field(default=None, ge=1)
    on_overlap: Literal["drop", "error"] = "drop"
    probe: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _ratios_are_lists(cls, value: Any) -> Any:
        regimes = value.get("regimes") if isinstance(value, dict) else None
        for regime, ratios in regimes.items() if isinstance(regimes, dict) else ():
            for language, ratio in ratios.items() if isinstance(ratios, dict) else ():
                if not isinstance(ratio, list | tuple):
                    # YAML reads an unquoted 3:2:1 as the number 10921 (base 60), so it can only be refused.
                    raise ValueError(f"regimes.{regime}.{language}: write the ratio as a list, such as [3, 2, 1]")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "Task":
        self.source.check_splits(SPLITS)
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("a label stands twice in 'labels'")
        if self.label_values and (
            set(self.label_values) != set(self.labels) or len(set(self.label_values.values())) < len(self.label_values)
        ):
            raise ValueError(f"label_values gives each of {', '.join(self.labels)} a value of its own in the source")
        if self.pair != (self.columns.text_pair is not None) and not self.source.generated:
            raise ValueError("a task with 'pair: true' names columns.text_pair, and no other task does")
        if self.share_limit < Fraction(1, len(self.labels)):
            raise ValueError(
                f"max_share is {self.max_share}, less than the {1 / len(self.labels):.3g} of a balanced label"
            )
        if self.columns.source is not None:
            raise ValueError("columns.source belongs to a probe corpus; a task has no use for it")
        for regime, ratios in self.regimes.items():
            self._check_regime(regime, ratios)
        if self.sizes == "paper":
            self._check_paper_sizes()
        return self

    def _check_regime(self, regime: str, ratios: dict[str, tuple[int, ...]]) -> None:
        if regime in PLAIN_REGIMES:
            raise ValueError(f"the regime {regime!r} always exists and is not declared; choose another name")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", regime):
            raise ValueError(f"the regime name {regime!r} has other characters than letters, digits, '_', '.', '-'")
        if set(ratios) != set(self.languages):
            raise ValueError(
                f"the regime {regime!r} has ratios for {', '.join(ratios) or 'no language'}; wanted is one for each of "
                f"{', '.join(self.languages)}"
            )
        for language, ratio in ratios.items():
            where = f"the ratio of language {language!r} in regime {regime!r}"
            if len(ratio) != len(self.labels) or min(ratio) < 0 or sum(ratio) == 0:
                raise ValueError(
                    f"{where} is {list(ratio)}; wanted are {len(self.labels)} whole numbers from 0, one for each of "
                    f"the labels {', '.join(self.labels)}, not all 0"
                )
            share = Fraction(max(ratio), sum(ratio))
            if share > self.share_limit and self.sizes == "equal":
                raise ValueError(
                    f"{where} gives label {self.labels[ratio.index(max(ratio))]!r} a share of {share}, more than the "
                    f"task's max_share of {self.share_limit}; set max_share to {math.ceil(share * 1000) / 1000} or "
                    f"more (all regimes then have fewer rows), or choose a flatter ratio"
                )

    def _check_paper_sizes(self) -> None:
        if self.max_share is not None:
            raise ValueError("max_share has no meaning with 'sizes: paper', where ratios alone decide; leave it out")
        if not self.regimes:
            raise ValueError("'sizes: paper' makes the balanced regime as large as a skewed one, so declare a regime")
        for language in self.languages:
            means = {name: mean_share(ratios[language]) for name, ratios in self.regimes.items()}
            if len(set(means.values())) > 1:
                found = ", ".join(f"{mean} in {name!r}" for name, mean in means.items())
                raise ValueError(
                    f"'sizes: paper' wants regimes of one size, but the mean of language {language!r}'s ratio over its "
                    f"largest number is {found}; change the ratios or use 'sizes: equal'"
                )

    @property
    def share_limit(self) -> Fraction:
        """`max_share` as an exact fraction."""
        if self.max_share is None:
            return Fraction(2, len(self.labels) + 1)
        return Fraction(self.max_share).limit_denominator(1000)

    @property
    def regime_names(self) -> tuple[str, ...]:
        """The names of all regimes: ``balanced``, the declared ones, ``natural``.

        Beside them, a declared one can be drawn with a strength (`tasks.strengths`).
        """
        return ("balanced", *self.regimes, "natural")

    def load(self) -> "Splits":
        """Read and check all rows.

        Returns:
            The three splits in canonical columns, and a report of what was dropped.

        Raises:
            DataError: a row, column or file is not as declared; the message names file, row and column.
            UserError: the source cannot be reached.
        """
        from tasks.loading import load

        return load(self)

    def identity(self, regime: str | None = None) -> dict[str, Any]:
        """Return what decides the task's rows, as plain JSON values without any local path.

        Settings at their default are left out, and so is what has no effect on the rows. Local files are named by
        the SHA-256 of their content, so they are read here.

        Args:
            regime: leave out the ratios of all other declared regimes, so that declaring a new one changes
                nothing (unless it changes ``unit``, of which the number of rows is a multiple). Of a regime with a
                strength, the ratios of the one that it leads to.
        """
        from tasks.sizes import balanced_shares, unit
        from tasks.sources import source_identity
        from tasks.strengths import parse

        kept = {"labels", "pair", "columns", "label_values", "parallel", "max_share", "sizes", "on_overlap"}
        kept |= {"train_cell", "validation_cell", "test_cell"}
        identity = self.model_dump(mode="json", include=kept, exclude_defaults=True)
        regimes = {
            name: {language: list(ratios[language]) for language in self.languages}
            for name, ratios in self.regimes.items()
            if regime is None or name == parse(regime)[0]
        }
        if self.sizes == "paper":
            size: dict[str, Any] = {"balanced": {name: str(share) for name, share in balanced_shares(self).items()}}
        else:
            size = {"unit": unit(self)}
        return {
            **identity,
            "name": self.name,
            "version": self.version,
            "languages": list(self.languages),
            "source": source_identity(self.source, self.languages),
            **size,
            **({"regimes": regimes} if regimes else {}),
        }


class Probe(Corpus):
    """A corpus without labels, on which the language-identification probe is trained.

    Its only split is called ``probe``. The attributes are those of `Task`, less what labels need.

    Attributes:
        rows_per_language: how many rows of each language to use.
    """

    rows_per_language: int = Field(default=1000, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> "Probe":
        self.source.check_splits(("probe",))
        if self.columns.text_pair is not None or self.columns.label != "label":
            raise ValueError("a probe corpus has neither columns.text_pair nor columns.label")
        if self.columns.source is not None and self.source.generated:
            raise ValueError("columns.source names a column of files or of a hub data set; generated rows have none")
        return self

    def load(self, languages: tuple[str, ...], rows_per_language: int | None = None) -> "pd.DataFrame":
        """Read a fixed sample of the corpus; see `tasks.probes.load`."""
        from tasks.probes import load

        return load(self, languages, rows_per_language)

    def identity(self, languages: tuple[str, ...] | None = None) -> dict[str, Any]:
        """Return what decides the corpus' rows, as plain JSON values without any local path.

        Args:
            languages: the languages to be loaded, all by default; no other language's files are read.
        """
        from tasks.sources import source_identity

        identity = self.model_dump(mode="json", include={"columns", "parallel"}, exclude_defaults=True)
        return {
            **identity,
            "name": self.name,
            "version": self.version,
            "source": source_identity(self.source, languages or self.languages),
            "rows_per_language": self.rows_per_language,
        }
