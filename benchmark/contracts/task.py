"""What a task promises: rows as declared, the same every time, and none on both sides of a split."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from benchmark.contracts.promises import BrokenError
from polyskew.errors import UserError
from tasks import Drawn, Splits, Task, draw, get_probe, get_task
from tasks.declare import SPLITS
from tasks.regimes import shares

_SEED = 0


@dataclass(frozen=True)
class Loaded:
    """A task and its rows, read when they are first asked for.

    Attributes:
        task: the task.
    """

    task: Task

    @cached_property
    def splits(self) -> Splits:
        """All its rows."""
        return self.task.load()

    def rows(self) -> dict[str, pd.DataFrame]:
        """Return the rows by split."""
        return {split: getattr(self.splits, split) for split in SPLITS}

    def drawn(self) -> dict[str, Drawn]:
        """Return what is drawn for each regime."""
        return {regime: draw(self.task, self.splits, regime, _SEED) for regime in self.task.regime_names}


def rows_can_be_read(loaded: Loaded) -> str:
    """Its rows can be read, and are as declared."""
    dropped = {split: sum(found.values()) for split, found in loaded.splits.report["dropped"].items()}
    counts = ", ".join(f"{len(rows)} {split}" for split, rows in loaded.rows().items())
    return f"{counts}; dropped as they stand in a later split too: {sum(dropped.values())}"


def every_label_in_every_language(loaded: Loaded) -> None:
    """Every language has rows of every label in every split."""
    task = loaded.task
    for split, rows in loaded.rows().items():
        counts = rows.groupby(["language", "label"]).size()
        for language in task.languages:
            for place, label in enumerate(task.labels):
                if not counts.get((language, place), 0):
                    raise BrokenError(
                        f"split {split} has no row of label {label!r} in {language!r}; leave one of them out"
                    )


def no_row_on_both_sides(loaded: Loaded) -> str | None:
    """No id, text or group stands in two splits."""
    text = ["text", "text_pair"] if loaded.task.pair else ["text"]
    for said, columns in (("id", ["language", "id"]), ("text", ["language", *text]), ("group", ["group"])):
        keys = {split: set(rows[columns].itertuples(index=False, name=None)) for split, rows in loaded.rows().items()}
        for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
            if both := keys[first] & keys[second]:
                raise BrokenError(
                    f"the {said} {min(both, key=str)[-1]!r} stands in {first} and in {second}; keep it in one"
                )
    plain = {
        split: rows[text].apply(lambda column: column.str.casefold().str.split().str.join(" "))
        for split, rows in loaded.rows().items()
    }
    learned = set(plain["train"].itertuples(index=False, name=None))
    near = sum(row in learned for row in plain["test"].itertuples(index=False, name=None))
    return f"{near} test texts are training texts but for capitals and spaces" if near else None


def the_same_rows_every_time(loaded: Loaded) -> None:
    """Two loads give the same rows."""
    again = Loaded(loaded.task).rows()
    for split, rows in loaded.rows().items():
        if not rows.equals(again[split]):
            raise BrokenError(f"split {split} is another the second time; its source must not draw or reorder rows")


def regimes_can_be_drawn(loaded: Loaded) -> str:
    """Every regime can be drawn, the same every time, in its ratios."""
    first, second = loaded.drawn(), loaded.drawn()
    for regime, drawn in first.items():
        if not drawn.train.equals(second[regime].train):
            raise BrokenError(f"the regime {regime!r} has other rows the second time")
        target = shares(loaded.task, regime)
        if target is not None:
            found = drawn.counts / drawn.counts.sum(axis=1, keepdims=True)
            off = np.abs(found - target).max()
            if off > 1 / drawn.counts.sum(axis=1).min():
                raise BrokenError(f"the regime {regime!r} misses its ratios by {off:.3f}")
    sizes = ", ".join(f"{regime} {len(drawn.train)}" for regime, drawn in first.items())
    return f"training rows: {sizes}" + (
        "" if loaded.task.regimes else "; it declares no skewed regime, so only its own skew can be seen"
    )


def nothing_local_identifies_it(loaded: Loaded) -> None:
    """What identifies it is plain values without a path of this machine."""
    form = loaded.task.identity()
    text = json.dumps(form)
    if json.loads(text) != form:
        raise BrokenError("its identity does not survive JSON; take numbers, strings and lists")
    for paths in loaded.task.source.files.values() if loaded.task.source.files else ():
        for path in paths:
            if path.startswith("/") and path in text:
                raise BrokenError(f"its identity names {path}; files are named by their content")


def probe_has_its_languages(loaded: Loaded) -> str | None:
    """Its probe corpus has all its languages."""
    task = loaded.task
    if task.probe is None:
        return "it names none, so a grid wants measure.probe_rows: 0"
    if missing := sorted(set(task.languages) - set(get_probe(task.probe).languages)):
        raise BrokenError(
            f"the probe corpus {task.probe!r} has no {missing[0]!r}; name another, or leave the language out"
        )
    return None


def terms_are_named(loaded: Loaded) -> str | None:
    """Licence and citation."""
    missing = [name for name in ("licence", "citation") if not getattr(loaded.task, name)]
    said = [f"{' and '.join(missing)} not given, so results name none"] if missing else []
    if not loaded.task.redistribute:
        said.append("redistribute is not set, so no text of it is published")
    return "; ".join(said) or None


PROMISES = (
    rows_can_be_read,
    every_label_in_every_language,
    no_row_on_both_sides,
    the_same_rows_every_time,
    regimes_can_be_drawn,
    nothing_local_identifies_it,
    probe_has_its_languages,
    terms_are_named,
)


def subject(name: str) -> Loaded:
    """Return a task with its rows.

    Raises:
        UserError: there is no such task, or it cannot be read at all: nothing else could be checked.
    """
    loaded = Loaded(get_task(name))
    try:
        loaded.rows()
    except UserError as error:
        raise UserError(f"the rows of task {loaded.task.name!r} cannot be read: {error}") from None
    return loaded
