"""Chunks: a killed stage goes on, several processes share one, nothing is computed twice."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmark.attributions import chunks as module
from benchmark.attributions.chunks import Chunks, chunks_of
from benchmark.attributions.engine import Attribution, explain, mode_of, work_of
from benchmark.attributions.rows import IdRows, Ids
from benchmark.attributions.settings import Settings
from benchmark.attributions.texts import Text
from tests.benchmark.attributions import games

SETTINGS = Settings(max_rows=400)


def texts(count: int = 24) -> list[Text]:
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 24, count)
    return [games.text_of(games.random_tree(int(size), place) if size > 1 else np.zeros((0, 2), np.int32), int(size))
            for place, size in enumerate(sizes)]  # fmt: skip


def model(ids: Ids, types: Ids | None) -> np.ndarray:
    shown = ids != games.MASK
    return np.stack([np.sin(shown.sum(axis=1)), np.cos(ids.sum(axis=1))], axis=1)


def explainer(some: Sequence[Text], report: Callable[[int], None]) -> Iterator[tuple[int, Attribution]]:
    return explain(model, some, SETTINGS, partial(IdRows, mask_id=games.MASK), report=report)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TOKENS", 3000)


def test_chunks_follow_from_the_texts_and_hold_one_mode_each() -> None:
    given = texts()
    found = chunks_of(given, SETTINGS)
    assert sorted(place for chunk in found for place in chunk) == list(range(len(given)))
    assert len(found) > 4
    for chunk in found:
        assert len({mode_of(given[place], SETTINGS) for place in chunk}) == 1
        assert sum(work_of(given[place], SETTINGS) for place in chunk[:-1]) < 3000
    assert {mode_of(given[chunk[0]], SETTINGS) for chunk in found} == {"exact", "permutations"}
    stepwise = Settings(mode="partition")
    larger = chunks_of(given, stepwise)
    assert 1 < len(larger) < len(found), "batches that are full only with many texts"
    for chunk in larger:
        assert sum(work_of(given[place], stepwise) for place in chunk[:-1]) < 4 * 3000


def test_the_table_is_in_the_texts_order_and_holds_what_was_found(tmp_path: Path) -> None:
    given, shares = texts(), [0.0]
    Chunks(tmp_path / "work", given, SETTINGS).compute(lambda: explainer, shares.append)
    table = Chunks(tmp_path / "work", given, SETTINGS).table()
    wanted = games.values_of(model, given, max_rows=400)
    assert table.num_rows == len(given)
    for row, item in zip(table.to_pylist(), wanted, strict=True):
        assert (row["mode"], row["evaluations"], row["rows"]) == (item.mode, item.evaluations, item.rows)
        for name in ("values", "errors", "base", "output"):
            np.testing.assert_array_equal(np.float32(row[name]), getattr(item, name).astype(np.float32).ravel())
    assert shares[-1] == 1
    assert min(np.diff(shares)) > -1e-9, "the share that is done never falls"
    assert max(np.diff(shares)) < 0.5


def test_a_mode_without_errors_states_none(tmp_path: Path) -> None:
    settings = Settings(mode="partition", evaluations=50)

    def partitions(some: Sequence[Text], report: Callable[[int], None]) -> Iterator[tuple[int, Attribution]]:
        return explain(model, some, settings, partial(IdRows, mask_id=games.MASK), report=report)

    chunks = Chunks(tmp_path, texts(3), settings)
    chunks.compute(lambda: partitions, lambda share: None)
    assert chunks.table().column("errors").to_pylist() == [None] * 3


def test_a_chunk_that_is_cut_otherwise_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = texts()
    Chunks(tmp_path, given, SETTINGS).compute(lambda: explainer, lambda share: None)
    before = {path.name for path in tmp_path.glob("*.parquet")}
    monkeypatch.setattr(module, "_TOKENS", 2000)
    chunks = Chunks(tmp_path, given, SETTINGS)
    chunks.compute(lambda: explainer, lambda share: None)
    assert chunks.table().num_rows == len(given)
    assert before - {path.name for path in tmp_path.glob("*.parquet")} == set()


def test_what_is_finished_is_not_computed_again(tmp_path: Path) -> None:
    given, total = texts(), len(chunks_of(texts(), SETTINGS))
    calls = 0

    def stops(some: Sequence[Text], report: Callable[[int], None]) -> Iterator[tuple[int, Attribution]]:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return explainer(some, report)

    with pytest.raises(KeyboardInterrupt):
        Chunks(tmp_path, given, SETTINGS).compute(lambda: stops, lambda share: None)
    assert len(list(tmp_path.glob("*.parquet"))) == 3
    shares: list[float] = []
    Chunks(tmp_path, given, SETTINGS).compute(lambda: stops, shares.append)
    assert calls == total + 1
    assert 0 < shares[0] < 1


def _work(folder: Path, journal: Path, number: int) -> None:
    module._TOKENS = 3000

    def slowly(some: Sequence[Text], report: Callable[[int], None]) -> Iterator[tuple[int, Attribution]]:
        with journal.open("a") as file:
            file.write(f"{number} {[text.length for text in some]}\n")
        time.sleep(0.1)
        return explainer(some, report)

    Chunks(folder, texts(), SETTINGS).compute(
        lambda: slowly, lambda share: None, None if number == 0 else folder.is_dir
    )


def test_processes_share_the_chunks_and_one_that_dies_loses_only_its_own(tmp_path: Path) -> None:
    folder, journal = tmp_path / "work", tmp_path / "journal"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_work, args=(folder, journal, number)) for number in range(3)]
    folder.mkdir()
    for worker in workers:
        worker.start()
    while not journal.exists() or len(journal.read_text().splitlines()) < 3:
        time.sleep(0.01)
    workers[2].kill()
    for worker in workers:
        worker.join()
    assert workers[0].exitcode == 0
    assert workers[1].exitcode == 0
    total = len(chunks_of(texts(), SETTINGS))
    lines = journal.read_text().splitlines()
    assert total <= len(lines) <= total + 1, "at most the killed one's chunk was begun twice"
    assert len({line[0] for line in lines}) >= 2, "several had a part in it"
    table = Chunks(folder, texts(), SETTINGS).table()
    assert [row["mode"] for row in table.to_pylist()] == [mode_of(text, SETTINGS) for text in texts()]


def test_a_helper_leaves_when_the_folder_is_gone(tmp_path: Path) -> None:
    Chunks(tmp_path / "gone", texts(), SETTINGS).compute(
        lambda: explainer, lambda share: None, (tmp_path / "gone").is_dir
    )
    assert not (tmp_path / "gone").exists()
