"""The regime `natural`: the skew that the rows themselves tell of."""

from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmark.expansion import expand
from benchmark.grid import GridSpec
from benchmark.run import check, describe
from leaderboard.measures.skew_uptake import skew_uptake
from leaderboard.measuring.jobs import no_skew, skews
from leaderboard.reading.schema import Spec
from polyskew.yamls import validate
from tasks.natural import independence, skew

# Training rows of each label in five languages of AfriSenti, as published with it: positive, neutral, negative.
AFRISENTI = np.array([[1332, 3104, 1548], [1758, 2161, 1664], [3084, 4508, 2600], [899, 1257, 1146], [1644, 522, 1315]])
tables = st.tuples(st.integers(2, 5), st.integers(2, 4)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 400), min_size=shape[1], max_size=shape[1]).filter(any),
        min_size=shape[0],
        max_size=shape[0],
    )
)


def test_the_skew_of_naturally_skewed_tweets() -> None:
    found = skew(AFRISENTI)
    share = AFRISENTI / AFRISENTI.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, share - share.mean(axis=0), atol=1e-15)
    assert found[4].argmax() == 0, "Twi is the most positive"
    assert found[0].argmax() == 1, "Amharic the most neutral"


@settings(max_examples=60, deadline=None)
@given(tables)
def test_a_model_blind_to_language_has_no_uptake_and_one_that_copies_its_languages_all(table: list[list[int]]) -> None:
    counts = np.array(table)
    d = skew(counts)
    if not d.any():
        return
    own = counts / counts.sum(axis=1, keepdims=True)
    true = np.full(own.shape, 1 / own.shape[1])  # the test set is balanced
    assert float(skew_uptake(d, own, true)) == pytest.approx(1)
    # Whatever mixture it predicts everywhere: that of all rows together, or another.
    for mixture in (counts.sum(axis=0) / counts.sum(), own[0]):
        assert float(skew_uptake(d, np.broadcast_to(mixture, own.shape), true)) == pytest.approx(0, abs=1e-9)


def test_a_prior_that_all_languages_share_is_no_skew() -> None:
    # Nine tenths of the rows are of one label, in languages of very different sizes.
    assert not skew(np.array([[90, 10], [9_000, 1_000], [900, 100]])).any()
    assert not skew(np.array([[7, 0, 3], [700, 0, 300]])).any()
    random = np.random.default_rng(0)
    sizes, prior = np.array([200, 1_000, 5_000]), [0.7, 0.2, 0.1]
    told = sum(skew(random.multinomial(sizes, prior)).any() for _ in range(1_000))
    # At 1%, 10 of 1,000 are expected; more than 22 come once in 2,000 times.
    assert 1 <= told <= 22


def test_a_small_skew_of_many_rows_is_told() -> None:
    assert skew(np.array([[5_200, 4_800], [4_800, 5_200]])).any()
    assert not skew(np.array([[52, 48], [48, 52]])).any()


@settings(max_examples=60, deadline=None)
@given(tables)
def test_large_tables_are_tested_as_scipy_does(table: list[list[int]]) -> None:
    counts = np.array(table) + 20
    expected = stats.contingency.expected_freq(counts)
    if expected.min() >= 5:
        wanted = stats.chi2_contingency(counts, correction=False).pvalue
        assert independence(counts) == pytest.approx(wanted)


def exact(table: np.ndarray) -> float:
    """The share of 2 x 2 tables of these margins, by their hypergeometric probability, that are as extreme."""
    (first, second), column = table.sum(axis=1), int(table.sum(axis=0)[0])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    total, extreme = 0, 0
    for corner in range(max(0, column - second), min(first, column) + 1):
        other = np.array([[corner, first - corner], [column - corner, second - column + corner]])
        ways = comb(int(first), corner) * comb(int(second), column - corner)
        total += ways
        if ((other - expected) ** 2 / expected).sum() >= ((table - expected) ** 2 / expected).sum() - 1e-9:
            extreme += ways
    return extreme / total


@pytest.mark.parametrize("corner", [1, 3, 5, 6])
def test_small_tables_are_tested_against_random_ones(corner: int) -> None:
    table = np.array([[corner, 9 - corner], [7 - corner, 20 + corner]])
    wanted = exact(table)
    found = independence(table)
    assert found == pytest.approx(wanted, abs=4 * (wanted * (1 - wanted) / 9_999) ** 0.5 + 2e-4)
    assert found == independence(table)


def test_nothing_to_be_told_apart() -> None:
    assert independence(np.array([[3, 4, 5]])) == 1
    assert independence(np.array([[3, 0], [9, 0]])) == 1
    assert skew(np.array([[3, 4, 5]])).tolist() == [[0, 0, 0]]


