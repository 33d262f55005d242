"""Attributions piece by piece: what is finished stays, and several processes can share the work.

A chunk is a list of texts that follows from the texts and the settings alone. Whoever holds a chunk's lock computes
it and writes its file; the operating system drops the lock when its process ends, however it ends.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
from filelock import FileLock, Timeout

from benchmark.attributions.engine import Attribution, Explainer, mode_of, order_of, work_of
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text
from polyskew.files import atomic_file

_TOKENS = 2**19
"""Of a chunk whose rows are known beforehand: seconds on a GPU, minutes of a large model on a processor."""
_STEPWISE = {"partition": 4, "reference": 4}
"""Modes whose batches are full only where many texts advance together have chunks so many times as large."""
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
        if not chunks or mode != before or work >= _TOKENS * _STEPWISE.get(mode, 1):
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
        self._files = [
            folder / f"{number:05d}-{_content(texts, chunk)}.parquet" for number, chunk in enumerate(self._chunks)
        ]
        self._folder = folder

    def compute(
        self,
        explainer: Callable[[], Explainer],
        report: Callable[[float], None],
        wanted: Callable[[], bool] | None = None,
    ) -> None:
        """Compute the chunks that nobody has computed or is computing, and stay until all are there.

        A chunk whose process died is taken over.

        Args:
            explainer: makes the explainer, when there is a chunk to compute.
            report: told the share of all chunks that is done, by whomever, measured in tokens.
            wanted: where another process owns the folder: whether it still wants help. It removes the folder when it
                has what it needs.
        """
        if wanted is None:
            self._folder.mkdir(parents=True, exist_ok=True)
        explain: Explainer | None = None
        while True:
            report(self._share())
            for number, file in enumerate(self._files):
                if file.exists():
                    continue
                if wanted is not None and not wanted():
                    return
                try:
                    with FileLock(file.with_suffix(".lock"), timeout=0):
                        # Asked again: until a moment ago the lock and the folder were another's.
                        if not file.exists() and (wanted is None or wanted()):
                            explain = explain or explainer()
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


def _content(texts: Sequence[Text], chunk: list[int]) -> str:
    """What a chunk's values follow from, beside the settings: a chunk that is cut otherwise has another name."""
    content = hashlib.sha256()
    for place in chunk:
        text = texts[place]
        for part in (np.int64(place), text.ids, text.features, text.children):
            content.update(part.tobytes())
    return content.hexdigest()[:12]


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
