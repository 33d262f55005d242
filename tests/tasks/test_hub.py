"""The hub's own clients against a stand-in on loopback, in a process of their own (they read HF_ENDPOINT at import)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from huggingface_hub import errors

from polyskew.errors import UserError
from tasks import Source, get_probe, get_task
from tasks.hub import load, read_file
from tasks.hub_errors import in_one_sentence
from tasks.mirrors import MIRRORS
from tests.tasks import hub_layouts
from tests.tasks.hub_stand_in import COMMIT, Hub, serve

TOKEN = "hf_made_up"

LOAD = """
import json, os, sys, time, traceback, warnings
time.sleep = lambda seconds: None  # the clients wait between their attempts, and no variable turns that off
import datasets, huggingface_hub
from polyskew.errors import UserError
from tasks import Probe, Task, get_probe, get_task

in_memory = set()
to_pandas = datasets.Dataset.to_pandas
datasets.Dataset.to_pandas = lambda self: in_memory.update(self.column_names) or to_pandas(self)

def load(use, probe=False, languages=("en", "fr"), environment=None, **settings):
    os.environ |= environment or {}
    try:
        if probe:
            corpus = get_probe(use, languages=languages, **settings)
            return {"probe": corpus.load(tuple(languages), 4).to_dict("records")}
        splits = get_task(use, languages=languages, **settings).load()
        return {"train": splits.train.to_dict("records"), "rows": splits.report["rows"],
                "dropped": splits.report["dropped"]}
    except UserError as error:
        return {"error": str(error)}
    except Exception:
        return {"traceback": traceback.format_exc()}
    finally:
        for name in environment or {}:
            del os.environ[name]

results = {"model": sorted(os.listdir(huggingface_hub.snapshot_download("org/model")))}
for name, settings in json.loads(sys.argv[1]).items():
    in_memory.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results[name] = load(**settings)
    results[name]["warnings"] = [str(item.message) for item in caught if item.category is UserWarning]
    results[name]["in memory"] = sorted(in_memory)
