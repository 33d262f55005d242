"""A cell's rows and their tokens: read, drawn and encoded once for all the cells a worker meets."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from benchmark.choices import TaskChoice
from benchmark.encoding import Encoded, encode
from benchmark.models import ModelChoice
from benchmark.models.loading import load_tokenizer
from benchmark.seeds import data_seed
from benchmark.spec import CellSpec
from tasks import Drawn, Splits, draw, explained, get_probe


def rows(cell: CellSpec) -> Drawn:
    """Return the cell's training, validation and test rows.

    The untuned cell has the test rows that every cell of its task has.
    """
    return _drawn(Key(cell.task), cell.regime or "balanced", cell.seed or 0)


def dropped(cell: CellSpec) -> dict[str, Any]:
    """Return how many rows of each split were dropped because they stand in a later split too, by what they share."""
    return dict(_splits(Key(cell.task)).report["dropped"])


def tokens(cell: CellSpec, part: str) -> Encoded:
    """Return the tokens of the cell's ``train``, ``validation`` or ``test`` rows, in the rows' order."""
    regime, seed = (cell.regime or "balanced", cell.seed or 0) if part != "test" else ("balanced", 0)
    return _tokens(Key(cell.task), regime, seed, part, cell.model, cell.recipe.max_length)


def probe_rows(cell: CellSpec, per_language: int) -> pd.DataFrame:
    """Return the probe corpus of the cell's task: columns id, group, text, language; a fixed subset."""
    task = cell.task.task
    assert task.probe is not None, "the grid was checked before it was run"
    return _probe(task.probe, tuple(task.languages), per_language)


def probe_tokens(cell: CellSpec, per_language: int) -> Encoded:
    """Return the tokens of the probe corpus."""
    task = cell.task.task
    assert task.probe is not None, "the grid was checked before it was run"
    return _probe_tokens(task.probe, tuple(task.languages), per_language, cell.model, cell.recipe.max_length)


def explained_rows(cell: CellSpec, per_language: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the test rows whose tokens are attributed, and their positions in the test rows, int [N]."""
    test = rows(cell).test
    chosen = explained(cell.task.task, test, per_language)
    place = {key: index for index, key in enumerate(zip(test["language"], test["id"], strict=True))}
    return chosen, np.array([place[key] for key in zip(chosen["language"], chosen["id"], strict=True)])


class Key:
    """A task choice as a cache key: pydantic models that hold a dict have no hash of their own."""

    def __init__(self, choice: TaskChoice) -> None:
        self.choice = choice
        self._text = choice.model_dump_json()

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other._text == self._text


@lru_cache(maxsize=2)
def _splits(task: Key) -> Splits:
    return task.choice.task.load()


@lru_cache(maxsize=8)
def _drawn(task: Key, regime: str, repetition: int) -> Drawn:
    choice = task.choice
    return draw(choice.task, _splits(task), regime, data_seed(choice.name, repetition))


@lru_cache(maxsize=12)
def _tokens(task: Key, regime: str, repetition: int, part: str, model: ModelChoice, max_length: int) -> Encoded:
    return encode(load_tokenizer(model), getattr(_drawn(task, regime, repetition), part), max_length)


@lru_cache(maxsize=2)
def _probe(name: str, languages: tuple[str, ...], per_language: int) -> pd.DataFrame:
    return get_probe(name).load(list(languages), per_language)


@lru_cache(maxsize=2)
def _probe_tokens(
    name: str, languages: tuple[str, ...], per_language: int, model: ModelChoice, max_length: int
) -> Encoded:
    return encode(load_tokenizer(model), _probe(name, languages, per_language), max_length)
