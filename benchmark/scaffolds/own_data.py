"""A task declared from the user's own files: columns, languages and labels are told from what stands in them."""

import math
import os
import warnings
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyskew.errors import UserError
from polyskew.files import atomic_file
from tasks import PROBES, get_probe
from tasks.audit.columns import Chosen, choose
from tasks.audit.data import find
from tasks.audit.files import File
from tasks.audit.labels import MISSING, coded
from tasks.declare import SPLITS
from tasks.tables import read_table

Counts = Counter[tuple[str, str]]
_ADVICE = "call it {kind} in the file, or write the task's YAML file by hand"


def declared(name: str, data: Sequence[str], folder: Path) -> dict[str, Any]:
    """Return the settings of a task that reads the user's files.

    Where these are not one for training, validation and test, the rows are dealt out 8:1:1 within each language and
    label into ``folder/name/``.

    Args:
        name: the task's name.
        data: files, a folder of files, or a path with ``{language}``.
        folder: where the task's YAML file will stand.

    Raises:
        UserError: they are no such files, or their columns cannot be told.
    """
    found = find(data)
    parts = [part for part in found.parts if isinstance(part, File)]
    if len(parts) < len(found.parts):
        raise UserError(
            f"--data takes local files, and {found.name} is none; a task can be named in a grid as it is, a data set "
            "on the hub in a task's YAML file as source.hub"
        )
    chosen = choose(parts[0], found.asked, _ADVICE)
    if len(chosen.label) != 1 or len(chosen.text) > 2:
        raise UserError(f"{found.name}: one column of labels and one or two of text are wanted for a task")
    files: dict[str, list[Path]] = {}
    for part in parts:
        files.setdefault(part.split, []).append(part.path)
    stays = set(files) == set(SPLITS) and chosen.language is not None
    if stays:
        counts = {split: _counts([part for part in parts if part.split == split], chosen) for split in SPLITS}
        source = {split: [os.path.relpath(path, folder) for path in paths] for split, paths in files.items()}
        columns = _columns(chosen, _identifying(parts))
    else:
        rows = pd.concat([_rows(part, chosen, _identifying(parts)) for part in parts], ignore_index=True)
        rows = rows.drop_duplicates(rows.columns.drop(["label", *_identifying(parts)]))  # a text stands in one split
        counts = {"all": Counter(zip(rows["language"], rows["label"], strict=True))}
        source = {split: [f"{name}/{split}.csv"] for split in SPLITS}
        columns = {column: column for column in rows.columns}
    languages, labels = _kept(counts, found.name)
    if not stays:
        _deal(rows[rows["language"].isin(languages)], folder / name)
    probes = (probe for probe in ("demo_wiki", "wikipedia") if probe in PROBES)
    probe = next((probe for probe in probes if set(languages) <= set(get_probe(probe).languages)), None)
    return {
        "name": name,
        "version": 1,
        "languages": languages,
        "labels": labels,
        **({"pair": True} if len(chosen.text) == 2 else {}),
        "source": {"files": source},
        "columns": columns,
        "regimes": {"imbalanced": _ratios(languages, len(labels))},
        **({"probe": probe} if probe else {}),
        "licence": "",
        "redistribute": False,
        "citation": "",
    }


def _counts(parts: list[File], chosen: Chosen) -> Counts:
    found: Counts = Counter()
    (label,), language = chosen.label, str(chosen.language)
    for part in parts:
        for batch in part.batches([label, language]):
            labels, languages = coded(batch.columns[label]), coded(batch.columns[language])
            for (one, other), count in Counter(zip(languages.codes, labels.codes, strict=True)).items():
                if MISSING not in (one, other):
                    found[languages.values[one], labels.values[other]] += count
    return found


def _identifying(parts: list[File]) -> list[str]:
    """Which of the columns that keep a row's translations together all files have."""
    return [name for name in ("id", "group") if all(name in part.names() for part in parts)]


def _rows(part: File, chosen: Chosen, identifying: list[str]) -> pd.DataFrame:
    """A file's rows with the columns that a task has; those that lack one of them are left out."""
    read = read_table(part.path, [*identifying, *chosen.all()], language=part.language).frame
    texts = dict(zip(("text", "text_pair"), chosen.text, strict=False))
    rows = {name: read[name] for name in identifying} | {name: read[column] for name, column in texts.items()}
    rows["label"] = read[chosen.label[0]]
    rows["language"] = read[chosen.language] if chosen.language else pd.Series(part.language, read.index)
    return pd.DataFrame(rows).dropna().astype(str)


def _deal(rows: pd.DataFrame, folder: Path) -> None:
    """Write each row into one of the three splits, and a group's rows into one."""
    rows = rows.sample(frac=1, random_state=0)
    # A group is dealt by its first row: translations, of which each language has one, by those of one language.
    units = rows.sort_values("language", kind="stable").drop_duplicates("group") if "group" in rows else rows
    cells = units.groupby(["language", "label"])
    place = cells.cumcount() / cells["label"].transform("size")
    split = pd.Series(np.select([place < 0.1, place < 0.2], ["test", "validation"], "train"), units.index)
    if "group" in rows:
        split = rows["group"].map(dict(zip(units["group"], split, strict=True)))
    for name in SPLITS:
        with atomic_file(folder / f"{name}.csv") as path:
            rows[split == name].sort_index().to_csv(path, index=False)


def _columns(chosen: Chosen, identifying: list[str]) -> dict[str, str]:
    texts = dict(zip(("text", "text_pair"), chosen.text, strict=False))
    found = {name: name for name in identifying}
    return {**found, **texts, "label": chosen.label[0], "language": str(chosen.language)}


def _kept(counts: dict[str, Counts], said: str) -> tuple[list[str], list[str]]:
    """The languages that have enough rows of every label for linear ratios, and the labels."""
    labels = sorted({label for count in counts.values() for _, label in count})
    labels = sorted(labels, key=float) if all(label.isdigit() for label in labels) else labels
    languages = sorted({language for count in counts.values() for language, _ in count})
    few = _needed(len(labels))
    least = {"train": few, "validation": few, "test": 1, "all": 10 * few}  # a tenth of all is validation rows
    kept = [
        language
        for language in languages
        if all(count[language, label] >= least[split] for split, count in counts.items() for label in labels)
    ]
    wanted = ", ".join(f"{least[split]} {split}" for split in counts).replace("all", "").strip()
    if not kept or len(labels) < 2:
        raise UserError(
            f"{said}: no language has {wanted} rows of each label ({', '.join(labels)}), which ratios of 1 to "
            f"{len(labels)} need; look at the counts with `polyskew audit`, and write the task's YAML file by hand"
        )
    if len(kept) == 1:
        raise UserError(
            f"{said}: only {kept[0]} has {wanted} rows of each label, and it takes two languages for labels to be "
            "uneven over them; look at the counts with `polyskew audit`"
        )
    if left := [language for language in languages if language not in kept]:
        warnings.warn(f"{said}: left out for want of {wanted} rows of each label: {', '.join(left)}", stacklevel=2)
    return kept, labels


def _needed(labels: int) -> int:
    """The rows of a cell from which linear ratios can be drawn; see `tasks.sizes.equal`."""
    step = math.lcm(labels * (labels + 1) // 2, labels)
    return math.ceil(step * Fraction(2, labels + 1))


def _ratios(languages: list[str], count: int) -> dict[str, list[int]]:
    """The paper's linear ratios: rising for every other language, falling for the rest."""
    rising, falling = range(1, count + 1), range(count, 0, -1)
    return {language: list(falling if place % 2 else rising) for place, language in enumerate(languages)}
