"""The sample of each language's texts."""

import numpy as np
import pyarrow as pa
from pandas.util import hash_array

from tasks.audit.samples import Sampled, Sampler


def sample(order: np.ndarray, size: int, batch: int) -> dict[int, list[Sampled]]:
    texts = np.array([f"text {number // 2}" for number in range(400)], object)  # each stands twice
    sampler = Sampler(size)
    for start in range(0, len(order), batch):
        some = order[start : start + batch]
        chosen = texts[some]
        sampler.add(pa.array(chosen), hash_array(chosen, categorize=False), some, 0, some % 4 // 2 - (some >= 390) * 9)
    return sampler.samples()


def test_the_sample_depends_on_the_texts_alone() -> None:
    rng = np.random.default_rng(0)
    first = sample(np.arange(400), 20, 7)
    for batch in (1, 64, 400):
        again = sample(rng.permutation(400), 20, batch)
        assert {language: [one.text for one in texts] for language, texts in again.items()} == {
            language: [one.text for one in texts] for language, texts in first.items()
        }
    for texts in first.values():
        assert len({one.text for one in texts}) == 20
        assert all(one.text == f"text {one.row // 2}" for one in texts)


def test_every_text_has_the_same_chance() -> None:
    chosen = {int(one.text.split()[1]) for texts in sample(np.arange(400), 50, 64).values() for one in texts}
    assert 60 < np.mean(sorted(chosen)) < 140  # not the beginning: of 0 to 199


def test_few_texts_are_all_kept() -> None:
    assert [len(texts) for texts in sample(np.arange(400), 1000, 64).values()] == [98, 97]
