"""One pass over a data set: counts of language and label, what is missing, what stands twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pandas.util import hash_array

from polyskew.errors import DataError
from tasks.audit.batches import labels, languages_of, of_languages, texts
from tasks.audit.columns import Chosen
from tasks.audit.counting import Numbers, Split, Tally
from tasks.audit.data import Data
from tasks.audit.duplicates import Duplicates, Finder
from tasks.audit.labels import JOINT, is_list
from tasks.audit.naming import named, pieces, separator_of
from tasks.audit.rows import Rows
from tasks.audit.samples import Sampled, Sampler

MOST_LABELS = 1000
MOST_SETS = 100_000  # distinct sets of labels
MOST_LANGUAGES = 1000


@dataclass(frozen=True)
class Found:
    """What a data set holds.

    Attributes:
        languages: L names.
        labels: C names.
        several: whether a text can have several labels, or none.
        separator: what joins labels in the source, if anything does.
        splits: in order.
        duplicates: texts that stand twice.
        samples: by language, a random sample of its distinct texts; empty where none was asked for.
    """

    languages: tuple[str, ...]
    labels: tuple[str, ...]
    several: bool
    separator: str | None
    splits: tuple[Split, ...]
    duplicates: Duplicates
    samples: dict[str, Sequence[Sampled]]


def read(
    data: Data,
    chosen: Chosen,
    separator: str | None = None,
    sample: int = 0,
    report: Callable[[int], None] = lambda rows: None,
) -> Found:
    """Read a data set.

    Args:
        data: what to read.
        chosen: its columns.
        separator: joins labels in a string; None to guess, empty for none.
        sample: texts of each language to sample.
        report: called with the number of rows of each batch.

    Raises:
        DataError: the data are damaged, empty, in one language or with one label only, or a column is not what it
            is taken for.
    """
    tallies = {part.split: Tally() for part in data.parts}
    values, languages, sampler = Numbers(), Numbers(), Sampler(sample)
    lists, known = False, list(data.labels)
    with Finder([part.split for part in data.parts]) as finder:
        for number, part in enumerate(data.parts):
            names = part.class_names(chosen.label[0]) if len(chosen.label) == 1 and not data.labels else []
            known = known or names
            for batch in part.batches(chosen.all()):
                asked = of_languages(batch, chosen.language, data.languages)
                lists = lists or is_list(asked.columns[chosen.label[0]])
                text, has_text = texts(asked, chosen.text, part)
                label = values.number(labels(asked, chosen.label, names, part))
                language = languages.number(languages_of(asked, chosen.language, data.languages, part))
                _check_sizes(values, languages, chosen, part)
                tallies[part.split].add(has_text, label, language)
                rows = np.flatnonzero(has_text)
                text, at, label, language = text.take(rows), asked.numbers[rows], label[rows], language[rows]
                hashes = hash_array(text.to_numpy(zero_copy_only=False), categorize=False)
                finder.add(hashes, at, number, label, language)
                if sample:
                    sampler.add(text, hashes, at, number, language)
                report(len(batch.numbers))
        if not sum(tally.rows for tally in tallies.values()):
            raise DataError(f"{data.name}: there is no row")
        joined = lists or len(chosen.label) > 1
        if joined and separator:
            raise DataError(f"{data.name}: --separator parts strings, and the labels stand in lists or 0/1 columns")
        separator = JOINT if joined else separator_of(list(values), separator)
        order, members = named([pieces(value, separator) for value in values], known, data.label_values)
        duplicates = finder.found([tuple(places) for places in members])
    by_name = sorted(languages)
    place = np.array([by_name.index(language) for language in languages], np.int64)
    numbered, samples = list(languages), sampler.samples()
    found = Found(
        languages=tuple(by_name),
        labels=order,
        several=separator is not None,
        separator=None if joined else separator,
        splits=tuple(tally.split(name, place, members, len(order)) for name, tally in tallies.items()),
        duplicates=duplicates,
        samples={name: samples[numbered.index(name)] for name in by_name if numbered.index(name) in samples},
    )
    _check_found(found, data, chosen)
    return found


def _check_sizes(values: Numbers, languages: Numbers, chosen: Chosen, part: Rows) -> None:
    if len(values) > MOST_SETS:
        raise _many_labels(part.place, chosen, f"more than {MOST_SETS:,}")
    if len(languages) > MOST_LANGUAGES:
        raise DataError(
            f"{part.place}, column {chosen.language!r}: more than {MOST_LANGUAGES:,} distinct values, so this is not "
            f"the language; name the column with --language"
        )


def _check_found(found: Found, data: Data, chosen: Chosen) -> None:
    if len(found.labels) > MOST_LABELS:
        raise _many_labels(data.name, chosen, f"{len(found.labels):,}")
    counted = np.sum([split.texts for split in found.splits], axis=0)
    if not counted.any():
        missing = {kind: sum(split.missing[kind] for split in found.splits) for kind in ("text", "label", "language")}
        told = ", ".join(f"{count:,} have no {kind}" for kind, count in missing.items() if count)
        raise DataError(f"{data.name}: no row has text, label and language ({told})")
    named = [language for language, count in zip(found.languages, counted, strict=True) if count]
    if len(named) == 1:
        raise DataError(
            f"{data.name}: all {int(counted.sum()):,} rows are in one language, {named[0]!r}, so there is nothing that "
            f"labels could hang together with"
        )
    if not found.labels:
        raise DataError(f"{data.name}: no text has any label")
    if len(found.labels) == 1 and not found.several:
        raise DataError(
            f"{data.name}: all rows have one label, {found.labels[0]!r}, which cannot hang together with language"
        )


def _many_labels(place: str, chosen: Chosen, many: str) -> DataError:
    return DataError(
        f"{place}, column {chosen.label[0]!r}: {many} distinct values, so this looks like a measured number, an id or "
        f"a text and not like a label; name the column with --label"
    )
