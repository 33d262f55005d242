"""Texts that stand twice, found in little memory: hashes go to files by their first bits, and are read back in turn."""

import tempfile
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from polyskew.errors import UserError

_BITS = 7
_BUCKETS = 1 << _BITS
_EXAMPLES = 3  # of each kind
_RECORD = np.dtype([("hash", "<u8"), ("row", "<i8"), ("label", "<i4"), ("language", "<i2"), ("part", "<u2")])


@dataclass(frozen=True)
class Place:
    """Where a text stands: the part's place in the list of parts, and the row's number."""

    part: int
    row: int


@dataclass(frozen=True)
class Duplicates:
    """What stands twice. Two texts are the same if they are equal after blanks at both ends are taken off.

    Attributes:
        texts: rows with a text.
        distinct: distinct texts.
        repeated: by split, rows whose text stands earlier in the same split.
        shared: by two splits, distinct texts that stand in both.
        conflicting: distinct texts that stand with different labels (for several labels a text: different sets).
        conflicting_rows: the rows of these.
        multilingual: distinct texts that stand under several languages.
        examples: a few pairs of places of each kind: ``repeated``, ``shared``, ``conflicting``, ``multilingual``.
        chance: the probability that any two different texts were taken for the same.
    """

    texts: int
    distinct: int
    repeated: dict[str, int]
    shared: dict[tuple[str, str], int]
    conflicting: int
    conflicting_rows: int
    multilingual: int
    examples: dict[str, list[tuple[Place, Place]]]
    chance: float


class Finder:
    """Takes hashes of texts, and finds what stands twice; a context manager that removes its files.

    Records are 24 bytes each and lie in the system's temporary folder (``TMPDIR`` names another).

    Args:
        splits: the split of each part.
    """

    def __init__(self, splits: list[str]) -> None:
        self._splits = splits
        self._stack = ExitStack()

    def __enter__(self) -> "Finder":
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="polyskew-audit-")))
        self._paths = [folder / f"{number:03d}" for number in range(_BUCKETS)]
        self._files = [self._stack.enter_context(path.open("wb")) for path in self._paths]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(
        self,
        hashes: NDArray[np.uint64],
        rows: NDArray[np.int64],
        part: int,
        labels: NDArray[np.int64],
        languages: NDArray[np.int64],
    ) -> None:
        """Take some rows.

        Args:
            hashes: [N], of the texts.
            rows: [N], their numbers.
            part: their part.
            labels: [N], any number for each label, -1 where it is missing.
            languages: [N], the same for languages.

        Raises:
            UserError: the temporary folder is full.
        """
        records = np.empty(len(hashes), _RECORD)
        records["hash"], records["row"], records["part"] = hashes, rows, part
        records["label"], records["language"] = labels, languages
        buckets = (hashes >> np.uint64(64 - _BITS)).astype(np.int64)
        records = records[np.argsort(buckets, kind="stable")]
        ends = np.cumsum(np.bincount(buckets, minlength=_BUCKETS))
        try:
            for file, start, end in zip(self._files, [0, *ends[:-1].tolist()], ends.tolist(), strict=True):
                if end > start:
                    file.write(records[start:end].tobytes())
        except OSError as error:
            raise self._full(error) from None

    def found(self, labels: Sequence[Hashable]) -> Duplicates:
        """Return what stands twice among all that was taken.

        Args:
            labels: what each number of a label stands for: numbers of equal ones count as one label.
        """
        distinct = {label: number for number, label in enumerate(dict.fromkeys(labels))}
        same = np.array([*(distinct[label] for label in labels), -1])
        try:
            for file in self._files:
                file.flush()
        except OSError as error:
            raise self._full(error) from None
        names = list(dict.fromkeys(self._splits))
        of_part = np.array([names.index(split) for split in self._splits])
        tally = _Tally(names)
        for path in self._paths:
            records = np.fromfile(path, _RECORD)
            records["label"] = same[records["label"]]
            tally.count(records, of_part)
        return tally.result()

    def _full(self, error: OSError) -> UserError:
        return UserError(
            f"the temporary folder {self._paths[0].parent.parent} takes no more ({error.strerror}); name one with "
            f"room for {_RECORD.itemsize} bytes a row in the environment variable TMPDIR"
        )


