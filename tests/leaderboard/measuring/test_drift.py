"""Drift at each threshold with its intervals, its placebo and its sets, against loops over the texts' tokens."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from scipy import stats

from leaderboard.board import board
from leaderboard.measures.drift import SETS, THRESHOLDS
from leaderboard.measuring import drift_job
from leaderboard.measuring.measure import measure
from leaderboard.reading.artifacts import read_attributions
from leaderboard.reading.store import read_results
from leaderboard.statistics.intervals import OF_RUNS, WITHOUT_TEXTS
from polyskew.errors import DataError
from polyskew.files import atomic_folder
from tests.leaderboard.synthetic import ATTRIBUTIONS, LANGUAGES, SKEW, Kind, write_cell

LABELS = ("1", "2", "3", "4", "5")
Table = list[dict[str, Any]]


def treated(seed: int = 0, mode: str = "exact") -> Kind:
    return Kind("imbalanced", seed=seed, tilt=3.0, mode=mode)


def write(results: Path, seeds: tuple[int, ...], mode: str = "exact", texts: int = 60) -> Path:
    for seed in seeds:
        for kind in (Kind(seed=seed, mode=mode), treated(seed, mode)):
            # Without features, so that no probe is run.
            rmtree(write_cell(results, kind, rows=texts, explained=texts, hidden=2) / "features")
    return results


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = write(tmp_path_factory.mktemp("three"), (0, 1, 2), texts=240)
    measure(results)
    return results


def table(results: Path, kind: Kind) -> Table:
    return pyarrow.parquet.read_table(results / "cells" / kind.id / "attributions" / "attributions.parquet").to_pylist()


def rewrite(results: Path, kind: Kind, change: Callable[[Table], Table | None]) -> None:
    found = table(results, kind)
    found = change(found) or found
    columns = {name: pyarrow.array([row[name] for row in found], kind) for name, kind in ATTRIBUTIONS.items()}
    with atomic_folder(results / "cells" / kind.id / "attributions") as out:
        pyarrow.parquet.write_table(pyarrow.table(columns), out / "attributions.parquet")


def blocks(results: Path, kind: Kind, name: str) -> dict[float | None, dict[str, Any]]:
    """The blocks of one measure by their threshold."""
    told = json.loads((results / "cells" / kind.id / "metrics.json").read_text())["measures"]
    return {block["params"].get("threshold"): block for block in told if block["measure"] == name}


def get(block: dict[str, Any], **by: str) -> dict[str, Any]:
    return next(value for value in block["values"] if value.get("by", {}) == by)


def array(row: dict[str, Any], name: str) -> np.ndarray:
    return np.array(row[name], dtype=float).reshape(-1, 5)


def set_of(value: float, threshold: float) -> str:
    return "positive" if value > threshold else "negative" if value < -threshold else "neutral"


def text_sums(reference: Table, cell: Table, threshold: float) -> dict[tuple[str, int, str], list[float]]:
    """For each language, label and set one number a text that has the set."""
    found: dict[tuple[str, int, str], list[float]] = {}
    for old, new in zip(reference, cell, strict=True):
        before, after = array(old, "values"), array(new, "values")
        for label in range(5):
            sums: dict[str, float] = {}
            for token in range(len(before)):
                name = set_of(before[token, label], threshold)
                sums[name] = sums.get(name, 0.0) + after[token, label] - before[token, label]
            for name, total in sums.items():
                found.setdefault((old["language"], label, name), []).append(total)
    return found


def numbered(results: Path, *names: str) -> dict[str, Any]:
    rows = board(results).rows
    return next(row for row in rows if (row.method, row.regime, row.weighting) == names).numbers


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_each_threshold_and_the_placebo_agree_with_a_loop_over_texts(three: Path, threshold: float) -> None:
    reference, cell, placebo = (table(three, kind) for kind in (Kind(seed=1), treated(1), Kind(seed=2)))
    neutral = {}
    for name, kind, other, term in (
        ("own", treated(1), cell, {}),
        ("placebo", Kind(seed=1), placebo, {"term": "placebo"}),  # it stands in the reference's own file
    ):
        told = blocks(three, kind, "drift")[threshold]
        sums = text_sums(reference, other, threshold)
        means = {key: np.mean(found) for key, found in sums.items()}
        for language in LANGUAGES:
            for number, label in enumerate(LABELS):
                for kind in SETS:
                    value = get(told, language=language, label=label, set=kind, **term)
                    if (language, number, kind) in means:
                        assert value["value"] == pytest.approx(means[language, number, kind], abs=1e-9)
                    else:
                        assert value["value"] is None
                        assert "no explained text has a token of this set" in value["reason"]
        if all((language, number, "neutral") in means for language in LANGUAGES for number in range(5)):
            neutral[name] = np.array([[means[one, number, "neutral"] for number in range(5)] for one in LANGUAGES])
    drifts, uptakes = (blocks(three, treated(1), name)[threshold] for name in ("neutral_drift", "neutral_uptake"))
    assert set(neutral) == {"own", "placebo"}  # so that the lines below test something
    for name, matrix in neutral.items():
        assert get(drifts, term=name)["value"] == pytest.approx(np.abs(matrix).mean(), abs=1e-9)
        slope = (np.array(SKEW) * matrix).sum() / (np.array(SKEW) ** 2).sum()
        term = {} if name == "own" else {"term": "placebo"}
        assert get(uptakes, skew="imbalanced", **term)["value"] == pytest.approx(slope, abs=1e-8)
    net = np.abs(neutral["own"]).mean() - np.abs(neutral["placebo"]).mean()
    assert get(drifts)["value"] == pytest.approx(net, abs=1e-9)


def test_a_block_for_each_threshold_and_one_base_difference_without(three: Path) -> None:
    for name in ("drift", "neutral_drift", "neutral_uptake", "permutation_share", "set_share"):
        assert list(blocks(three, treated(), name)) == list(THRESHOLDS)
    assert list(blocks(three, treated(), "base_difference")) == [None]


def test_each_file_is_read_once_a_job(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[Path] = Counter()

    def counting(path: Path, classes: int) -> Any:
        read[path] += 1
        return read_attributions(path, classes)

    monkeypatch.setattr(drift_job, "read_attributions", counting)
    results = read_results(three)
    for kind, files in ((treated(), 3), (Kind(), 2)):
        read.clear()
        job = drift_job.drift_job(results, results.cells[kind.id])
        assert job is not None
        assert len(job.compute()) == len(job.blocks)
        assert list(read.values()) == [1] * files


@pytest.mark.parametrize("term", [{}, {"term": "placebo"}])
def test_intervals_of_drift_are_the_normal_ones_over_texts(three: Path, term: dict[str, str]) -> None:
    block = blocks(three, Kind() if term else treated(), "drift")[0.01]
    assert block["interval"].startswith("one seed: normal, bootstrap error over groups")
    sums = text_sums(table(three, Kind()), table(three, Kind(seed=1) if term else treated()), 0.01)
    full = [(key, found) for key, found in sums.items() if len(found) == 40]  # all of the language's texts
    assert len(full) > 20
    for (language, label, kind), found in full:
        value = get(block, language=language, label=LABELS[label], set=kind, **term)
        half = 1.96 * np.std(found) / np.sqrt(40)
        assert (value["high"] - value["low"]) / 2 == pytest.approx(half, rel=0.12)
        assert (value["high"] + value["low"]) / 2 == pytest.approx(value["value"], abs=1e-8)


def test_intervals_of_base_differences_are_the_normal_ones_over_texts(three: Path) -> None:
    block = blocks(three, treated(), "base_difference")[None]
    rows = list(zip(table(three, Kind()), table(three, treated()), strict=True))
    for language in LANGUAGES:
        gains = np.array([np.subtract(new["base"], old["base"]) for old, new in rows if old["language"] == language])
        for number, label in enumerate(LABELS):
            value = get(block, language=language, label=label)
            assert value["value"] == pytest.approx(gains[:, number].mean(), abs=1e-8)
            half = 1.96 * gains[:, number].std() / np.sqrt(40)
            assert (value["high"] - value["low"]) / 2 == pytest.approx(half, rel=0.12)


def test_the_neutral_drift_has_the_paired_error_of_its_two_terms(three: Path) -> None:
    block = blocks(three, treated(), "neutral_drift")[0.01]
    parts = {name: get(block, **({"term": name} if name else {})) for name in ("", "own", "placebo")}
    halves = {name: (part["high"] - part["low"]) / 2 for name, part in parts.items()}
    assert all(half > 0 for half in halves.values())
    assert abs(halves["own"] - halves["placebo"]) <= halves[""] <= halves["own"] + halves["placebo"]


def test_without_a_second_seed_the_placebo_is_missing_and_all_else_has_an_interval(tmp_path: Path) -> None:
    write(tmp_path, (4,), texts=240)
    measure(tmp_path)
    reason = "the balanced cell has one seed"
    assert blocks(tmp_path, Kind(seed=4), "drift")[0.01]["values"] == [
        {"by": {"term": "placebo"}, "value": None, "reason": reason}
    ]
    block = blocks(tmp_path, treated(4), "drift")[0.01]
    assert all(
        value["low"] < value["value"] < value["high"]
        for value in block["values"]
        if value["value"] is not None and value["by"]["set"] == "neutral"
    )
    found = numbered(tmp_path, "full", "imbalanced", "none")
    for name in ("neutral_drift_own", "neutral_uptake", "neutral_uptake_at_0.001", "neutral_uptake_at_0.05"):
        assert found[name].method.startswith("one seed: normal")
        assert found[name].low < found[name].value < found[name].high
    assert found["neutral_drift_placebo"].reason == "the balanced cell has one seed"
    assert found["neutral_drift_at_0.05"].reason == "no placebo: the balanced cell has one seed"


def test_a_cell_that_cannot_be_compared_still_shows_the_placebo(tmp_path: Path) -> None:
    write(tmp_path, (0, 1))
    rewrite(tmp_path, treated(), lambda rows: [row | {"mode": "permutations"} for row in rows])
    measure(tmp_path)
    reason = "SHAP values were computed in different modes ('permutations' and 'exact')"
    for name in ("drift", "neutral_drift", "neutral_uptake", "permutation_share", "base_difference"):
        for block in blocks(tmp_path, treated(), name).values():
            assert block["values"][0] == {"value": None, "reason": reason}
    block = blocks(tmp_path, treated(), "neutral_drift")[0.01]
    assert get(block, term="placebo")["value"] is not None


def test_texts_with_other_tokens_are_counted_and_not_named(tmp_path: Path) -> None:
    write(tmp_path, (0,))
    rewrite(
        tmp_path,
        treated(),
        lambda rows: [
            row | {"token_ids": [one + (place < 3) for one in row["token_ids"]]} for place, row in enumerate(rows)
        ],
    )
    measure(tmp_path)
    reason = "3 of 60 explained texts have other tokens in the reference cell"
    assert blocks(tmp_path, treated(), "drift")[0.05]["values"][0] == {"value": None, "reason": reason}


def test_a_placebo_that_cannot_be_compared_is_missing_with_the_reason(tmp_path: Path) -> None:
    write(tmp_path, (0, 1))
    rewrite(tmp_path, Kind(seed=1), lambda rows: [row | {"id": f"other {row['id']}"} for row in rows])
    measure(tmp_path, [Kind(seed=0).id])
    reason = "no explained text is shared with the reference cell"
    assert get(blocks(tmp_path, Kind(), "drift")[0.05], term="placebo")["reason"] == reason
    assert get(blocks(tmp_path, treated(), "neutral_drift")[0.05])["reason"] == f"no placebo: {reason}"


def test_a_text_that_the_other_cell_lacks_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, (0,))
    rewrite(tmp_path, treated(), lambda rows: rows[6:][::-1])  # nor does the order matter
    measure(tmp_path)
    sums = text_sums(table(tmp_path, Kind())[6:], table(tmp_path, treated())[::-1], 0.01)
    block = blocks(tmp_path, treated(), "drift")[0.01]
    value = get(block, language="de", label="2", set="neutral")
    assert value["value"] == pytest.approx(np.mean(sums["de", 1, "neutral"]), abs=1e-9)
    gains = [
        np.subtract(new["base"], old["base"])
        for old, new in zip(table(tmp_path, Kind())[6:], table(tmp_path, treated())[::-1], strict=True)
        if old["language"] == "de"
    ]
    base = get(blocks(tmp_path, treated(), "base_difference")[None], language="de", label="2")
    assert base["value"] == pytest.approx(np.mean(gains, axis=0)[1], abs=1e-8)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_set_shares_agree_with_a_count_of_tokens(three: Path, threshold: float) -> None:
    tokens: Counter[tuple[str, str, str]] = Counter()
    for row in table(three, Kind(seed=1)):
        for values in array(row, "values"):
            for label, value in zip(LABELS, values, strict=True):
                tokens[row["language"], label, set_of(value, threshold)] += 1
    block = blocks(three, Kind(seed=1), "set_share")[threshold]
    assert len(block["values"]) == 3 * (1 + 5 + 6)
    for value in block["values"]:
        by = dict(value["by"])
        kind = by.pop("set")
        chosen = {
            key: count for key, count in tokens.items() if by.items() <= {"language": key[0], "label": key[1]}.items()
        }
        right = sum(count for key, count in chosen.items() if key[2] == kind)
        assert value["value"] == pytest.approx(right / sum(chosen.values()))
        assert value["low"] <= value["value"] <= value["high"]


def test_set_shares_are_those_of_the_reference_cell(three: Path) -> None:
    found = numbered(three, "full", "balanced", "none")["neutral_share"]
    seeds = [get(blocks(three, Kind(seed=seed), "set_share")[0.01], set="neutral")["value"] for seed in range(3)]
    assert found.value == pytest.approx(np.mean(seeds))
    assert 0.3 < found.value < 0.9
    other = numbered(three, "full", "imbalanced", "none")["neutral_share"]
    assert (other.value, other.reason) == (None, "measured on the reference cell")


def test_the_permutation_share_agrees_with_a_loop_and_is_zero_for_exact_values(three: Path, tmp_path: Path) -> None:
    for block in blocks(three, treated(), "permutation_share").values():
        assert {value["by"]["set"]: value["value"] for value in block["values"]}["neutral"] == 0
    assert numbered(three, "full", "imbalanced", "none")["permutation_share"].value == 0

    write(tmp_path, (0, 1), mode="permutations")
    measure(tmp_path)
    reference, cell = table(tmp_path, Kind()), table(tmp_path, treated())
    sums = text_sums(reference, cell, 0.01)
    made: dict[tuple[str, int], float] = {}
    for old, new in zip(reference, cell, strict=True):
        errors = array(old, "errors") ** 2 + array(new, "errors") ** 2
        for token, label in np.ndindex(errors.shape):
            if abs(array(old, "values")[token, label]) <= 0.01:
                key = (old["language"], label)
                made[key] = made.get(key, 0.0) + errors[token, label]
    permutations = sum(total / len(sums[*key, "neutral"]) ** 2 for key, total in made.items())
    table_ = blocks(tmp_path, treated(), "drift")[0.01]
    total = 0.0
    for language in LANGUAGES:
        for label in LABELS:
            value = get(table_, language=language, label=label, set="neutral")
            total += ((value["high"] - value["low"]) / 2 / 1.959964) ** 2
    told = get(blocks(tmp_path, treated(), "permutation_share")[0.01], set="neutral")
    assert told["value"] == pytest.approx(permutations / total, rel=1e-5)
    assert 0.2 < told["value"] < 3
    assert "low" not in told


def test_the_permutation_share_is_missing_with_its_reason(three: Path, tmp_path: Path) -> None:
    reference = numbered(three, "full", "balanced", "none")["permutation_share"]
    assert (reference.value, reference.reason) == (None, "this is the reference cell")
    write(tmp_path, (0, 1), mode="partition-500")
    measure(tmp_path)
    found = numbered(tmp_path, "full", "imbalanced", "none")
    assert found["permutation_share"].reason == "values of mode 'partition-500' have no stated error"
    assert found["neutral_drift"].value is not None


def test_one_text_without_a_stated_error_is_enough_to_miss_the_permutation_share(tmp_path: Path) -> None:
    write(tmp_path, (0,))

    def change(rows: Table) -> None:
        rows[7] |= {"mode": "reference-500", "errors": None}

    for kind in (Kind(), treated()):
        rewrite(tmp_path, kind, change)
    measure(tmp_path)
    found = numbered(tmp_path, "full", "imbalanced", "none")["permutation_share"]
    assert found.reason == "values of mode 'reference-500' have no stated error"


def alone(rows: Table) -> Table:
    """Each text is its own group, and each language has two: many a resample lacks a language."""
    return [row | {"group": f"{row['language']} {row['id']}"} for row in rows[:12]]


def test_where_a_resample_lacks_a_language_the_error_over_texts_is_missing_and_the_method_says_so(
    tmp_path: Path,
) -> None:
    write(tmp_path, (0, 1, 2), mode="permutations")
    for seed in range(3):
        for kind in (Kind(seed=seed, mode="permutations"), treated(seed, "permutations")):
            rewrite(tmp_path, kind, alone)
    measure(tmp_path)
    block = blocks(tmp_path, treated(), "neutral_uptake")[0.01]
    assert "low" not in get(block, skew="imbalanced")
    found = numbered(tmp_path, "full", "imbalanced", "none")
    assert found["permutation_share"].value is None
    assert "too few texts" in found["permutation_share"].reason
    number = found["neutral_uptake"]
    assert number.method.endswith("differences paired by seed" + WITHOUT_TEXTS)
    values = [
        get(blocks(tmp_path, treated(seed), "neutral_uptake")[0.01], skew="imbalanced")["value"] for seed in range(3)
    ]
    expected = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert (number.low, number.high) == pytest.approx(expected)
    assert "added in quadrature" not in board(tmp_path).to_text()


def test_several_seeds_have_the_error_over_texts_beside_the_spread_between_seeds(three: Path) -> None:
    found = numbered(three, "full", "imbalanced", "none")
    for name, measured, threshold, by in (
        ("neutral_drift", "neutral_drift", 0.01, {}),
        ("neutral_drift_own", "neutral_drift", 0.01, {"term": "own"}),
        ("neutral_drift_placebo", "neutral_drift", 0.01, {"term": "placebo"}),
        ("neutral_drift_at_0.001", "neutral_drift", 0.001, {}),
        ("neutral_drift_at_0.05", "neutral_drift", 0.05, {}),
        ("neutral_uptake", "neutral_uptake", 0.01, {"skew": "imbalanced"}),
        ("neutral_uptake_at_0.001", "neutral_uptake", 0.001, {"skew": "imbalanced"}),
        ("neutral_uptake_at_0.05", "neutral_uptake", 0.05, {"skew": "imbalanced"}),
    ):
        seeds = [get(blocks(three, treated(seed), measured)[threshold], **by) for seed in range(3)]
        values = [one["value"] for one in seeds]
        of_seeds = np.var(values, ddof=1) / 3
        x = np.array([one["resampled"] for one in seeds])
        assert x.shape == (3, 40)
        rest = x - x.mean(axis=0) - x.mean(axis=1, keepdims=True) + x.mean()
        shared = max(0.0, x.mean(axis=0).var(ddof=1) - (rest**2).sum() / (2 * 39) / 3)
        quantiles = stats.t.ppf(0.975, 2) * of_seeds + stats.t.ppf(0.975, 39) * shared
        half = quantiles / np.sqrt(of_seeds + shared)
        number = found[name]
        assert number.value == pytest.approx(np.mean(values))
        assert (number.low, number.high) == pytest.approx((np.mean(values) - half, np.mean(values) + half), rel=1e-4)
        assert number.method.startswith(
            "t interval of the mean of 3 differences paired by seed, error over texts added"
        )
    assert found["accuracy_difference"].method == "t interval of the mean of 3 differences paired by seed" + OF_RUNS
    assert found["permutation_share"].method == "t interval of the mean over 3 seeds" + OF_RUNS
    text = " ".join(board(three).to_text().split())
    assert "n.drift, n.uptake: error over texts added in quadrature" in text


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ([0.1] * 4, "each row needs 5 'errors' a token, or null"),
        (-0.1, "not finite or negative"),
        (float("inf"), "not finite or negative"),
        (float("nan"), "not finite or negative"),
    ],
)
def test_broken_errors_are_refused(tmp_path: Path, errors: Any, message: str) -> None:
    write(tmp_path, (0,))

    def change(rows: Table) -> None:
        if isinstance(errors, float):
            rows[3]["errors"][7] = errors
        else:
            rows[3]["errors"] = errors

    rewrite(tmp_path, treated(), change)
    with pytest.raises(DataError, match=message):
        measure(tmp_path)


def test_errors_are_read_beside_their_values(tmp_path: Path) -> None:
    write(tmp_path, (0,), mode="permutations")

    def change(rows: Table) -> None:
        rows[0]["errors"] = None
        rows[2]["errors"] = (np.arange(len(rows[2]["values"])) / 100).tolist()

    rewrite(tmp_path, Kind(), change)
    path = tmp_path / "cells" / Kind().id / "attributions" / "attributions.parquet"
    found = read_attributions(path, 5)
    assert found.errors.shape == found.values.shape
    assert np.isnan(found.errors[found.text == 0]).all()
    assert (found.errors[found.text == 1] == np.float32(0.01)).all()
    size = found.errors[found.text == 2].size
    assert found.errors[found.text == 2].ravel() == pytest.approx(np.arange(size) / 100)
    whole = pyarrow.parquet.read_table(path)
    place = whole.schema.get_field_index("errors")
    pyarrow.parquet.write_table(whole.set_column(place, "errors", pyarrow.nulls(len(whole))), path)
    assert np.isnan(read_attributions(path, 5).errors).all()
    pyarrow.parquet.write_table(whole.drop_columns("errors"), path)
    with pytest.raises(DataError, match="was made by an earlier version, without 'errors'"):
        read_attributions(path, 5)
