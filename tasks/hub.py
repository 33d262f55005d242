"""Rows of a data set on the Hugging Face hub, by the hub's own clients, which also find the user's token."""

from pathlib import Path

import numpy as np
import pandas as pd

from tasks.corpora import Source
from tasks.hub_errors import in_one_sentence
from tasks.tables import Part, check_columns, read_table

_BUFFER = 10_000  # articles held in memory to shuffle a streamed corpus


def load(source: Source, split: str, language: str | None, columns: list[str]) -> Part:
    """Read one split of one config; no other config is downloaded, and no other column comes into memory.

    Args:
        source: the source, with ``hub`` and without ``files``.
        split: our name of the split.
        language: fills ``{language}``.
        columns: the wanted columns, by the source's names.

    Raises:
        DataError: a column is missing.
        UserError: the rows cannot be read; nothing half-read is kept.
    """
    from datasets import load_dataset

    repo, config, name, place = _names(source, split, language)
    with in_one_sentence(source, place, repo, config, name):
        rows = load_dataset(repo, config, split=name, revision=source.revision)
    check_columns(columns, rows.column_names, place)
    frame = rows.select_columns(columns).to_pandas()
    return Part(frame, place, np.arange(1, len(frame) + 1), language=language)


def stream(source: Source, split: str, language: str | None, columns: list[str], sample: int) -> Part:
    """Read ``sample`` rows of one split without downloading all; otherwise like `load`.

    They are drawn in a fixed random order from a moving window of 10,000 rows, and so from the beginning of a large
    split only.
    """
    from datasets import load_dataset

    repo, config, name, place = _names(source, split, language)
    with in_one_sentence(source, place, repo, config, name):
        rows = load_dataset(repo, config, split=name, revision=source.revision, streaming=True)
        found = rows.column_names or list(next(iter(rows.take(1)), ()))
    check_columns(columns, found, place)
    with in_one_sentence(source, place, repo, config, name):
        records = list(rows.select_columns(columns).shuffle(seed=0, buffer_size=_BUFFER).take(sample))
    frame = pd.DataFrame.from_records(records, columns=columns)
    return Part(frame, place, np.arange(1, len(frame) + 1), language=language)


def read_file(source: Source, language: str | None, template: str, columns: list[str]) -> Part:
    """Read one file of a repository itself, the way for repositories that carry a loading script.

    Args:
        source: the source, with ``hub`` and ``files``.
        language: fills ``{language}``.
        template: one of the names in ``source.files``.
        columns: the wanted columns, by the source's names.

    Raises:
        DataError: the file is not what its name says, is cut short, or lacks a column.
        UserError: the file cannot be read.
    """
    from huggingface_hub import hf_hub_download

    repo, name = source.fill(source.hub or "", language), source.fill(template, language)
    place = f"{repo}/{name}"
    with in_one_sentence(source, place, repo):
        path = hf_hub_download(repo, name, repo_type="dataset", revision=source.revision)
    return read_table(Path(path), columns, place, language)


def _names(source: Source, split: str, language: str | None) -> tuple[str, str | None, str, str]:
    """Repository, config, the source's name of the split, and how messages call the three."""
    repo = source.fill(source.hub or "", language)
    config = source.fill(source.config, language) if source.config else None
    name = source.splits.get(split, "train" if split == "probe" else split)
    return repo, config, name, f"{repo} ({', '.join(part for part in (config, name) if part)})"
