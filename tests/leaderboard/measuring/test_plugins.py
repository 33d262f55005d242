"""Measures that users add: what they are given, what comes of it, and what happens when they are broken or gone."""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from leaderboard.measures import CellMeasure, ExplainedTexts, FeatureVectors, PredictedRows
from leaderboard.measuring import measure as measuring
from leaderboard.measuring.measure import measure
from polyskew.errors import PluginWarning, UserError
from polyskew.plugins import VARIABLE
from tests.leaderboard.measuring.plugged import Register, register, unregister
from tests.leaderboard.synthetic import LANGUAGES, SKEW, Kind, write_grid, write_predictions

__all__ = ["register", "unregister"]
KINDS = [Kind(), Kind("imbalanced", tilt=3.0), Kind(seed=1), Kind(None, "untuned", None, None)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grid(tmp_path_factory.mktemp("written") / "results", KINDS, rows=180, explained=30, hidden=4)


@pytest.fixture
def results(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A grid of which nothing but the plug-ins' measures is measured, which takes no time."""
    monkeypatch.setattr(measuring, "jobs", lambda *_: iter(()))
    return Path(shutil.copytree(written, tmp_path / "results"))


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", PluginWarning)
        yield


def block(results: Path, kind: Kind, name: str) -> dict[str, Any] | None:
    path = results / "cells" / kind.id / "metrics.json"
    told = json.loads(path.read_text())["measures"] if path.exists() else []
    return next((one for one in told if one["measure"] == name), None)


def number(results: Path, kind: Kind, name: str, language: str = "") -> float | None:
    by = {"language": language} if language else {}
    return next(one["value"] for one in block(results, kind, name)["values"] if one.get("by", {}) == by)


def table(results: Path, kind: Kind, name: str) -> dict[str, list[Any]]:
    return pyarrow.parquet.read_table(results / "cells" / kind.id / name).to_pydict()


def hits(rows: PredictedRows) -> float:
    return float((rows.predicted == rows.label).mean())


def by_language(rows: PredictedRows) -> dict[str, float]:
    right = rows.predicted == rows.label
    return {name: right[rows.language == place].mean() for place, name in enumerate(rows.languages)}


def test_a_measure_of_predictions_gives_a_number_or_one_for_each_language(results: Path, register: Register) -> None:
    register("hits", hits, better="higher")
    register("hits_by_language", by_language)
    measure(results)
    told = table(results, KINDS[1], "predict/predictions.parquet")
    right = np.argmax(told["logits"], axis=1) == np.array(told["label"])
    assert number(results, KINDS[1], "hits") == pytest.approx(right.mean())
    own = [right[np.array(told["language"]) == name].mean() for name in LANGUAGES]
    assert [number(results, KINDS[1], "hits_by_language", name) for name in LANGUAGES] == pytest.approx(own)
    assert number(results, KINDS[1], "hits_by_language") == pytest.approx(np.mean(own))
    assert block(results, KINDS[3], "hits") is None, "the untuned model predicts nothing"


def test_the_interval_of_one_seed_is_that_of_a_bootstrap_over_groups(results: Path, register: Register) -> None:
    register("hits", hits, resamples=1000)
    register("alone", hits, resamples=0)
    measure(results)
    told = table(results, KINDS[0], "predict/predictions.parquet")
    right = np.argmax(told["logits"], axis=1) == np.array(told["label"])
    groups = np.array(told["group"])
    means = np.array([right[groups == name].mean() for name in np.unique(groups)])  # groups of six rows each
    (value,) = block(results, KINDS[0], "hits")["values"]
    assert value["high"] - value["value"] == pytest.approx(value["value"] - value["low"])
    assert value["high"] - value["value"] == pytest.approx(1.96 * means.std() / len(means) ** 0.5, rel=0.1)
    assert "1000 resamples" in block(results, KINDS[0], "hits")["interval"]
    (value,) = block(results, KINDS[0], "alone")["values"]
    assert set(value) == {"value"}
    assert "interval" not in block(results, KINDS[0], "alone")


def test_features_are_the_vectors_that_the_board_probes(results: Path, register: Register) -> None:
    seen: list[FeatureVectors] = []

    def size(texts: FeatureVectors) -> float:
        seen.append(texts)
        return float(np.abs(texts.vectors).mean())

    register("size", size, needs="features", resamples=0)
    register("probe_size", size, needs="probe", resamples=0)
    measure(results, [KINDS[0].id])
    folder = results / "cells" / KINDS[0].id / "features"
    for name, corpus in (("size", "test"), ("probe_size", "probe")):
        pooler = load_file(folder / f"{corpus}.safetensors")["pooler"]
        assert number(results, KINDS[0], name) == pytest.approx(np.abs(pooler).mean())
        assert block(results, KINDS[0], name)["params"] == {"corpus": corpus, "vectors": "pooler"}
    probe, test = (next(one for one in seen if (one.label is None) is no_label) for no_label in (True, False))
    assert [test.languages[place] for place in test.language[:6]] == list(LANGUAGES)
    assert test.label.tolist() == table(results, KINDS[0], "features/test.parquet")["label"]
    assert len(probe.language) == 180
    measure(results)
    assert number(results, KINDS[3], "size") > 0, "the untuned model has features"


def test_attributions_come_with_those_of_the_reference(results: Path, register: Register) -> None:
    def change(texts: ExplainedTexts) -> float:
        return float("nan") if texts.reference is None else float(np.abs(texts.values - texts.reference).mean())

    def largest(texts: ExplainedTexts) -> float:
        return float(np.mean([np.abs(texts.values[texts.text == place]).max() for place in range(len(texts.label))]))

    register("change", change, needs="attributions", better="lower")
    register("largest", largest, needs="attributions", resamples=40)
    measure(results)
    own, reference = (table(results, kind, "attributions/attributions.parquet")["values"] for kind in KINDS[1::-1])
    flat = [np.concatenate([np.array(text) for text in values]) for values in (own, reference)]
    assert number(results, KINDS[1], "change") == pytest.approx(np.abs(flat[0] - flat[1]).mean(), rel=1e-6)
    assert block(results, KINDS[0], "change")["values"] == [
        {"value": None, "reason": "it cannot be computed from these rows"}
    ]
    assert number(results, KINDS[1], "largest") == pytest.approx(
        np.mean([np.abs(text).max() for text in own]), rel=1e-6
    )
    assert len(block(results, KINDS[1], "largest")["values"][0]["resampled"]) == 40
    changed = block(results, KINDS[1], "change")["inputs"]
    assert f"{KINDS[0].id}/attributions/attributions.parquet" in changed


def test_shares_skew_and_names_are_those_of_the_cell(results: Path, register: Register) -> None:
    def uptake(rows: PredictedRows) -> float:
        assert rows.labels == ("1", "2", "3", "4", "5")
        assert rows.shares is None
        (skew,) = rows.skew.values()
        return float(np.abs(skew - np.array(SKEW)).max())

    register("uptake", uptake)
    measure(results)
    assert number(results, KINDS[1], "uptake") == 0.0


SECRET = "what stands in a text"


def raising(rows: PredictedRows) -> float:
    raise KeyError(SECRET)


def spoiling(rows: PredictedRows) -> float:
    rows.logits[:] = 0.0
    return 1.0


@pytest.mark.parametrize(
    ("compute", "reason"),
    [
        (raising, "the measure fails: KeyError in line"),
        (spoiling, "the measure fails: ValueError in line"),
        (lambda rows: [0.5], "the measure fails: it returns a list; a number, or one for each language, is wanted"),
        (lambda rows: None, "the measure fails: it returns a NoneType"),
        (lambda rows: True, "the measure fails: it returns a bool"),
        (lambda rows: rows.label, "the measure fails: it returns a ndarray"),
        (lambda rows: {"xx": 0.5}, "the measure fails: a number for each language by its name is wanted"),
        (lambda rows: {"fr": "0.5"}, "the measure fails: a number for each language by its name is wanted"),
        (lambda rows: {}, "the measure fails: a number for each language by its name is wanted"),
        (lambda rows: 10**400, "the measure fails: OverflowError"),
    ],
)
def test_a_broken_measure_is_one_warning_and_nothing_else_is_lost(
    results: Path, register: Register, compute: Callable[[Any], Any], reason: str
) -> None:
    register("broken", compute)
    register("hits", hits)
    with pytest.warns(PluginWarning) as told:
        measure(results)
    assert len(told) == 1
    text = str(told[0].message)
    assert text.startswith("the measure 'broken' of mine.py (ab12) fails in 3 cells (")
    assert text.endswith("its values are missing there")
    for kind in KINDS[:3]:
        (value,) = block(results, kind, "broken")["values"]
        assert value["value"] is None
        assert value["reason"].startswith(reason)
        assert number(results, kind, "hits") > 0
        assert SECRET not in (results / "cells" / kind.id / "metrics.json").read_text()


def test_a_number_that_is_none_is_missing_without_a_warning(results: Path, register: Register) -> None:
    register("nothing", lambda rows: np.nan)
    register("endless", lambda rows: {name: np.inf if name == "fr" else 0.5 for name in rows.languages})
    register("french", lambda rows: {"fr": 0.5})
    measure(results)
    for name, where in (("nothing", ""), ("endless", " in fr"), ("french", " in es, ja, de, en, zh")):
        reason = f"it cannot be computed from these rows{where}"
        assert block(results, KINDS[0], name)["values"][0] == {"value": None, "reason": reason}
    assert number(results, KINDS[0], "endless", "es") == 0.5
    assert number(results, KINDS[0], "french", "fr") == 0.5
    assert number(results, KINDS[0], "french", "es") is None


def test_a_measure_that_fails_on_resamples_alone_has_no_interval(results: Path, register: Register) -> None:
    def picky(rows: PredictedRows) -> float:
        if len(np.unique(rows.group)) < 30:
            raise ValueError("too few")
        return 0.5

    register("picky", picky)
    measure(results)
    assert block(results, KINDS[0], "picky")["values"] == [{"value": 0.5}]


def test_what_is_measured_is_kept_until_the_plug_in_or_the_rows_change(
    results: Path, register: Register, unregister: Callable[[str], None]
) -> None:
    calls: list[int] = []

    def counted(rows: PredictedRows) -> float:
        calls.append(1)
        return 0.25

    register("counted", counted, resamples=0)
    measure(results)
    assert len(calls) == 3
    path = results / "cells" / KINDS[0].id / "metrics.json"
    before = path.read_bytes()
    measure(results)
    assert len(calls) == 3
    unregister("counted")
    measure(results)
    assert path.read_bytes() == before, "who has not the plug-in keeps its numbers"
    register("counted", lambda rows: 0.75, "cd34", resamples=0)
    measure(results)
    assert number(results, KINDS[0], "counted") == 0.75
    assert block(results, KINDS[0], "counted")["plugin"] == {"file": "mine.py", "sha256": "cd34", "stage": "predict"}
    register("counted", lambda rows: 0.5, "cd34", version=2, resamples=0)
    measure(results)
    assert number(results, KINDS[0], "counted") == 0.5
    unregister("counted")
    manifest = results / "cells" / KINDS[0].id / "predict" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"sha256": "', '"sha256": "0'))
    measure(results)
    assert block(results, KINDS[0], "counted") is None, "of other rows"
    assert number(results, KINDS[1], "counted") == 0.5


def test_nothing_is_written_of_plug_ins_where_there_are_none(results: Path) -> None:
    measure(results)
    assert not list(results.glob("cells/*/metrics.json"))


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"name": "Two Words"}, "cannot be a column: lower-case letters"),
        ({"name": "seconds"}, "cannot be a column: the board has a column of this name already"),
        ({"name": "hits_low"}, "cannot be a column: the board has columns that end so"),
        ({"version": 0}, "has the version 0"),
        ({"unit": ""}, "has the unit ''"),
        ({"compute": 5}, "has no function to compute it"),
        ({"needs": "texts"}, "needs 'texts'; wanted is one of predict, features, probe, attributions"),
        ({"better": "more"}, "'higher', 'lower' or None is wanted"),
        ({"low": 1.0, "high": 0.0}, "lies between 1.0 and 0.0"),
        ({"resamples": 5}, "0 or at least 40 are wanted"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(told: dict[str, Any], fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        CellMeasure(**({"name": "mine", "version": 1, "unit": "share", "compute": hits} | told))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.data())
def test_texts_are_taken_with_their_tokens(lengths: list[int], data: st.DataObject) -> None:
    chosen = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=8)), dtype=np.int64)
    text = np.repeat(np.arange(len(lengths)), lengths)
    tokens = np.arange(len(text))
    number = np.arange(len(lengths))
    told = {"languages": (), "labels": (), "shares": None, "skew": {}}
    whole = ExplainedTexts(
        language=number, group=number * 2, label=number * 3, base=number[:, None] * 1.0, text=text, token_ids=tokens,
        values=tokens[:, None] * 0.5, reference=None, **told,
    )  # fmt: skip
    found = whole.take(chosen)
    assert found.language.tolist() == chosen.tolist()
    assert (found.group.tolist(), found.label.tolist()) == ((chosen * 2).tolist(), (chosen * 3).tolist())
    expected = [(place, token) for place, one in enumerate(chosen) for token in tokens[text == one]]
    assert list(zip(found.text, found.token_ids, strict=True)) == expected
    assert found.values[:, 0].tolist() == [token * 0.5 for _, token in expected]
    assert found.reference is None


def test_worker_processes_load_the_plug_in_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "of_workers.py"
    plugin.write_text(
        "import polyskew\nfrom leaderboard.measures import CellMeasure\n"
        "polyskew.register('measure', CellMeasure('half', 3, 'share', lambda rows: 0.5, resamples=0))\n"
        "polyskew.register('measure', CellMeasure('broken', 1, 'share', lambda rows: 1 / 0, resamples=0))\n"
    )
    monkeypatch.setenv(VARIABLE, str(plugin))
    results = tmp_path / "results"
    kinds = [Kind(seed=seed) for seed in range(2)]
    for kind in kinds:
        write_predictions(results, kind)
    import subprocess
    import sys

    code = (
        "from leaderboard.measuring.measure import measure\n"
        f"if __name__ == '__main__': measure({str(results)!r}, workers=2)"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stderr.count("fails in 2 cells (ZeroDivisionError in line 4)") == 1
    for kind in kinds:
        assert number(results, kind, "half") == 0.5
        assert number(results, kind, "accuracy") > 0
