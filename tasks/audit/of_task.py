"""A declared task's files, hub splits or generated rows, as parts to be read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tasks.audit import hub
from tasks.audit.columns import Asked
from tasks.audit.files import File
from tasks.audit.rows import Batch, Rows, as_array
from tasks.corpora import Source
from tasks.declare import SPLITS, Task
from tasks.hub_errors import in_one_sentence, of_settings
from tasks.sources import local_path, read_parts
from tasks.tables import check_columns


@dataclass(frozen=True)
class Generated:
    """One split from a generator. See `tasks.audit.rows.Rows`."""

    task: Task
    split: str
    language: str | None = None
    unit: str = "row"

    @property
    def place(self) -> str:
        """The task and the split."""
        return f"{self.task.name} ({self.split})"

    def names(self) -> list[str]:
        """Return the columns' names."""
        return ["text", *(["text_pair"] if self.task.pair else []), "label", "language"]

    def class_names(self, column: str) -> list[str]:
        """Return nothing: the task has the names."""
        return []

    def batches(self, columns: list[str]) -> Iterator[Batch]:
        """Yield all rows at once: generated data sets are small."""
        check_columns(columns, self.names(), self.place)
        for part in read_parts(self.task.source, self.split, self.task.languages, columns):
            arrays = {name: as_array(part.frame[name].tolist()) for name in columns}
            yield Batch(arrays, np.arange(1, len(part.frame) + 1))


def columns(task: Task) -> Asked:
    """Return the columns that a task names."""
    if task.source.generated:
        return Asked(("text", "text_pair") if task.pair else ("text",), ("label",), "language")
    named = task.columns
    texts = (named.text,) if named.text_pair is None else (named.text, named.text_pair)
    return Asked(texts, (named.label,), None if task.source.by_language else named.language)


def parts(task: Task) -> Iterator[Rows]:
    """Yield the parts of all splits; files that lie on the hub are downloaded.

    Raises:
        UserError: a file cannot be downloaded, or an environment variable is not set.
    """
    source = task.source
    for split in SPLITS:
        if source.generated:
            yield Generated(task, split)
            continue
        for language in task.languages if source.by_language else (None,):
            # A task without a column of languages has one language.
            known = language if source.by_language or task.columns.language else task.languages[0]
            for template in source.files.get(split, ()):
                yield _file(source, split, language, known, template)
            if not source.files:
                yield _split(source, split, language, known)


def _file(source: Source, split: str, language: str | None, known: str | None, template: str) -> File:
    name = source.fill(template, language)
    if source.hub is None:
        return File(local_path(name), split, known)
    from huggingface_hub import hf_hub_download

    repo = source.fill(source.hub, language)
    place = f"{repo}/{name}"
    with in_one_sentence(source, place, repo, remedies=replace(of_settings(source), instead=hub.LOCAL_FILES)):
        path = hf_hub_download(repo, name, repo_type="dataset", revision=source.revision)
    return File(Path(path), split, known, place)


def _split(source: Source, split: str, language: str | None, known: str | None) -> hub.Split:
    config = source.fill(source.config, language) if source.config else None
    chosen = source.model_copy(update={"hub": source.fill(source.hub or "", language), "config": config})
    can = replace(of_settings(source), instead=hub.LOCAL_FILES)
    return hub.Split(chosen, source.splits.get(split, split), split, known, remedies=can)
