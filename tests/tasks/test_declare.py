import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from polyskew.errors import UserError
from polyskew.registry import Registry
from tasks import PROBES, TASKS, get_probe, get_task
from tasks.mirrors import MIRRORS
from tests.tasks import made_up

YAML = """\
name: mine
languages: [fr, en]
labels: [bad, fine, good]
source:
  files: {train: train.csv, validation: validation.csv, test: test.csv}
columns: {language: language}
regimes:
  imbalanced:
    fr: [1, 2, 3]
    en: [3, 2, 1]
probe: corpus.yaml
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_a_task_in_one_yaml_file(tmp_path: Path) -> None:
    made_up.write_csv(tmp_path)
    text = YAML.replace("[bad, fine, good]", "[no, yes]").replace("[1, 2, 3]", "[1, 2]").replace("[3, 2, 1]", "[2, 1]")
    task = get_task(write(tmp_path, text))
    # Paths are relative to the file, wherever the command is run.
    assert len(task.load().train) == 24
    assert task.probe == str(tmp_path / "corpus.yaml")
    assert task.regime_names == ("balanced", "imbalanced", "natural")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("labels:", "lables:", "mine.yaml:3: unknown key 'lables'; did you mean 'labels'?"),
        ("probe: corpus.yaml", "name: twice", "mine.yaml:11: the key 'name' stands twice (first on line 1)"),
        ("columns: {lang", "columns: {txt: a, lang", "unknown key 'columns.txt'"),
        ("en: [3, 2, 1]", "en: [3, 1]", "the ratio of language 'en' in regime 'imbalanced' is [3, 1]; wanted are 3"),
        ("en: [3, 2, 1]", "en: 3:2:1", "regimes.imbalanced.en: write the ratio as a list, such as [3, 2, 1]"),
        ("en: [3, 2, 1]", "de: [3, 2, 1]", "regime 'imbalanced' has ratios for fr, de; wanted is one for each of fr"),
        ("en: [3, 2, 1]", "en: [0, 0, 0]", "not all 0"),
        ("  imbalanced:", "  balanced:", "the regime 'balanced' always exists and is not declared"),
        ("languages: [fr, en]", "languages: [fr, fr]", "a language stands twice"),
        ("test: test.csv", "tests: test.csv", "source.files has tests, train, validation; wanted is one entry for"),
        ("columns: {language: language}", "", "it is not said which language a row has"),
        ("probe: corpus.yaml", "pair: true", "a task with 'pair: true' names columns.text_pair"),
        ("probe: corpus.yaml", "max_share: 0.2", "max_share is 0.2, less than the 0.333 of a balanced label"),
        ("probe: corpus.yaml", "label_values: {bad: 1}", "label_values gives each of bad, fine, good a value"),
        ("  files:", "  languages: {fr: x, en: x}\n  files:", "source.languages gives each language a name of its own"),
        ("  files:", "  hub: some/where\n  config: x\n  files:", "'config' and 'splits' have no meaning beside it"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in YAML
    with pytest.raises(UserError) as caught:
        get_task(write(tmp_path, YAML.replace(old, new)))
    assert words in str(caught.value)
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_larger_share_names_the_setting_that_allows_it(tmp_path: Path) -> None:
    steep = YAML.replace("en: [3, 2, 1]", "en: [7, 2, 1]")
    with pytest.raises(UserError, match=r"share of 7/10, more than the task's max_share of 1/2; set max_share to 0.7"):
        get_task(write(tmp_path, steep))
    assert float(get_task(write(tmp_path, steep + "max_share: 0.7\n")).share_limit) == 0.7


def test_shipped_tasks_are_declared_as_listed() -> None:
    for registry, get in ((TASKS, get_task), (PROBES, get_probe)):
        assert isinstance(registry, Registry)
        for entry in registry.entries():
            declared = get(entry.name)
            assert declared.name == entry.name
            assert declared.summary == entry.summary
            assert declared.licence
            assert declared.citation
    for name in TASKS.names():
        assert get_task(name).probe in PROBES
        assert set(get_task(name).languages) <= set(get_probe(str(get_task(name).probe)).languages)


def test_the_papers_regimes() -> None:
    reviews, xnli = get_task("amazon_reviews"), get_task("xnli")
    assert {reviews.regimes["imbalanced"][language] for language in ("de", "en", "zh")} == {(5, 4, 3, 2, 1)}
    assert {reviews.regimes["imbalanced"][language] for language in ("fr", "es", "ja")} == {(1, 2, 3, 4, 5)}
    assert xnli.regimes["imbalanced"] == {"en": (1, 2, 3), "fr": (3, 2, 1)}
    assert xnli.regimes["switched"] == {"en": (3, 2, 1), "fr": (1, 2, 3)}
    assert xnli.labels == ("entailment", "neutral", "contradiction")
    assert not reviews.redistribute


SYMMETRIC = ("xnli_15", "paws_x", "umsab_8", "sib200", "afrisenti")


@pytest.mark.parametrize("name", SYMMETRIC)
def test_shipped_regimes_are_halves_that_mirror_each_other(name: str) -> None:
    task = get_task(name)
    rising = tuple(range(1, len(task.labels) + 1))
    found = task.regimes["imbalanced"]
    odd = [language for language, ratio in found.items() if len(set(ratio)) == 1]
    assert odd == (["zh"] if len(task.languages) % 2 else [])
    halves = [{language for language, ratio in found.items() if ratio == way} for way in (rising, rising[::-1])]
    assert len(halves[0]) == len(halves[1]) == len(task.languages) // 2
    assert halves[0] | halves[1] | set(odd) == set(task.languages)
    assert task.regimes["switched"] == {language: ratio[::-1] for language, ratio in found.items()}
    # A family's languages stand in both halves.
    for family in ({"en", "de"}, {"ru", "bg"}, {"hi", "ur"}, {"ar", "he"}, {"am", "ary"}, {"es", "fr", "it", "pt"}):
        if len(family & set(task.languages)) > 1:
            assert halves[0] & family
            assert halves[1] & family


@pytest.mark.parametrize("repository", [name for name in MIRRORS if "amazon" in name.lower()])
def test_every_known_mirror_brings_its_columns(repository: str) -> None:
    task = get_task("amazon_reviews", source={"hub": repository})
    assert task.source.hub == repository
    assert task.columns.text == MIRRORS[repository]["columns"]["text"]
    assert task.source.by_language
    pinned = get_task("amazon_reviews", source={"hub": repository, "revision": "f" * 40})
    assert pinned.source.revision == "f" * 40


def test_the_default_sources_are_as_in_the_table_of_mirrors() -> None:
    for name in ("amazon_reviews", "xnli"):
        task = get_task(name)
        assert task == get_task(name, source={"hub": task.source.hub})
        assert len(task.source.revision or "") == 40


def test_the_original_columns_of_the_reviews(tmp_path: Path) -> None:
    import gzip
    import json

    for language in ("fr", "en"):
        (tmp_path / language).mkdir()
        for split in ("train", "validation", "test"):
            rows = [
                {
                    "review_id": f"{language}_{split}_{stars}",
                    "stars": stars,
                    "review_body": f"{language} {split} {stars}",
                    "review_title": "title",
                    "language": language,
                }
                for stars in (5, 1, 2, 3, 4)
            ]
            with gzip.open(tmp_path / language / f"{split}.jsonl.gz", "wt") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    files = {split: str(tmp_path / "{language}" / f"{split}.jsonl.gz") for split in ("train", "validation", "test")}
    task = get_task(
        "amazon_reviews",
        source={"files": files},
        columns=MIRRORS["buruzaemon/amazon_reviews_multi"]["columns"],
        languages=("fr", "en"),
    )
    train = task.load().train
    assert train["label"].tolist() == [4, 0, 1, 2, 3] * 2
    assert train["id"].iloc[0] == "fr_train_5"


def test_fewer_languages_and_wrong_settings() -> None:
    task = get_task("demo_reviews", languages=("de", "fr"), test_cell=20)
    assert set(task.regimes["imbalanced"]) == {"de", "fr"}
    assert task.test_cell == 20
    with pytest.raises(UserError, match="settings of 'demo_reviews': unknown key 'test_cel'; did you mean 'test_cell'"):
        get_task("demo_reviews", test_cel=20)
    with pytest.raises(UserError, match="there is no task called 'demo_review'; did you mean 'demo_reviews'"):
        get_task("demo_review")


def test_the_demo_task_has_the_rows_it_promises() -> None:
    from tasks import draw

    for name, train, validation in (("demo_reviews", 4320, 900), ("demo_nli", 5400, 900)):
        task = get_task(name)
        splits = task.load()
        drawn: Any = {seed: draw(task, splits, "imbalanced", seed) for seed in (0, 1)}
        assert (len(drawn[0].train), len(drawn[0].validation)) == (train, validation)
        assert set(drawn[0].train["id"]) != set(drawn[1].train["id"])
        assert splits.report["dropped"]["train"] == {"id": 0, "text": 0, "group": 0}


def test_importing_tasks_imports_nothing_heavy() -> None:
    code = (
        "import sys, tasks; tasks.TASKS.names(); "
        "print([m for m in ('torch', 'datasets', 'pandas', 'pydantic', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
