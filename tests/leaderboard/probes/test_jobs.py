"""Probes of a cell, from its feature files to the values and columns: within labels, matched, alone and by layer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression

from leaderboard.board import board
from leaderboard.measures import leakage, online_coding
from leaderboard.measuring.measure import measure
from leaderboard.reading.columns import COLUMNS
from leaderboard.reading.sources import find_block
from leaderboard.reading.store import Cell, read_results
from polyskew.errors import DataError
from polyskew.files import atomic_folder, write_json
from tests.leaderboard.synthetic import LANGUAGES, Kind, spec

Arrays = dict[str, np.ndarray]


def measured(
    results: Path, test: tuple[Arrays, Arrays] | None = None, probe: tuple[Arrays, Arrays] | None = None
) -> Cell:
    """Measure one untuned cell with these vectors and columns, each text a group of its own; see `texts`."""
    kind = Kind(None, "untuned", None, None)
    folder = results / "cells" / kind.id
    write_json(folder / "spec.json", spec(kind))
    with atomic_folder(folder / "features") as out:
        for name, part in (("test", test), ("probe", probe)):
            if part is not None:
                vectors, columns = part
                pyarrow.parquet.write_table(pyarrow.table(columns), out / f"{name}.parquet")
                save_file({key: x.astype(np.float32) for key, x in vectors.items()}, out / f"{name}.safetensors")
    measure(results)
    return read_results(results).cells[kind.id]


def texts(language: np.ndarray, **columns: np.ndarray) -> Arrays:
    names = np.array([f"t{row}" for row in range(len(language))])
    return {"id": names, "group": names, "language": np.array(LANGUAGES)[language], **columns}


def values(cell: Cell, name: str, **params: Any) -> dict[tuple[str, ...], Any]:
    """The values of a measure's one block with these parameters, by their ``by``."""
    blocks = [
        block for block in cell.blocks[name] if all(block.params.get(key) == value for key, value in params.items())
    ]
    assert len(blocks) == 1, [block.params for block in blocks]
    return {tuple(value.get("by", {}).values()): value for value in blocks[0].values}


WHOLE: dict[str, Any] = {"within": None, "match": None}