def write_task(folder: Path, cells: dict[str, tuple[int, int]]) -> str:
    """A task in one YAML file whose training rows have these counts of ``no`` and ``yes``."""
    for split in ("train", "validation", "test"):
        counts = cells if split == "train" else dict.fromkeys(cells, (12, 12))
        rows = [
            (f"{language}-{split}-{label}-{number}", label, language, f"{language} {split} {label} {number}")
            for language, pair in counts.items()
            for label, count in zip(("no", "yes"), pair, strict=True)
            for number in range(count)
        ]
        pd.DataFrame(rows, columns=["id", "label", "language", "text"]).to_csv(folder / f"{split}.csv", index=False)
    ratios = {language: [1, 2] if place % 2 else [2, 1] for place, language in enumerate(cells)}
    (folder / "mine.yaml").write_text(
        f"name: mine\nlanguages: [{', '.join(cells)}]\nlabels: [no, yes]\n"
        "source: {files: {train: train.csv, validation: validation.csv, test: test.csv}}\n"
        f"columns: {{id: id, language: language}}\nregimes: {{imbalanced: {ratios}}}\n"
    )
    return str(folder / "mine.yaml")


def specs(folder: Path, cells: dict[str, tuple[int, int]], regimes: list[str]) -> dict[str, Spec]:
    """What is recorded of a grid's trained cells, by regime."""
    model = folder / "model"
    model.mkdir()
    (model / "config.json").write_bytes(b"{}")
    (model / "model.safetensors").write_bytes(b"weights")
    content: dict[str, Any] = {
        "version": 1,
        "name": "g",
        "tasks": [write_task(folder, cells)],
        "models": [{"name": "tiny", "path": str(model)}],
        "methods": ["full"],
        "regimes": regimes,
        "measure": {"probe_rows": 0, "explained_texts": 0},
    }
    grid = validate(content, GridSpec, "grid")
    cells_of = [cell for cell in expand(grid) if not cell.untuned]
    natural = check(grid, expand(grid))
    described = [describe(cell, grid, regimes, natural) for cell in cells_of]
    return {str(one["regime"]): Spec.model_validate(one) for one in described}


def test_a_skewed_task_is_set_against_its_own_skew(tmp_path: Path) -> None:
    found = specs(tmp_path, {"fr": (60, 20), "en": (20, 60)}, ["balanced", "imbalanced", "imbalanced@0.5", "natural"])
    np.testing.assert_allclose(skews(found["natural"])["natural"], [[0.25, -0.25], [-0.25, 0.25]])
    assert set(skews(found["balanced"])) == {"imbalanced", "imbalanced@0.5", "natural"}
    assert set(skews(found["imbalanced@0.5"])) == {"imbalanced@0.5"}
    half, whole = (skews(found[regime])[regime] for regime in ("imbalanced@0.5", "imbalanced"))
    np.testing.assert_allclose(half, whole / 2)
    assert found["natural"].shares is None


def test_a_task_whose_languages_share_their_labels_has_no_uptake_and_says_why(tmp_path: Path) -> None:
    found = specs(tmp_path, {"fr": (60, 20), "en": (62, 20)}, ["balanced", "natural"])
    assert skews(found["natural"]) == skews(found["balanced"]) == {}
    words = "language and label of the training rows are not told apart from independent (chi-squared test, 1%)"
    assert no_skew(found["natural"]) == words
    assert no_skew(found["balanced"]) == "the grid has no skewed regime to set this cell against"
    # What an earlier version recorded, which looked at no rows.
    assert no_skew(found["natural"].model_copy(update={"skew": {}})) == "the regime 'natural' has no skew"


def test_a_strength_changes_no_other_cell(tmp_path: Path) -> None:
    rows = {"fr": (60, 30), "en": (30, 60)}
    for name in ("one", "more"):
        (tmp_path / name).mkdir()
    one = specs(tmp_path / "one", rows, ["balanced", "imbalanced"])
    more = specs(tmp_path / "more", rows, ["balanced", "imbalanced", "imbalanced@0.25", "imbalanced@0.75"])
    assert {regime: spec.id for regime, spec in one.items()}.items() <= {r: spec.id for r, spec in more.items()}.items()
    assert len({spec.id for spec in more.values()}) == 4
    for regime, spec in more.items():
        task = spec.canonical["task"]
        assert spec.canonical["regime"] == regime
        assert task.get("regimes") == (None if regime == "balanced" else {"imbalanced": {"fr": [2, 1], "en": [1, 2]}})