print("RESULT" + json.dumps(results))
"""


def broken(name: str, **changes: Any) -> dict[str, Any]:
    """XNLI read from a copy of which something is broken."""
    return {"use": "xnli", "source": {"hub": f"broken/{name}", "config": "{language}", "revision": COMMIT, **changes}}


def file_of(name: str, suffix: str = "jsonl.gz") -> dict[str, Any]:
    """Files of a copy, read one by one."""
    return broken(name, config=None, files={split: f"{{language}}/{split}.{suffix}" for split in hub_layouts.SPLITS})


XNLI = {"use": "xnli", "source": {"hub": "facebook/xnli"}}
WIKIPEDIA = {"use": "wikipedia", "probe": True}
COPIES = [name for name, mirror in MIRRORS.items() if mirror["corpus"] == "amazon_reviews"]
SETTINGS: dict[str, dict[str, Any]] = {
    "amazon_reviews": {"use": "amazon_reviews", "languages": hub_layouts.REVIEWED},
    "xnli": {"use": "xnli"},
    "wikipedia": WIKIPEDIA,
    "xnli_15": {"use": "xnli_15", "languages": ["en", "de", "zh"]},
    "umsab_8": {"use": "umsab_8", "languages": ["en", "fr", "ar"]},
    "paws_x": {"use": "paws_x", "languages": ["en", "de", "ja"]},
    "sib200": {"use": "sib200"},
    "sib200 in another language": {"use": "sib200", "languages": ["en", "kab_Latn"], "regimes": {}},
    "afrisenti": {"use": "afrisenti", "languages": ["am", "ary", "ha"]},
    **{name: {"use": "amazon_reviews", "source": {"hub": name}, "languages": ["fr", "ja"]} for name in COPIES},
    "facebook/xnli": XNLI,
    "no such repository": broken("absent"),
    "no such revision": {"use": "xnli", "source": {"hub": "facebook/xnli", "revision": "a" * 40}},
    "no such config": {"use": "xnli", "source": {"hub": "facebook/xnli", "config": "{language}glish"}},
    "no such split": {"use": "xnli", "source": {"hub": "facebook/xnli", "splits": {"validation": "dev"}}},
    "no such column": {**XNLI, "columns": {"text": "premiss", "text_pair": "hypothesis"}},
    "no such file": file_of("whole", "jsonl"),
    "no such config of a stream": {**WIKIPEDIA, "languages": ["ja"]},
    "no such column of a stream": {**WIKIPEDIA, "columns": {"text": "txt"}},
    "a script": broken("script"),
    **{kind: broken(kind.replace(" ", "-")) for kind in ("withdrawn", "disabled", "gated", "down", "dropped", "short")},
    "dropped once": file_of("dropped-once"),
    "dropped once, again": file_of("dropped-once"),
    "withdrawn file": file_of("withdrawn"),
    "dropped file": file_of("dropped"),
    "short file": file_of("short"),
    "damaged parquet": broken("damaged"),
    "damaged gzip": file_of("damaged"),
    "lines that are missing": {**broken("lines", config=None), "languages": ["fr"], "parallel": False},
    "private, no token": broken("private"),
    "private, wrong token": {**broken("private"), "environment": {"HF_TOKEN": "hf_other"}},
    "private": {**broken("private"), "environment": {"HF_TOKEN": TOKEN}},
    # Last, because the client's threads still try when the error is long told.
    "dropped stream": {**WIKIPEDIA, "source": {"hub": "broken/stream", "config": "20231101.{language}"}},
}


def write_broken(folder: Path) -> dict[str, str]:
    """Write copies of XNLI, each with a fault in French only, and say which faults the stand-in makes."""
    kinds = {"dropped": "dropped", "dropped-once": "dropped once", "short": "short", "down": "down"}
    for name in ("whole", "damaged", "private", "withdrawn", "disabled", "gated", *kinds):
        root = folder / "broken" / name
        hub_layouts.write_xnli(root)
        for language in ("en", "fr"):
            for split in hub_layouts.SPLITS:
                hub_layouts.write_jsonl(root / language / f"{split}.jsonl.gz", hub_layouts.pairs(language, split))
        # The card names all files of a folder, and only parquet is meant.
        card = (root / "README.md").read_text()
        (root / "README.md").write_text(card.replace("-*\n", "-*.parquet\n"))
    for path in (folder / "broken" / "damaged" / "fr").iterdir():
        path.write_bytes(path.read_bytes()[:-20])
    hub_layouts.write_mteb_reviews(folder / "broken" / "script")
    (folder / "broken" / "script" / "amazon_reviews_multi.py").rename(folder / "broken" / "script" / "script.py")
    hub_layouts.write_wikipedia(folder / "broken" / "stream")
    # One config without a name; the card counts more lines than the file has, as if it were cut between two.
    lines = folder / "broken" / "lines"
    for split in hub_layouts.SPLITS:
        hub_layouts.write_jsonl(lines / f"{split}.jsonl", hub_layouts.pairs("fr", split)[:-1])
    columns = {"premise": "string", "hypothesis": "string", "label": "int64"}
    hub_layouts.write_card(lines, {"default": (".", hub_layouts.SPLITS)}, columns, 9)
    (lines / "README.md").write_text((lines / "README.md").read_text().replace("./", "").replace("-*", ".jsonl"))
    repositories = {f"broken/{kind}": kind for kind in ("withdrawn", "disabled", "gated")}
    return {
        **repositories,
        **{f"broken/{name}/fr/*": kind for name, kind in kinds.items()},
        "broken/stream/*": "dropped",
    }


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    hub_layouts.write_all(folder)
    faults = {name.replace("stream/*", "stream/*.parquet"): kind for name, kind in write_broken(folder).items()}
    (folder / "org" / "model").mkdir(parents=True)
    (folder / "org" / "model" / "config.json").write_text('{"model_type": "bert"}')
    (folder / "org" / "model" / "model.safetensors").write_bytes(bytes(1000))
    with serve(folder, faults, hub_layouts.commits(), {"broken/private": TOKEN}) as running:
        yield running


@pytest.fixture(scope="module")
def results(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return hub.ask(LOAD, SETTINGS, tmp_path_factory.mktemp("cache"))


def test_the_shipped_reviews_are_read_from_their_layout(results: dict[str, dict[str, Any]]) -> None:
    found = results["amazon_reviews"]
    assert found["warnings"] == []
    train = pd.DataFrame(found["train"])
    assert set(train["language"]) == set(hub_layouts.REVIEWED)
    assert train.groupby(["language", "label"]).size().unique().tolist() == [hub_layouts.COPIES]
    assert train["text"].iloc[0] == "de title 1\n\nde train body 1 0"
    assert found["rows"] == dict.fromkeys(hub_layouts.SPLITS, 6 * 5 * hub_layouts.COPIES)
    # The columns `id` and `label_text` stay on the disk.
    assert found["in memory"] == ["label", "text"]


@pytest.mark.parametrize("name", COPIES)
def test_every_copy_of_the_reviews_is_read_from_its_layout(results: dict[str, dict[str, Any]], name: str) -> None:
    found = results[name]
    assert "error" not in found
    train = pd.DataFrame(found["train"])
    wanted = [row for language in ("fr", "ja") for row in hub_layouts.reviews(language, "train")]
    assert train["label"].tolist() == [int(str(row["stars"])) - 1 for row in wanted]
    assert all(
        body in text for text, body in zip(train["text"], [str(row["review_body"]) for row in wanted], strict=True)
    )
    assert train["language"].tolist() == [row["language"] for row in wanted]
    if MIRRORS[name]["columns"].get("id"):
        assert train["id"].tolist() == [row["review_id"] for row in wanted]
    pinned = "revision" in MIRRORS[name]["source"]
    assert ["pin it with source.revision" in warning for warning in found["warnings"]] == ([] if pinned else [True])


@pytest.mark.parametrize("name", ["xnli", "facebook/xnli"])
def test_xnli_is_read_from_its_layout(results: dict[str, dict[str, Any]], name: str) -> None:
    found = results[name]
    assert found["warnings"] == []
    train = pd.DataFrame(found["train"])
    for language in ("en", "fr"):
        part = train[train["language"] == language]
        wanted = pd.DataFrame(hub_layouts.pairs(language, "train"))
        assert part["text"].tolist() == wanted["premise"].tolist()
        assert part["text_pair"].tolist() == wanted["hypothesis"].tolist()
        assert part["label"].tolist() == wanted["label"].tolist()
    # A pair and its translation are one group, and so are the three hypotheses of a premise.
    assert train.groupby("group").size().tolist() == [6] * hub_layouts.COPIES


def by_language(found: dict[str, Any]) -> dict[str, pd.DataFrame]:
    assert "error" not in found, found["error"]
    train = pd.DataFrame(found["train"])
    return dict(iter(train.groupby("language", sort=False)))


def test_xnli_in_more_languages_has_the_groups_of_all(results: dict[str, dict[str, Any]]) -> None:
    parts = by_language(results["xnli_15"])
    assert list(parts) == ["en", "de", "zh"]
    assert parts["zh"]["text"].tolist() == [row["premise"] for row in hub_layouts.pairs("zh", "train")]
    assert parts["zh"]["group"].tolist() == parts["en"]["group"].tolist()
    assert results["xnli_15"]["warnings"] == []


def test_tweets_are_read_by_the_sources_names_of_languages(hub: Hub, results: dict[str, dict[str, Any]]) -> None:
    parts = by_language(results["umsab_8"])
    for language, name in (("en", "english"), ("fr", "french"), ("ar", "arabic")):
        assert parts[language]["text"].iloc[4] == f"{name} train tweet 4"
        assert parts[language]["label"].tolist() == [0, 1, 2] * hub_layouts.COPIES
    assert results["umsab_8"]["warnings"] == []
    read = {name for name in hub.files() if name.startswith("cardiffnlp/")}
    assert {name.split("/")[3] for name in read} == {"english", "french", "arabic"}


def test_paws_pairs_share_groups_over_languages_and_not_over_splits(results: dict[str, dict[str, Any]]) -> None:
    parts = by_language(results["paws_x"])
    assert parts["ja"]["text_pair"].tolist() == [f"ja train second {number}" for number in range(8)]
    assert parts["ja"]["label"].tolist() == [0, 1] * 4
    assert parts["ja"]["group"].tolist() == parts["en"]["group"].tolist()
    assert parts["en"]["group"].nunique() == 4
    # Of eight validation pairs of a language, two have a first sentence that a test pair has too.
    assert results["paws_x"]["rows"] == {"train": 24, "validation": 24, "test": 24}
    assert results["paws_x"]["dropped"]["validation"] == {"id": 0, "text": 0, "group": 6}


def test_topics_are_read_by_codes_and_share_ids(results: dict[str, dict[str, Any]]) -> None:
    parts = by_language(results["sib200"])
    assert parts["fr"]["text"].iloc[4] == "fra_Latn science/technology train"
    assert parts["fr"]["label"].tolist() == list(range(7))
    assert parts["fr"]["group"].tolist() == parts["en"]["id"].tolist() == [str(3 * number) for number in range(7)]
    assert results["sib200"]["dropped"]["train"] == {"id": 0, "text": 0, "group": 0}
    other = by_language(results["sib200 in another language"])
    assert other["kab_Latn"]["text"].iloc[0] == "kab_Latn entertainment train"


def test_afrisenti_is_read_at_a_branch_with_a_warning(hub: Hub, results: dict[str, dict[str, Any]]) -> None:
    parts = by_language(results["afrisenti"])
    assert list(parts) == ["am", "ary", "ha"]
    assert parts["ha"]["text"].iloc[0] == "hau train 0"
    assert parts["am"]["label"].tolist() == [0, 1, 2] * hub_layouts.COPIES
    assert "read at what is now 'refs/convert/parquet'" in results["afrisenti"]["warnings"][0]
    asked = {path.split("/resolve/")[1].split("/")[0] for _, path, _ in hub.requests if "AfriSenti" in path}
    assert asked == {"refs%2Fconvert%2Fparquet"}


def test_wikipedia_is_streamed_from_its_layout(results: dict[str, dict[str, Any]]) -> None:
    found = pd.DataFrame(results["wikipedia"]["probe"])
    assert found["language"].tolist() == ["en"] * 4 + ["fr"] * 4
    assert list(found.columns) == ["id", "group", "text", "language"]
    assert (found["text"] == found["language"] + " article " + found["id"]).all()
    # Both of its shards are drawn from.
    assert found["id"].astype(int).between(0, 19).all()


def test_only_pinned_commits_and_wanted_languages_are_asked_for(hub: Hub, results: dict[str, dict[str, Any]]) -> None:
    assert results
    asked = [
        path.split("/resolve/")[1].split("/")[0] for _, path, _ in hub.requests if "facebook/xnli/resolve/" in path
    ]
    assert set(asked) == {MIRRORS["facebook/xnli"]["source"]["revision"], "a" * 40}
    files = {name for name in hub.files() if name.endswith(".parquet")}
    assert {name.split("/")[2] for name in files if name.startswith("facebook/xnli/")} == {"en", "fr", "de", "zh"}
    assert {name.split("/")[2] for name in files if "wikimedia" in name} == {"20231101.en", "20231101.fr"}
    assert {name.split("/")[2] for name in hub.files() if "mteb/amazon_reviews_multi/" in name} == {"fr", "ja"}
    assert not any(name.endswith(".py") and "broken" not in name for name in hub.files())


WITHDRAWN = "was withdrawn or renamed, or is private; set source.files to local files; if private, put a token"


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("no such repository", "broken/absent (en, train)", f"'broken/absent' {WITHDRAWN}"),
        ("withdrawn", "broken/withdrawn (en, train)", f"'broken/withdrawn' {WITHDRAWN}"),
        ("withdrawn file", "broken/withdrawn/en/train.jsonl.gz", f"'broken/withdrawn' {WITHDRAWN}"),
        ("disabled", "broken/disabled (en, train)", "was withdrawn; set source.files to local files"),
        ("gated", "broken/gated (en, train)", "its owner wants your consent first; give it on the hub's page of"),
        ("no such revision", "facebook/xnli (en, train)", "set source.revision to a commit that it has"),
        (
            "no such config",
            "facebook/xnli (english, train)",
            "has no config 'english'; known: all_languages, de, en, fr, zh; correct source.config",
        ),
        (
            "no such split",
            "facebook/xnli (en, dev)",
            "has no split 'dev'; known: test, train, validation; name it in sour",
        ),
        ("no such file", "broken/whole/en/train.jsonl", "has no such file; correct the names in source.files"),
        ("no such config of a stream", "wikimedia/wikipedia (20231101.ja, train)", "has no config '20231101.ja'"),
        ("a script", "broken/script (en, train)", "carries a loading script, which is never run; name its data files"),
        ("down", "broken/down (fr, train)", "if it fails again, set source.files to local files"),
        ("dropped", "broken/dropped (fr, train)", "Connection reset by peer; if it fails again, set source.files"),
        ("dropped file", "broken/dropped/fr/train.jsonl.gz", "Connection reset by peer; if it fails again, set source"),
        ("dropped stream", "broken/stream (20231101.en, train)", "Connection reset by peer; if it fails again"),
        ("short", "broken/short (fr, train)", "without sending complete message body"),
        ("short file", "broken/short/fr/train.jsonl.gz", "without sending complete message body"),
        ("damaged parquet", "broken/damaged (fr, train)", "a file is damaged or cut short"),
        ("lines that are missing", "broken/lines (train)", "a file is damaged or cut short"),
        ("private, no token", "broken/private (en, train)", "into the environment variable HF_TOKEN"),
        ("private, wrong token", "broken/private (en, train)", "does not let you read 'broken/private'; put a token"),
    ],
)
def test_what_goes_wrong_is_one_sentence(results: dict[str, dict[str, Any]], name: str, place: str, words: str) -> None:
    assert set(results[name]) == {"error", "warnings", "in memory"}, results[name].get("traceback")
    error = results[name]["error"]
    assert error.startswith(f"{place} could not be read from the hub: ")
    assert words in error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "no such column",
            "facebook/xnli (en, train): there is no column 'premiss' (it has: premise, hypothesis, label); did you "
            "mean 'premise'?",
        ),
        (
            "no such column of a stream",
            "wikimedia/wikipedia (20231101.en, train): there is no column 'txt' (it has: id, url, title, text); did "
            "you mean 'text'?",
        ),
        (
            "damaged gzip",
            "broken/damaged/fr/train.jsonl.gz: the gzipped file is damaged or cut short (Compressed file ended before "
            "the end-of-stream marker was reached)",
        ),
    ],
)
def test_what_is_wrong_with_the_data_itself(results: dict[str, dict[str, Any]], name: str, message: str) -> None:
    assert results[name]["error"] == message


def test_the_next_attempt_takes_up_what_broke_off(hub: Hub, results: dict[str, dict[str, Any]]) -> None:
    assert "Connection reset by peer" in results["dropped once"]["error"]
    assert hub.broken["broken/dropped-once/fr/*"] == 1
    again = pd.DataFrame(results["dropped once, again"]["train"])
    assert again["text_pair"].tolist() == [
        row["hypothesis"] for language in ("en", "fr") for row in hub_layouts.pairs(language, "train")
    ]


def test_the_token_comes_from_the_environment(hub: Hub, results: dict[str, dict[str, Any]]) -> None:
    assert results["private"]["rows"] == dict.fromkeys(hub_layouts.SPLITS, 18)
    sent = {token for _, path, token in hub.requests if "broken/private" in path and path.endswith(".parquet")}
    assert sent == {f"Bearer {TOKEN}"}
    assert {(path, token) for _, path, token in hub.requests if "broken/private" not in path and token} == set()


def test_a_token_is_no_setting() -> None:
    for get, name in ((get_task, "xnli"), (get_probe, "wikipedia")):
        with pytest.raises(UserError) as caught:
            get(name, source={"hub": "org/name", "token": TOKEN})
        assert "a token is no setting" in str(caught.value)
        assert "environment variable HF_TOKEN" in str(caught.value)
        assert TOKEN not in str(caught.value)


def test_other_copies_are_named_when_one_is_gone() -> None:
    source = Source(hub="mteb/amazon_reviews_multi", files={"train": "{language}/train.jsonl"})
    with pytest.raises(UserError) as caught, in_one_sentence(source, "here", "mteb/amazon_reviews_multi"):
        raise errors.LocalEntryNotFoundError("the hub is out of reach")
    assert str(caught.value) == (
        "here could not be read from the hub: the hub is out of reach; if it fails again, set source.hub to another "
        "copy (mteb/AmazonReviewsClassification, goosmanlei/amazon_reviews_multi, "
        "SetFit/amazon_reviews_multi_{language}, buruzaemon/amazon_reviews_multi), or source.files to local files"
    )


def test_working_offline_is_named() -> None:
    # The tests run offline (tests/conftest.py), and both clients say so in their own ways.
    words = "the environment variable HF_HUB_OFFLINE forbids it; take it away, or set source.files to local files"
    with pytest.raises(UserError, match=words):
        load(Source(hub="org/name"), "train", None, ["text"])
    with pytest.raises(UserError, match=words):
        read_file(Source(hub="org/name", files={"train": "a.csv"}), None, "a.csv", ["text"])


def test_the_stand_in_serves_models_too(results: dict[str, Any]) -> None:
    assert results["model"] == ["config.json", "model.safetensors"]
