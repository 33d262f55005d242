"""The rows of a source, as they stand there, and the source's identity without local paths."""

import os
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from polyskew.errors import DataError, UserError
from polyskew.files import sha256
from tasks.declare import Source
from tasks.tables import Part, check_columns, read_table

_BUFFER = 10_000  # articles held in memory to shuffle a streamed corpus


def read_parts(
    source: Source, split: str, languages: tuple[str, ...], columns: list[str], sample: int | None = None
) -> Iterator[Part]:
    """Read one split.

    Args:
        source: where to read.
        split: our name of the split.
        languages: the languages for ``{language}``.
        columns: the wanted columns, by the source's names.
        sample: for a hub data set, stream this many rows a part in a fixed random order instead of reading all.

    Yields:
        Files or hub splits, one after the other; with the language where ``{language}`` names it.

    Raises:
        DataError: a file is missing or wrong.
        UserError: the hub cannot be reached, or an environment variable is not set.
    """
    if source.generated:
        yield _generate(source, split, languages)
        return
    for language in languages if source.by_language else (None,):
        for template in source.files.get(split, ()) or ("",):
            if source.hub and source.files:
                name = _fill(template, language)
                path = _download(_fill(source.hub, language), name, source.revision)
                yield read_table(path, columns, f"{_fill(source.hub, language)}/{name}", language)
            elif source.files:
                yield read_table(local_path(_fill(template, language)), columns, language=language)
            else:
                yield _load_hub(source, split, language, columns, sample)


def warn_if_unpinned(source: Source) -> None:
    """Warn if a hub data set has no revision: it may change under its name."""
    if source.hub and not source.revision:
        warnings.warn(
            f"the data set {source.hub!r} is read at its newest revision, so results may change with it; pin it with "
            f"source.revision",
            stacklevel=3,
        )


def local_path(template: str) -> Path:
    """Return a path with its environment variables, written ``${NAME}``, filled in.

    Raises:
        UserError: a variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise UserError(f"the environment variable {match[1]} is not set; the data path {template!r} needs it")
        return os.environ[match[1]]

    return Path(re.sub(r"\$\{(\w+)\}", value, template)).expanduser()


def source_identity(source: Source, languages: tuple[str, ...]) -> dict[str, Any]:
    """Name a source by what it holds: repository and revision, the files' SHA-256, or the generator's version.

    Args:
        source: the source.
        languages: the languages that are read, for ``{language}`` in file names.
    """
    if source.generated:
        from tasks import demo

        return {"generated": source.generated, "version": demo.GENERATOR_VERSION, "rows": dict(source.rows)}
    if source.hub:
        kept = source.model_dump(mode="json", exclude_defaults=True)
        return {**kept, "revision": source.revision or "main"}
    filled = languages if source.by_language else (None,)
    return {
        "sha256": {
            split: [_checksum(local_path(_fill(path, language))) for language in filled for path in paths]
            for split, paths in sorted(source.files.items())
        }
    }


def _checksum(path: Path) -> str:
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(f"{path}: the file cannot be read ({(error.strerror or str(error)).lower()})") from None
    return _checksum_of(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _checksum_of(path: Path, modified: int, size: int) -> str:
    return sha256(path)


def _fill(template: str, language: str | None) -> str:
    return template.replace("{language}", language) if language else template


def _generate(source: Source, split: str, languages: tuple[str, ...]) -> Part:
    from tasks import demo

    count = source.rows[split]
    if source.generated == "wiki":
        frame = demo.generate_wiki(count, languages=languages)
    elif source.generated == "nli":
        frame = demo.generate_nli(split, count, languages=languages)
    else:
        frame = demo.generate_reviews(split, count, languages=languages)
    return Part(frame, f"the generator {source.generated!r} ({split})", np.arange(1, len(frame) + 1))


def _load_hub(source: Source, split: str, language: str | None, columns: list[str], sample: int | None) -> Part:
    from datasets import load_dataset

    repo = _fill(source.hub or "", language)
    config = _fill(source.config, language) if source.config else None
    split = source.splits.get(split, "train" if split == "probe" else split)
    place = f"{repo} ({', '.join(part for part in (config, split) if part)})"
    try:
        rows = load_dataset(repo, config, split=split, revision=source.revision, streaming=sample is not None)
        if sample is None:
            check_columns(columns, rows.column_names, place)
            frame = rows.select_columns(columns).to_pandas()
        else:
            rows = rows.shuffle(seed=0, buffer_size=_BUFFER).take(sample)
            records = list(rows)
            check_columns(columns, records[0] if records else (), place)
            frame = pd.DataFrame.from_records(records, columns=columns)
    except DataError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(_unreachable(place, error)) from None
    return Part(frame, place, np.arange(1, len(frame) + 1), language=language)


def _download(repo: str, name: str, revision: str | None) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repo, name, repo_type="dataset", revision=revision))
    except (OSError, ValueError) as error:
        raise UserError(_unreachable(f"{repo}/{name}", error)) from None


def _unreachable(place: str, error: Exception) -> str:
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return (
        f"{place} could not be read from the hub: {reason[:300]}; where the hub is out of reach, set the source to "
        f"local files"
    )