class _Tally:
    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._texts = self._distinct = 0
        self._repeated = np.zeros(len(names), np.int64)
        self._shared = np.zeros((len(names), len(names)), np.int64)
        self._conflicting = self._conflicting_rows = self._multilingual = 0
        self._examples: dict[str, list[tuple[Place, Place]]] = {
            kind: [] for kind in ("repeated", "shared", "conflicting", "multilingual")
        }

    def count(self, records: NDArray[np.void], of_part: NDArray[np.int64]) -> None:
        """Count the records of one bucket."""
        self._texts += len(records)
        records = records[np.lexsort((records["row"], records["part"], records["hash"]))]
        starts = np.flatnonzero(np.r_[True, records["hash"][1:] != records["hash"][:-1]][: len(records)])
        self._distinct += len(starts)
        sizes = np.diff(np.r_[starts, len(records)])
        records = records[np.repeat(sizes > 1, sizes)]  # only texts that stand twice are of interest from here on
        sizes = sizes[sizes > 1]
        if not len(sizes):
            return
        starts = np.cumsum(sizes) - sizes
        group = np.repeat(np.arange(len(sizes)), sizes)
        split = of_part[records["part"]]
        standing = np.zeros((len(sizes), len(self._names)), np.int64)
        np.add.at(standing, (group, split), 1)
        self._repeated += np.maximum(standing - 1, 0).sum(axis=0)
        present = (standing > 0).astype(np.int64)
        self._shared += present.T @ present
        differ = _differ(records["label"], starts)
        self._conflicting += int(differ.sum())
        self._conflicting_rows += int(sizes[differ].sum())
        multilingual = _differ(records["language"], starts)
        self._multilingual += int(multilingual.sum())
        self._remember("repeated", standing.max(axis=1) > 1, records, split, starts, sizes)
        self._remember("shared", present.sum(axis=1) > 1, records, split, starts, sizes)
        self._remember("conflicting", differ, records, records["label"], starts, sizes)
        self._remember("multilingual", multilingual, records, records["language"], starts, sizes)

    def _remember(
        self,
        kind: str,
        chosen: NDArray[np.bool_],
        records: NDArray[np.void],
        values: NDArray[np.integer],
        starts: NDArray[np.int64],
        sizes: NDArray[np.int64],
    ) -> None:
        """Keep a few pairs: of equal values for ``repeated``, else of different ones; -1 is none."""
        for place in np.flatnonzero(chosen)[: _EXAMPLES - len(self._examples[kind])]:
            rows = np.arange(starts[place], starts[place] + sizes[place])
            pairs = combinations(rows[values[rows] >= 0].tolist(), 2)
            one, two = next((one, two) for one, two in pairs if (values[one] == values[two]) == (kind == "repeated"))
            pair = [Place(int(records["part"][row]), int(records["row"][row])) for row in (one, two)]
            self._examples[kind].append((pair[0], pair[1]))

    def result(self) -> Duplicates:
        names = self._names
        pairs = combinations(range(len(names)), 2)
        return Duplicates(
            self._texts,
            self._distinct,
            {name: int(self._repeated[place]) for place, name in enumerate(names)},
            {(names[one], names[two]): int(self._shared[one, two]) for one, two in pairs},
            self._conflicting,
            self._conflicting_rows,
            self._multilingual,
            self._examples,
            # The birthday bound for 64 bits.
            -float(np.expm1(-(self._distinct**2) / 2**65)),
        )


def _differ(values: NDArray[np.integer], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each group has two different values; -1 is none."""
    largest = np.maximum.reduceat(values, starts)
    smallest = np.minimum.reduceat(np.where(values < 0, np.iinfo(values.dtype).max, values), starts)
    return np.asarray((largest >= 0) & (smallest != largest))
