"""Data sets on a stand-in hub, streamed: configs by language, class names, and what cannot be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tasks import hub_layouts
from tests.tasks.hub_stand_in import serve

SCRIPT = """
import json, sys
from polyskew.errors import UserError
from tasks.audit.columns import Asked, choose
from tasks.audit.data import find
from tasks.audit.reading import read

results = {}
for name, asked in json.loads(sys.argv[1]).items():
    try:
        data = find(asked.pop("data"), **asked)
        found = read(data, choose(data.parts[0], data.asked))
        results[name] = {
            "languages": found.languages, "labels": found.labels, "notes": data.notes,
            "counts": {split.name: split.counts.tolist() for split in found.splits},
        }
    except UserError as error:
        results[name] = str(error)
results["heavy"] = [name for name in ("torch", "transformers", "peft") if name in sys.modules]
print("RESULT" + json.dumps(results))
"""

ASKED: dict[str, dict[str, Any]] = {
    "by itself": {"data": ["facebook/xnli"]},
    "template": {"data": ["facebook/xnli"], "config": "{language}", "splits": ["test"]},
    "task": {"data": ["xnli.yaml"]},
    "one config": {"data": ["facebook/xnli"], "config": "en"},
    "no such config": {"data": ["facebook/xnli"], "config": "enn"},
    "no such split": {"data": ["facebook/xnli"], "splits": ["tset"]},
    "several configs": {"data": ["wikimedia/wikipedia"]},
    "no label": {"data": ["wikimedia/wikipedia"], "config": "20231101.{language}"},
    "absent": {"data": ["facebook/absent"]},
    "no such revision": {"data": ["facebook/xnli"], "config": "en", "revision": "0" * 40},
    "absent of a task": {"data": ["absent.yaml"]},
    "gated": {"data": ["mteb/AmazonReviewsClassification"]},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("hub")
    hub_layouts.write_xnli(folder / "facebook" / "xnli")
    hub_layouts.write_wikipedia(folder / "wikimedia" / "wikipedia")
    hub_layouts.write_mteb_classification(folder / "mteb" / "AmazonReviewsClassification")
    (folder / "xnli.yaml").write_text(
        "name: mine\nlanguages: [en, fr]\nlabels: [yes, maybe, no]\npair: true\n"
        "source: {hub: facebook/xnli, config: '{language}'}\n"
        "columns: {text: premise, text_pair: hypothesis, label: label}\n"
    )
    (folder / "absent.yaml").write_text((folder / "xnli.yaml").read_text().replace("facebook/xnli", "facebook/absent"))
    asked = json.loads(
        json.dumps(ASKED)
        .replace("xnli.yaml", str(folder / "xnli.yaml"))
        .replace("absent.yaml", str(folder / "absent.yaml"))
    )
    with serve(folder, faults={"mteb/*": "gated"}) as hub:
        return dict(hub.ask(SCRIPT, asked, tmp_path_factory.mktemp("cache")))


def test_configs_called_by_languages_are_read_as_such(results: dict[str, Any]) -> None:
    found = results["by itself"]
    assert found["languages"] == ["de", "en", "fr", "zh"]
    assert found["labels"] == ["entailment", "neutral", "contradiction"], "class names, in their order"
    assert found["notes"] == ["one config for each language"]
    assert found["counts"] == dict.fromkeys(("train", "validation", "test"), [[3, 3, 3]] * 4)
    assert results["template"]["counts"] == {"test": [[3, 3, 3]] * 4}
    assert results["template"]["notes"] == []


def test_a_task_on_the_hub_has_its_own_languages_and_labels(results: dict[str, Any]) -> None:
    assert results["task"]["languages"] == ["en", "fr"]
    assert results["task"]["labels"] == ["yes", "maybe", "no"]
    assert results["task"]["counts"]["train"] == [[3, 3, 3]] * 2


def test_no_training_library_is_imported(results: dict[str, Any]) -> None:
    assert results["heavy"] == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one config", "no column has a usual name for the language"),
        ("no such config", "facebook/xnli has no config 'enn'; did you mean 'en'?; correct --config"),
        ("no such split", "facebook/xnli has no split 'tset'; did you mean 'test'?"),
        ("several configs", "choose one with --config NAME, or --config '{language}'"),
        ("no label", "no column has a usual name for the label (it has: id, url, title, text); name it with --label"),
        ("absent", "facebook/absent could not be read from the hub"),
        ("absent", "give local files; if private, put a token"),
        ("absent of a task", "give local files; if private, put a token"),
        ("no such revision", "correct --revision"),
        ("gated", "its owner wants your consent first"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(name: str, words: str, results: dict[str, Any], tmp_path: Path) -> None:
    assert words in results[name]
    assert "source." not in results[name], "a setting of tasks, which an audit has none of"
    assert "\n" not in results[name]
