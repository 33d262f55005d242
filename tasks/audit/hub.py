"""Data sets on the Hugging Face hub, streamed: nothing is downloaded before it is read."""

import re
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from polyskew.errors import UserError, suggest
from tasks.audit.rows import BATCH, Batch, checked
from tasks.corpora import Source
from tasks.hub_errors import Remedies, in_one_sentence
from tasks.tables import check_columns

if TYPE_CHECKING:
    from datasets import IterableDataset

_LANGUAGE = r"[a-z]{2,3}(?:[-_][A-Za-z]{2,8})?"
_ALL = ("all", "all_languages", "default", "multilingual")  # configs that hold every language
LOCAL_FILES = "give local files"
_BY_OPTIONS = Remedies(
    instead=LOCAL_FILES,
    revision="correct --revision",
    config="correct --config",
    split="correct --split",
    script=f"what the hub made of it may stand at --revision refs/convert/parquet; else {LOCAL_FILES}",
)


@dataclass(frozen=True)
class Split:
    """One split of one config. See `tasks.audit.rows.Rows`.

    Attributes:
        source: the repository, config and revision.
        name: the hub's name of the split.
        remedies: what can be done where it cannot be read.
    """

    source: Source
    name: str
    split: str
    language: str | None = None
    unit: str = "row"
    remedies: Remedies = _BY_OPTIONS

    @property
    def place(self) -> str:
        """The repository, config and split."""
        return f"{self.source.hub} ({', '.join(part for part in (self.source.config, self.name) if part)})"

    def names(self) -> list[str]:
        """Return the columns' names."""
        if self._rows.column_names:
            return list(self._rows.column_names)
        with self._told(), _without_torch():
            return list(next(iter(self._rows.take(1)), ()))

    def class_names(self, column: str) -> list[str]:
        """Return the names of a column's class numbers."""
        feature = (self._rows.features or {}).get(column)
        return list(getattr(getattr(feature, "feature", feature), "names", None) or [])

    def batches(self, columns: list[str]) -> Iterator[Batch]:
        """Yield all rows in order."""
        check_columns(columns, self.names(), self.place)
        with self._told():
            with _without_torch():
                rows = self._rows.select_columns(columns).with_format("arrow")
            start = 0
            for table in rows.iter(batch_size=BATCH):
                numbers = np.arange(start + 1, start + 1 + table.num_rows)
                found = {name: table.column(name).combine_chunks() for name in columns}
                yield Batch(
                    {name: checked(one, numbers, self.place, self.unit) for name, one in found.items()}, numbers
                )
                start += table.num_rows

    @cached_property
    def _rows(self) -> "IterableDataset":
        from datasets import load_dataset

        source = self.source
        with self._told(), _without_torch():
            return load_dataset(source.hub, source.config, split=self.name, revision=source.revision, streaming=True)

    def _told(self) -> AbstractContextManager[None]:
        source = self.source
        return in_one_sentence(source, self.place, source.hub or "", source.config, self.name, self.remedies)


@contextmanager
def _without_torch() -> Iterator[None]:
    """Keep `datasets` from importing torch for what streams, which takes seconds and is of no use here."""
    from datasets import config

    available = config.TORCH_AVAILABLE
    config.TORCH_AVAILABLE = available and "torch" in sys.modules
    try:
        yield
    finally:
        config.TORCH_AVAILABLE = available


def find(repo: str, config: str | None, revision: str | None) -> list[Split]:
    """Return the splits of a data set.

    Args:
        repo: ``organisation/name``.
        config: one config, or ``{language}`` in its name for all that fit. Without it, the only one; of several
            those that are called by languages, if there are.
        revision: a commit or branch.

    Raises:
        UserError: the data set cannot be read or has no such config, or one must be chosen.
    """
    from datasets import get_dataset_config_names, get_dataset_split_names

    source = Source(hub=repo, revision=revision)
    with in_one_sentence(source, repo, repo, remedies=_BY_OPTIONS):
        names = [str(name) for name in get_dataset_config_names(repo, revision=revision)]
    found = []
    for name, language in _configs(repo, names, config):
        chosen = source.model_copy(update={"config": name})
        with in_one_sentence(chosen, f"{repo} ({name})", repo, name, remedies=_BY_OPTIONS):
            splits = get_dataset_split_names(repo, name, revision=revision)
        found += [Split(chosen, str(split), str(split), language) for split in splits]
    return found


def _configs(repo: str, names: list[str], config: str | None) -> list[tuple[str, str | None]]:
    """Return the configs to read, each with its language where its name tells."""
    if config is None and len(names) == 1:
        return [(names[0], None)]
    if config is not None and "{language}" not in config:
        if config not in names:
            raise UserError(f"{repo} has no config {config!r}{suggest(config, names)}; correct --config")
        return [(config, None)]
    before, _, after = (config or "{language}").partition("{language}")
    inner = ".+" if config else _LANGUAGE
    pattern = re.compile(f"{re.escape(before)}({inner}){re.escape(after)}")
    fitting = [(name, match[1]) for name in names if name not in _ALL and (match := pattern.fullmatch(name))]
    if len(fitting) > 1:
        return [*fitting]
    shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    if config is not None:
        raise UserError(f"{repo} has no two configs that fit --config {config} (it has: {shown})")
    raise UserError(
        f"{repo} has several configs ({shown}): choose one with --config NAME, or --config '{{language}}' where they "
        f"are called by their languages"
    )