def label_only(rows: int = 2400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Languages, labels that are skewed over them, and features that tell the label and nothing else."""
    rng = np.random.default_rng(2)
    language = np.sort(np.arange(rows) % 3)
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    label = np.array([rng.choice(3, p=shares[name]) for name in language])
    return language, label, 2.0 * rng.normal(size=(3, 6))[label] + rng.normal(size=(rows, 6))


def test_a_signal_of_the_label_is_no_leakage_within_labels(tmp_path: Path) -> None:
    language, label, x = label_only()
    cell = measured(tmp_path, test=({"cls": x}, texts(language, label=label)))
    plain = values(cell, "leakage", probe="paper", **WHOLE)
    assert plain[()]["low"] > plain["majority",]["value"] + 0.2
    within = values(cell, "leakage", within="label")
    majority = sum(np.bincount(language[label == one]).max() for one in range(3)) / len(label)
    assert within["majority",]["value"] == pytest.approx(majority)
    assert within[()]["value"] == pytest.approx(majority, abs=0.01)
    above = values(cell, "leakage_above_chance", within="label")
    assert above[()]["value"] == pytest.approx((within[()]["value"] - majority) / (1 - majority), abs=1e-6)
    # The control is no part of one label: there the label tells the language as well as on all texts.
    assert within["as many texts",]["value"] > 0.95 * plain[()]["value"]
    saved, code = values(cell, "saved", **WHOLE), values(cell, "saved", within="label")
    assert saved[()]["low"] > saved["no features",]["value"] + 0.2
    assert code[()]["value"] == pytest.approx(code["no features",]["value"], abs=0.03)
    assert code["no features",]["value"] > 0.1, "languages are not equally frequent within a label"


def test_leakage_within_labels_is_a_weighted_mean_of_probes_as_strong_as_the_whole_one(tmp_path: Path) -> None:
    language, label, x = label_only(900)
    # Of a size at which the penalty matters.
    x = (3 * (x + np.random.default_rng(3).normal(size=(3, 6))[language])).astype(np.float32)
    cell = measured(tmp_path, test=({"cls": x}, texts(language, label=label)))

    def within(scaled: bool) -> np.ndarray:
        hits = np.full(900, np.nan)
        for one in range(3):
            rows = np.flatnonzero(label == one)
            fold = leakage.fold_of(language[rows], rows, 0)
            for number in range(5):
                train, out = rows[fold != number], rows[fold == number]
                mean = x[train].mean(axis=0, dtype=float)
                c = 1e-4 * (900 / len(rows) if scaled else 1)
                model = LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(x[train] - mean, language[train])
                hits[out] = model.predict(x[out] - mean) == language[out]
        return hits

    hits = within(True)
    assert hits.mean() > within(False).mean() + 0.05
    found = values(cell, "leakage", within="label")
    for one in range(3):
        assert found[str(one + 1),]["value"] == pytest.approx(hits[label == one].mean(), abs=0.005)
    assert found[()]["value"] == pytest.approx(hits.mean(), abs=0.003)
    # Over texts of their own, the error of the mean is that of a share.
    half = (found[()]["high"] - found[()]["low"]) / 2
    assert half == pytest.approx(1.96 * np.sqrt(hits.mean() * (1 - hits.mean()) / 900), rel=0.1)
    assert found["4",]["reason"] == "no text has this label"


def test_a_label_with_too_few_texts_says_so_and_is_left_out_of_the_mean(tmp_path: Path) -> None:
    language, label, x = label_only(600)
    label = label.copy()
    label[[0, 1, 300]] = 3
    label[599] = 4
    found = values(measured(tmp_path, test=({"cls": x}, texts(language, label=label))), "leakage", within="label")
    assert found["4",]["reason"].startswith("too few texts for 5 folds")
    assert found["5",]["reason"] == "there is only one language"
    parts = [(found[name,]["value"], (label == int(name) - 1).sum()) for name in "123"]
    assert found[()]["value"] == pytest.approx(sum(share * n for share, n in parts) / 596, abs=1e-6)


def by_length(rows: int = 3600) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    language = np.arange(rows) % 6
    return language, np.round(np.exp(3.4 + 0.5 * (rng.normal(size=rows) + 0.3 * (language - 2.5)))).astype(int) + 2


def test_length_is_no_leakage_on_matched_texts(tmp_path: Path) -> None:
    language, tokens = by_length()
    rng = np.random.default_rng(8)
    x = np.log(tokens)[:, None] * np.array([3.0, -3.0, 2.0]) + 0.2 * rng.normal(size=(3600, 3))
    source = rng.choice(["news", "blogs"], size=3600)
    rows = texts(language, tokens=tokens, characters=tokens * 4, source=source)
    cell = measured(tmp_path, probe=({"cls": x}, rows))
    plain = values(cell, "leakage", probe="paper", **WHOLE)
    assert plain[()]["low"] > 1 / 6 + 0.05
    alone = values(cell, "confound_leakage", probe="default")
    assert alone["length",]["value"] == pytest.approx(values(cell, "leakage", probe="default")[()]["value"], abs=0.02)
    assert alone["length",]["low"] < alone["length",]["value"] < alone["length",]["high"]
    assert alone["source",]["value"] == pytest.approx(1 / 6, abs=0.03)
    assert alone["majority",]["value"] == pytest.approx(1 / 6)
    for match in ("length", "length and source"):
        left = values(cell, "matched_texts", match=match)[()]["value"]
        assert 600 < left < 3600
        assert left % 6 == 0
        noise = 3 * np.sqrt(5 / 36 / left)
        found = values(cell, "leakage", match=match)
        assert found["majority",]["value"] == pytest.approx(1 / 6)
        assert found[()]["value"] < 1 / 6 + noise
        assert found["length",]["value"] < 1 / 6 + noise
        assert found["as many texts",]["value"] > 1 / 6 + 0.05
        assert values(cell, "leakage_above_chance", match=match)[()]["value"] < noise * 6 / 5
        saved = values(cell, "saved", match=match)
        assert saved[()]["value"] < 0.01
        assert saved["as many texts",]["value"] > 0.02


def test_a_language_of_its_own_stays_separable_on_matched_texts(tmp_path: Path) -> None:
    language, tokens = by_length()
    rng = np.random.default_rng(9)
    x = 4 * rng.normal(size=(6, 8))[language] + rng.normal(size=(3600, 8))
    cell = measured(tmp_path, probe=({"pooler": x}, texts(language, tokens=tokens, characters=tokens * 4)))
    found = values(cell, "leakage", match="length")
    assert found[()]["value"] > 0.95
    assert found["length",]["value"] < 0.2
    assert values(cell, "leakage", match="length and source")[()]["reason"] == "the corpus names no source"
    assert values(cell, "confound_leakage", probe="paper")["source",]["reason"] == "the corpus names no source"


def test_one_source_a_language_tells_it_all_and_leaves_nothing_to_match(tmp_path: Path) -> None:
    language, tokens = by_length(1200)
    rows = texts(language, tokens=tokens, characters=tokens, source=np.array(list("abcdef"))[language])
    cell = measured(tmp_path, probe=({"cls": np.zeros((1200, 2))}, rows))
    assert values(cell, "confound_leakage", probe="default")["source",]["value"] == 1.0
    assert values(cell, "confound_saved")["source",]["value"] > 0.9
    assert values(cell, "matched_texts", match="length and source")[()]["value"] == 0
    reason = "0 texts of each language are left where length and source are matched, and 50 are needed"
    assert values(cell, "leakage", match="length and source")[()]["reason"] == reason


def test_features_without_lengths_are_probed_and_say_what_is_missing(tmp_path: Path) -> None:
    language = np.arange(120) % 3
    x = np.random.default_rng(0).normal(size=(120, 4))
    cell = measured(tmp_path, test=({"cls": x}, texts(language)), probe=({"cls": x}, texts(language)))
    assert values(cell, "leakage", probe="paper", corpus="probe", **WHOLE)[()]["value"] is not None
    numbers = board(tmp_path).rows[0].numbers
    reason = "the features were made by an earlier version, without the lengths of texts"
    for name in ("leakage_probe_matched", "leakage_probe_length", "saved_probe_length", "matched_texts_probe"):
        assert (numbers[name].value, numbers[name].reason) == (None, reason), name
    assert numbers["leakage_test_within_label"].reason == "the features were made without the labels of texts"
    assert numbers["leakage_probe_above_chance"].value is not None


def test_metrics_of_an_earlier_version_say_that_a_value_is_newer(tmp_path: Path) -> None:
    language = np.arange(120) % 3
    cell = measured(tmp_path, probe=({"cls": np.ones((120, 2))}, texts(language)))
    path = cell.folder / "metrics.json"
    told = json.loads(path.read_text())
    told["measures"] = [block for block in told["measures"] if block["measure"] == "leakage"]
    path.write_text(json.dumps(told))
    numbers = board(tmp_path).rows[0].numbers
    assert numbers["saved_probe"].reason == "not measured by the version of polyskew that measured this cell"
    assert numbers["saved_test"].reason == "not measured (no test features)"


def test_layers_are_probed_on_request_and_never_shown(tmp_path: Path) -> None:
    language, tokens = by_length(360)
    rng = np.random.default_rng(1)
    last = rng.normal(size=(360, 4))
    vectors = {"cls": last, "layer_00": 9.0 * np.eye(6)[language], "layer_01": last}
    rows = texts(language, label=np.arange(360) // 6 % 2, tokens=tokens, characters=tokens)
    cell = measured(tmp_path, test=(vectors, rows), probe=(vectors, rows))
    for corpus in ("test", "probe"):
        for name, params in (("leakage", {"probe": "paper"}), ("saved", {"probe": "online"})):
            found = find_block(cell, name, {**params, "corpus": corpus})
            assert found is not None
            assert found.params["vectors"] == "cls"
        layer = {(b.measure, b.params["probe"]) for b in blocks_of(cell, corpus, "layer_00")}
        assert layer == {(m, p) for p, ms in LAYERS.items() for m in ms}
        assert values(cell, "leakage", corpus=corpus, vectors="layer_00")[()]["value"] == 1.0
        last_layer = values(cell, "leakage", corpus=corpus, vectors="layer_01")
        assert last_layer[()] == values(cell, "leakage", corpus=corpus, vectors="cls", probe="paper", **WHOLE)[()]
    assert board(tmp_path).rows[0].vectors == "cls"
    assert board(tmp_path).rows[0].numbers["leakage_probe"].value < 0.5


LAYERS = {"paper": ("leakage", "leakage_above_chance"), "online": ("compression", "saved")}


def blocks_of(cell: Cell, corpus: str, vectors: str) -> list[Any]:
    every = [block for blocks in cell.blocks.values() for block in blocks]
    return [block for block in every if (block.params.get("corpus"), block.params.get("vectors")) == (corpus, vectors)]


def test_probes_on_a_part_are_run_on_the_pooler_where_there_is_one_and_are_not_taken_for_the_whole(
    tmp_path: Path,
) -> None:
    language, tokens = by_length(600)
    x = np.random.default_rng(1).normal(size=(600, 4))
    rows = texts(language, label=np.arange(600) // 6 % 2, tokens=tokens, characters=tokens)
    cell = measured(tmp_path, test=({"cls": x, "pooler": x}, rows), probe=({"cls": x, "pooler": x}, rows))
    parts = [b.params for b in cell.blocks["leakage"] if {"within", "match"} & b.params.keys()]
    assert {params["vectors"] for params in parts} == {"pooler"}
    assert len(parts) == 3
    whole = find_block(cell, "leakage", {"probe": "paper", "corpus": "test"})
    assert whole is not None
    assert not {"within", "match"} & whole.params.keys()
    cell.blocks["leakage"].remove(whole)
    for block in [b for b in cell.blocks["leakage"] if b.params["vectors"] == "cls"]:
        cell.blocks["leakage"].remove(block)
    assert find_block(cell, "leakage", {"probe": "paper", "corpus": "test"}) is None
    part = find_block(cell, "leakage", {"probe": "paper", "corpus": "test", "within": "label"})
    assert part is not None


def test_the_blocks_of_the_first_probes_are_named_as_ever(tmp_path: Path) -> None:
    """Else they would be computed again in every results folder, and not be averaged with older ones."""
    cell = measured(tmp_path, test=({"cls": np.ones((60, 2))}, texts(np.arange(60) % 2)))
    common = {"corpus": "test", "vectors": "cls", "seed": 0}
    paper = {"probe": "paper", "C": 1e-4, "folds": 5, **common}
    found = [(block.measure, block.version, block.params) for block in cell.metrics.measures[:4]]
    assert found == [
        ("leakage", 2, paper),
        ("leakage", 2, {"probe": "default", "C": 1.0, "folds": 5, "rows": 6000, **common}),
        ("compression", 2, {"probe": "online", "rows": 6000, **common}),
        ("bits_per_text", 2, {"probe": "online", "rows": 6000, **common}),
    ]


def test_the_shuffled_control_of_the_online_code_saves_nothing_where_languages_stand_together(tmp_path: Path) -> None:
    language = np.sort(np.arange(900) % 3)
    x = 3 * np.random.default_rng(1).normal(size=(3, 5))[language] + np.random.default_rng(2).normal(size=(900, 5))
    cell = measured(tmp_path, probe=({"cls": x}, texts(language)))
    saved, ratio = values(cell, "saved", **WHOLE), values(cell, "compression")
    assert saved[()]["value"] > 0.8
    assert saved["shuffled",]["value"] == pytest.approx(0, abs=0.05)
    assert ratio["shuffled",]["value"] == pytest.approx(1, abs=0.05)
    bits = online_coding.online_bits(x.astype(np.float32), language, np.arange(900), classes=3, seed=0).mean()
    assert saved[()]["value"] == pytest.approx(1 - bits / np.log2(3))
    assert saved[()]["value"] == pytest.approx(1 - 1 / ratio[()]["value"])
    # 1 - x / u has the spread of x over u.
    spread = values(cell, "bits_per_text")[()]
    assert saved[()]["high"] - saved[()]["low"] == pytest.approx((spread["high"] - spread["low"]) / np.log2(3))


def test_a_label_that_the_task_does_not_have_is_an_error(tmp_path: Path) -> None:
    language = np.arange(60) % 2
    with pytest.raises(DataError, match=r"test\.parquet: column 'label': class indices from 0 to 4 are wanted"):
        measured(tmp_path, test=({"cls": np.ones((60, 2))}, texts(language, label=np.full(60, 5))))


def test_every_column_of_a_probe_is_found_in_a_cell_that_has_all(tmp_path: Path) -> None:
    language, tokens = by_length(1200)
    x = np.random.default_rng(1).normal(size=(1200, 4))
    rows = texts(language, tokens=tokens, characters=tokens * 3)
    test = rows | {"label": np.arange(1200) // 6 % 2}
    probe = rows | {"source": np.array(["a", "b"])[np.arange(1200) // 6 % 2]}
    measured(tmp_path, test=({"cls": x}, test), probe=({"cls": x}, probe))
    numbers = board(tmp_path).rows[0].numbers
    kinds = ("leakage", "compression", "saved", "matched_texts")
    probes = [column.name for column in COLUMNS if column.name.startswith(kinds)]
    assert len(probes) > 25
    assert [name for name in probes if numbers[name].value is None] == []
