"""The rows of a source, as they stand there, and the source's identity without local paths."""

import os
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from polyskew.errors import DataError, UserError
from polyskew.files import sha256
from tasks import hub
from tasks.corpora import Source
from tasks.tables import Part, read_table

_COMMIT = re.compile(r"[0-9a-f]{7,40}")


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
        UserError: the hub does not give out the rows (see `tasks.hub`), or an environment variable is not set.
    """
    if source.generated:
        yield _generate(source, split, languages)
        return
    for language in languages if source.by_language else (None,):
        for template in source.files.get(split, ()) or ("",):
            if source.hub and source.files:
                yield hub.read_file(source, language, template, columns)
            elif source.files:
                yield read_table(local_path(source.fill(template, language)), columns, language=language)
            elif sample is None:
                yield hub.load(source, split, language, columns)
            else:
                yield hub.stream(source, split, language, columns, sample)


def warn_if_unpinned(source: Source) -> None:
    """Warn if a hub data set has no commit for a revision: it may change under its name."""
    if source.hub and not _COMMIT.fullmatch(source.revision or ""):
        newest = f"what is now {source.revision!r}" if source.revision else "its newest revision"
        warnings.warn(
            f"the data set {source.hub!r} is read at {newest}, so results may change with it; pin it with "
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
    # Only of the languages that are read: to name another one changes nothing.
    names = {language: source.languages[language] for language in languages if language in source.languages}
    named = {"languages": names} if names else {}
    if source.hub:
        kept = source.model_dump(mode="json", exclude_defaults=True, exclude={"languages"})
        return {**kept, "revision": source.revision or "main", **named}
    filled = languages if source.by_language else (None,)
    return {
        "sha256": {
            split: [_checksum(local_path(source.fill(path, language))) for language in filled for path in paths]
            for split, paths in sorted(source.files.items())
        },
        **named,
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
