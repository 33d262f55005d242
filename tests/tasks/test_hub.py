"""The hub's own clients against a stand-in on loopback, in a process of their own (they read HF_ENDPOINT at import)."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.tasks.hub_stand_in import COMMIT, serve

ROOT = Path(__file__).resolve().parents[2]
SPLITS = ("train", "validation", "test")

LOAD = """
import json, sys, warnings
from polyskew.errors import UserError
from tasks import Probe, Task

def load(settings):
    try:
        if "labels" not in settings:
            return {"probe": Probe(**settings).load(tuple(settings["languages"])).to_dict("records")}
        return {"train": Task(**settings).load().train.to_dict("records")}
    except UserError as error:
        return {"error": str(error)}

results = {}
for name, settings in json.loads(sys.argv[1]).items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results[name] = load(settings)
    results[name]["warnings"] = [str(item.message) for item in caught if item.category is UserWarning]
print("RESULT" + json.dumps(results))
"""

PAIRS: dict[str, object] = {
    "name": "pairs",
    "languages": ["en", "fr"],
    "labels": ["entailment", "neutral", "contradiction"],
    "pair": True,
    "parallel": True,
    "columns": {"text": "premise", "text_pair": "hypothesis", "group": "premise"},
}
PINNED = {"hub": "org/pairs", "config": "{language}", "revision": COMMIT}
SETTINGS: dict[str, dict[str, object]] = {
    "pinned": {**PAIRS, "source": PINNED},
    "scripted": {
        **PAIRS,
        "source": {"hub": "org/scripted", "files": {split: f"{{language}}/{split}.jsonl.gz" for split in SPLITS}},
    },
    "probe": {
        "name": "stream",
        "languages": ["fr"],  # one: `datasets` sleeps 5 seconds after each stream
        "source": PINNED,
        "columns": {"text": "hypothesis"},
        "rows_per_language": 4,
    },
    "no such repository": {**PAIRS, "source": {**PINNED, "hub": "org/absent"}},
    "no such revision": {**PAIRS, "source": {**PINNED, "revision": "a" * 40}},
    "no such config": {**PAIRS, "source": {**PINNED, "config": "x{language}"}},
    "no such column": {**PAIRS, "source": PINNED, "columns": {"text": "premiss", "text_pair": "hypothesis"}},
}


def rows(language: str, split: str) -> list[dict[str, object]]:
    return [
        {"premise": f"{language} {split} premise {n // 3}", "hypothesis": f"hypothesis {n}", "label": n % 3}
        for n in range(6)
    ]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hub")
    layout = []
    for language in ("en", "fr"):
        for split in SPLITS:
            frame = pd.DataFrame(rows(language, split))
            parquet = folder / "org" / "pairs" / language / f"{split}-00000-of-00001.parquet"
            parquet.parent.mkdir(parents=True, exist_ok=True)
            frame.to_parquet(parquet)
            packed = folder / "org" / "scripted" / language / f"{split}.jsonl.gz"
            packed.parent.mkdir(parents=True, exist_ok=True)
            with gzip.open(packed, "wt") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows(language, split))
        layout.append(
            f"- config_name: {language}\n  data_files:\n"
            + "".join(f"  - split: {split}\n    path: {language}/{split}-*\n" for split in SPLITS)
        )
    (folder / "org" / "pairs" / "README.md").write_text("---\nconfigs:\n" + "".join(layout) + "---\n")
    (folder / "org" / "scripted" / "scripted.py").write_text("raise SystemExit('a loading script must never run')\n")
    server = serve(folder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def results(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path_factory.mktemp("cache"))}
    environment |= {"HF_HUB_OFFLINE": "0", "HF_DATASETS_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    environment |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps(SETTINGS)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, done.stderr[-3000:]
    return json.loads(lines[0].removeprefix("RESULT"))


def test_a_config_a_language_is_read_at_its_pinned_revision(results: dict[str, dict[str, Any]]) -> None:
    assert "error" not in results["pinned"]
    assert results["pinned"]["warnings"] == []
    train = pd.DataFrame(results["pinned"]["train"])
    assert train.groupby("language")["text"].apply(list).to_dict() == {
        language: [row["premise"] for row in rows(language, "train")] for language in ("en", "fr")
    }
    assert train["label"].tolist() == [0, 1, 2, 0, 1, 2] * 2
    # A pair and its translation are one group, and so are the three hypotheses of a premise.
    assert train.groupby("group").size().tolist() == [6, 6]


def test_files_of_a_repository_with_a_script_are_read_directly(results: dict[str, dict[str, Any]]) -> None:
    assert len(results["scripted"]["train"]) == 12
    assert len(results["scripted"]["warnings"]) == 1
    assert "pin it with source.revision" in results["scripted"]["warnings"][0]


def test_a_probe_corpus_is_streamed(results: dict[str, dict[str, Any]]) -> None:
    assert [row["language"] for row in results["probe"]["probe"]] == ["fr"] * 4


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no such repository", "org/absent (en, train) could not be read from the hub"),
        ("no such revision", "org/pairs (en, train) could not be read from the hub"),
        ("no such config", "org/pairs (xen, train) could not be read from the hub"),
        (
            "no such column",
            "org/pairs (en, train): there is no column 'premiss' (it has: premise, hypothesis, label); did you mean "
            "'premise'?",
        ),
    ],
)
def test_a_wrong_hub_source_is_one_sentence(results: dict[str, dict[str, Any]], name: str, words: str) -> None:
    error = results[name]["error"]
    assert words in error
    assert "\n" not in error
