"""Attributions piece by piece: what is finished stays, and several processes can share the work.

A chunk is a list of texts that follows from the texts and the settings alone. Whoever holds a chunk's lock computes
it and writes its file; the operating system drops the lock when its process ends, however it ends.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from filelock import FileLock, Timeout

from benchmark.attributions.engine import Attribution, mode_of, order_of, work_of
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text
from polyskew.files import atomic_file

Explainer = Callable[[Sequence[Text], Callable[[int], None]], Iterator[tuple[int, Attribution]]]
"""Takes texts, and a function that is told of the tokens computed; yields each text's place and attribution."""

_TOKENS = 2**19
"""Of a chunk whose rows are known beforehand: seconds on a GPU, minutes of a large model on a processor."""
_TEXTS = 256
"""Of a chunk of the modes that ask step by step, whose batches are full only where many texts advance together."""
_POLL_SECONDS = 0.2


def chunks_of(texts: Sequence[Text], settings: Settings) -> list[list[int]]:
    """Return the places of each chunk's texts, in the order of work.

    Raises:
        UserError: see `engine.mode_of`.
    """
    chunks: list[list[int]] = []
    before, work = "", 0
    for place in order_of(texts, settings):
        mode = mode_of(texts[place], settings)
        full = work >= _TOKENS if mode in ("exact", "permutations") else bool(chunks) and len(chunks[-1]) >= _TEXTS
        if not chunks or mode != before or full:
            chunks.append([])
            work = 0
        chunks[-1].append(place)
        before, work = mode, work + work_of(texts[place], settings)
    return chunks


class Chunks:
    """The chunks of one stage in a folder.

    Args:
        folder: where their files are; made if it is missing.
        texts: all texts.
        settings: how they are explained.
    """

    def __init__(self, folder: Path, texts: Sequence[Text], settings: Settings) -> None:
        self._texts = texts
        self._chunks = chunks_of(texts, settings)
        self._work = [sum(work_of(texts[place], settings) for place in chunk) for chunk in self._chunks]
        self._files = [folder / f"{number:06d}.parquet" for number in range(len(self._chunks))]
        self._folder = folder

    def compute(self, explain: Explainer, report: Callable[[float], None], *, helping: bool = False) -> None:
        """Compute the chunks that nobody has computed or is computing, and stay until all are there.

        A chunk whose process died is taken over.

        Args:
            explain: the explainer.
            report: told the share of all chunks that is done, by whomever, measured in tokens.
            helping: whether the folder is another process's, which removes it when it has what it needs.
        """
        if not helping:
            self._folder.mkdir(parents=True, exist_ok=True)
        while self._folder.is_dir():
            report(self._share())
            for number, file in enumerate(self._files):
                if file.exists() or not self._folder.is_dir():
                    continue
                try:
                    with FileLock(file.with_suffix(".lock"), timeout=0):
                        if not file.exists():
                            self._compute(number, explain, report)
                except Timeout:
                    continue
            if all(file.exists() for file in self._files):
                return
            time.sleep(_POLL_SECONDS)

    def table(self) -> pyarrow.Table:
        """Return the values of all texts, in the texts' order.

        Columns: mode, evaluations, rows, values and errors (lists of float32, T x C row by row; errors null where
        none are stated), base and output (lists of float32, C).
        """
        whole = pyarrow.concat_tables(pyarrow.parquet.read_table(file) for file in self._files)
        return whole.sort_by("place").drop_columns("place").combine_chunks()

    def _compute(self, number: int, explain: Explainer, report: Callable[[float], None]) -> None:
        chunk, done = self._chunks[number], 0
        before = self._share()
        total = max(1, sum(self._work))

        def computed(tokens: int) -> None:
            nonlocal done
            done = min(done + tokens, self._work[number])
            report(before + done / total)

        found = list(explain([self._texts[place] for place in chunk], computed))
        with atomic_file(self._files[number]) as file:
            pyarrow.parquet.write_table(_table(chunk, found), file, compression="zstd")
        report(self._share())

    def _share(self) -> float:
        done = sum(work for file, work in zip(self._files, self._work, strict=True) if file.exists())
        return done / max(1, sum(self._work))


def _table(places: Sequence[int], found: Sequence[tuple[int, Attribution]]) -> pyarrow.Table:
    floats = pyarrow.list_(pyarrow.float32())

    def column(name: str) -> pyarrow.Array:
        arrays = [getattr(item, name) for _, item in found]
        return pyarrow.array([None if array is None else array.astype(np.float32).ravel() for array in arrays], floats)

    return pyarrow.table(
        {
            "place": pyarrow.array([places[index] for index, _ in found], pyarrow.int64()),
            "mode": pyarrow.array([item.mode for _, item in found], pyarrow.string()),
            "evaluations": pyarrow.array([item.evaluations for _, item in found], pyarrow.int64()),
            "rows": pyarrow.array([item.rows for _, item in found], pyarrow.int64()),
            **{name: column(name) for name in ("values", "errors", "base", "output")},
        }
    )
