"""`polyskew audit`: its numbers against peer libraries, its weights in a loss, its tables, its complaints."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  (the name that the printed example uses)
from rich.console import Console
from sklearn.metrics import mutual_info_score
from sklearn.utils.class_weight import compute_class_weight
from statsmodels.stats.multitest import multipletests

from benchmark.auditing import Report, audit
from benchmark.auditing.terminal import lines
from benchmark.auditing.words import share
from leaderboard.tables.widths import width_of
from tests.benchmark.test_cli import told

EMOTIONS = ("anger", "fear", "joy")


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two splits, three languages and four labels that hang together; some rows stand twice."""
    folder = tmp_path_factory.mktemp("reviews")
    rng = np.random.default_rng(0)
    for split, count in (("train", 900), ("test", 300)):
        language = rng.choice(["de", "en", "fr"], count, p=[0.2, 0.5, 0.3])
        label = np.array(
            [rng.choice(4, p=np.roll([0.55, 0.25, 0.15, 0.05], len(one) + (one == "fr"))) for one in language]
        )
        frame = pd.DataFrame({"text": [f"{split} {row}" for row in range(count)], "label": label, "lang": language})
        frame.loc[:4, "text"] = "the same"
        frame.to_csv(folder / f"{split}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def emotions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of 0/1 columns."""
    rng = np.random.default_rng(1)
    language = rng.choice(["ar", "en"], 800)
    columns = {
        name: (rng.random(800) < 0.2 + 0.2 * place * (language == "ar")).astype(int)
        for place, name in enumerate(EMOTIONS)
    }
    frame = pd.DataFrame({"tweet": [f"text {row}" for row in range(800)], "language": language, **columns})
    path = tmp_path_factory.mktemp("emotions") / "rows.parquet"
    frame.to_parquet(path)
    return path


@pytest.fixture(scope="module")
def report(reviews: Path) -> Report:
    return audit(str(reviews))


@pytest.fixture(scope="module")
def several(emotions: Path) -> Report:
    return audit(str(emotions), label=EMOTIONS)


def shown(report: Report, width: int) -> str:
    return "\n".join(line for line, _ in lines(report, width))


def test_counts_and_information_are_those_of_peer_libraries(report: Report, reviews: Path) -> None:
    frame = pd.read_csv(reviews / "train.csv")
    split = report.splits["train"]
    crossed = pd.crosstab(frame["lang"], frame["label"].astype(str))
    pd.testing.assert_frame_equal(pd.DataFrame(split.counts).T, crossed, check_names=False)
    assert split.strength is not None
    bits = mutual_info_score(frame["lang"], frame["label"]) / np.log(2)
    assert split.strength.bits_plain == pytest.approx(bits)
    assert split.strength.bits == pytest.approx(bits - (3 - 1) * (4 - 1) / (2 * 900 * np.log(2)))
    shares = frame["label"].value_counts(normalize=True)
    assert split.strength.label_bits == pytest.approx(-(shares * np.log2(shares)).sum())
    raw = 2 * torch.distributions.Normal(0, 1).cdf(-torch.tensor([abs(cell.residual) for cell in split.cells])).double()
    assert min(cell.expected for cell in split.cells) > 5
    corrected = multipletests(raw.numpy(), method="holm")[1]
    np.testing.assert_allclose([cell.p for cell in split.cells], corrected, atol=1e-4)
    assert sorted(split.cells, key=lambda cell: -abs(cell.residual)) == list(split.cells)


def test_duplicates_are_placed(report: Report) -> None:
    found = report.duplicates
    assert found.repeated == {"train": 4, "test": 4}
    assert found.shared == {"train": {"test": 1}}
    assert (found.conflicting, found.conflicting_rows, found.multilingual) == (1, 10, 1)
    assert found.examples["repeated"][0].first == "train.csv, row 1"
    assert found.examples["shared"][0].second.startswith("test.csv, row ")


def test_several_labels_are_tested_one_by_one(several: Report, emotions: Path) -> None:
    frame = pd.read_parquet(emotions)
    assert several.several
    split = several.splits["all rows"]
    assert split.strength is None
    raw = []
    for name in EMOTIONS:
        assert {language: row[name] for language, row in split.counts.items()} == frame.groupby("language")[
            name
        ].sum().to_dict()
        one = split.by_label[name]
        bits = mutual_info_score(frame["language"], frame[name]) / np.log(2)
        assert one.bits_plain == pytest.approx(bits)
        raw.append(one.association.p)
    np.testing.assert_allclose([split.by_label[name].p for name in EMOTIONS], multipletests(raw, method="holm")[1])
    assert split.by_label["joy"].association.v > split.by_label["anger"].association.v


def run(python: str, **names: Any) -> dict[str, Any]:
    """Run the printed Python, example included."""
    code, _, example = python.partition("# In the training loop, for a batch of rows:\n")
    found: dict[str, Any] = {"torch": torch, "F": F, **names}
    exec(code + "".join(line.removeprefix("# ") + "\n" for line in example.splitlines()), found)
    return found


def test_the_printed_weights_balance_a_loss(report: Report, reviews: Path) -> None:
    frame = pd.read_csv(reviews / "train.csv", dtype=str)
    batch = [
        {"language": language, "label": label} for language, label in zip(frame["lang"], frame["label"], strict=True)
    ]
    targets = torch.tensor(frame["label"].astype(int).to_numpy())
    logits = torch.randn(len(frame), 4, generator=torch.Generator().manual_seed(0))
    found = run(report.to_python(), batch=batch, targets=targets, logits=logits)
    assert found["LABELS"] == ["0", "1", "2", "3"]
    for language, rows in frame.groupby("lang"):
        peer = compute_class_weight("balanced", classes=np.array(found["LABELS"]), y=rows["label"])
        mine = [found["PER_LANGUAGE"][language, label] for label in found["LABELS"]]
        np.testing.assert_allclose(mine, peer, rtol=1e-5)
    peer = compute_class_weight("balanced", classes=np.array(found["LABELS"]), y=frame["label"])
    np.testing.assert_allclose([found["GLOBAL"][label] for label in found["LABELS"]], peer, rtol=1e-5)
    by_hand = F.cross_entropy(logits, targets, reduction="none").numpy() * found["weights"].numpy()
    assert float(found["loss"]) == pytest.approx(by_hand.mean(), rel=1e-5)
    means = pd.Series(found["weights"].numpy()).groupby(frame["lang"]).mean()
    np.testing.assert_allclose(means, 1, rtol=1e-4)


def test_the_printed_positive_weights_balance_presence_in_each_language(several: Report, emotions: Path) -> None:
    frame = pd.read_parquet(emotions)
    batch = [{"language": language} for language in frame["language"]]
    targets = torch.tensor(frame[list(EMOTIONS)].to_numpy(), dtype=torch.float32)
    found = run(several.to_python(), batch=batch, targets=targets, logits=torch.zeros(len(frame), 3))
    weighed = found["losses"].numpy()
    for language in ("ar", "en"):
        rows = (frame["language"] == language).to_numpy()
        for place, name in enumerate(EMOTIONS):
            present = rows & (frame[name] == 1).to_numpy()
            absent = rows & (frame[name] == 0).to_numpy()
            assert weighed[present, place].sum() == pytest.approx(weighed[absent, place].sum(), rel=1e-4)


def test_json_is_the_whole_report_and_holds_no_text(report: Report, several: Report, reviews: Path) -> None:
    for one in (report, several):
        record = json.loads(one.to_json())
        assert record["languages"] == list(one.languages)
        assert record["splits"].keys() == one.splits.keys()
        assert record["weights"]["per_language"].keys() == set(one.languages)
    assert "the same" not in report.to_json()


def tables(report: Report, width: int) -> list[str]:
    """The report's lines but for the example, which is not broken so that it can be pasted."""
    text = shown(report, width).splitlines()
    return [line for line in text if not line.startswith(("weights = ", "losses = ", "loss = "))]


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_their_width(report: Report, several: Report, width: int) -> None:
    for one in (report, several):
        assert max(map(width_of, tables(one, width))) <= width
        assert Console(width=width).render_lines(one.to_table())


def test_the_table_says_what_was_found(report: Report, several: Report) -> None:
    text = shown(report, 120)
    strength = report.splits["train"].strength
    assert strength is not None
    for words in (
        "1,200 rows in 2 splits, 3 languages, 4 labels",
        "text: text (guessed); label: label (guessed); language: lang (guessed)",
        f"V {strength.association.v:.3f}".replace("0.", "."),
        "train and test share 1 text; for example train.csv, row 1 = test.csv, row 1",
        "with different labels: 1 text (10 rows)",
        "PER_LANGUAGE = {",
    ):
        assert words in text
    assert text.count("▲") > 3
    text = " ".join(shown(several, 120).split())  # the file's name may be long
    assert "3 labels, several or none a text" in text
    assert "2 of 3 labels are not independent of language" in text


@pytest.mark.parametrize(("languages", "labels"), [(100, 77), (3, 77), (100, 3)])
def test_many_languages_and_labels_stay_readable(languages: int, labels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    language, label = rng.integers(languages, size=6000), rng.integers(labels, size=6000)
    label[language == 1] = 2
    frame = pd.DataFrame({"text": [f"t{row}" for row in range(6000)]})
    frame["language"] = [f"x{one:02d}" for one in language]
    frame["label"] = [f"a_label_with_a_long_name_{one}" for one in label]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    report = audit(str(tmp_path / "rows.csv"))
    for width in (80, 120):
        text = tables(report, width)
        assert len(text) < 120
        assert max(map(width_of, text)) <= width
        assert any(re.match(r"x01 +a_label_with_a_long_name_2 ", line) for line in text), "the strongest cell"
        assert any("that differ most" in line for line in text)


def test_balanced_data_are_said_to_be(tmp_path: Path) -> None:
    rows = [(f"t{n}", str(n % 2), "de" if n // 2 % 2 else "fr") for n in range(80)]
    pd.DataFrame(rows, columns=["text", "label", "language"]).to_json(
        tmp_path / "r.jsonl", orient="records", lines=True
    )
    text = shown(audit(str(tmp_path / "r.jsonl")), 120)
    assert "no cell differs from independence" in text
    assert "language tells nothing of the label's 1.000 bits" in text
    assert "each weight is exactly 1" in text
    assert "▲" not in text


def test_empty_cells_and_splits_of_one_language_are_named(tmp_path: Path) -> None:
    rows = [("fr", "a")] * 30 + [("fr", "b")] * 20 + [("de", "a")] * 40
    for split, some in (("train", rows), ("test", rows[:50])):
        frame = pd.DataFrame(some, columns=["language", "label"])
        frame["text"] = [f"{split} {row}" for row in range(len(frame))]
        frame.to_csv(tmp_path / f"{split}.csv", index=False)
    report = audit(str(tmp_path))
    assert report.splits["test"].strength is None
    text = shown(report, 100)
    assert "1 empty cell, which no weight can balance: de b" in text
    assert "only fr" in text
    assert report.weights.per_language["de"]["b"] == 0


def test_names_do_not_steer_the_terminal(tmp_path: Path) -> None:
    rows = [(f"t{n}", f"bad\x1b[2J{n % 2}", "de\u202e" if n % 3 else "fr") for n in range(60)]
    pd.DataFrame(rows, columns=["text", "label", "language"]).to_json(
        tmp_path / "r.jsonl", orient="records", lines=True
    )
    text = shown(audit(str(tmp_path / "r.jsonl")), 120)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_command_writes_each_format(polyskew: Any, reviews: Path, emotions: Path) -> None:
    status, out, err = polyskew("audit", reviews)
    assert (status, err) == (0, "")
    assert "Weights for train" in out
    status, out, _ = polyskew(
        "audit", reviews / "train.csv", reviews / "test.csv", "--format", "json", "--split", "test"
    )
    assert status == 0
    assert list(json.loads(out)["splits"]) == ["test"]
    options = [word for name in EMOTIONS for word in ("--label", name)]
    status, out, _ = polyskew("audit", emotions, *options, "--format", "python")
    assert status == 0
    assert "binary_cross_entropy_with_logits" in out
    compile(out, "weights", "exec")


def test_mistakes_are_one_sentence(polyskew: Any, reviews: Path, tmp_path: Path) -> None:
    assert "neither a file or folder" in told(polyskew("audit", "nowhere"))
    assert "cannot be read (no such file" in told(polyskew("audit", "nowhere.csv"))
    assert "there is no column 'lable'" in told(polyskew("audit", reviews, "--label", "lable"))
    assert "--config goes with a data set on the hub" in told(polyskew("audit", reviews, "--config", "en"))
    assert "has no split 'dev'; known: test, train" in told(polyskew("audit", reviews, "--split", "dev"))
    (tmp_path / "latin.csv").write_bytes("text,label,language\ncafé,a,fr\n".encode("latin-1"))
    assert "latin.csv, line 2: this is not UTF-8 text" in told(polyskew("audit", "latin.csv"))


def test_wrong_tags_are_shown_with_their_texts_but_not_written(polyskew: Any, tmp_path: Path) -> None:
    pytest.importorskip("py3langid")
    french = "Nous avons mangé une bonne soupe chez ma grand-mère hier soir, numéro"
    english = "Yesterday evening we ate a good soup at my grandmother's house, number"
    rows = [(f"{english if n < 23 else french} {n}", "ab"[n % 2], "en" if n < 20 else "fr") for n in range(40)]
    pd.DataFrame(rows, columns=["text", "label", "language"]).to_csv(tmp_path / "rows.csv", index=False)
    status, out, _ = polyskew("audit", "rows.csv", "--identify")
    assert status == 0
    assert "en 3" in out
    assert english in out
    status, out, _ = polyskew("audit", "rows.csv", "--identify", "--format", "json")
    looks = json.loads(out)["looks"]
    assert looks["fr"]["other"] == {"en": 3}
    assert looks["fr"]["examples"][0]["looks_like"] == "en"
    assert int(looks["fr"]["examples"][0]["place"].removeprefix("rows.csv, row ")) in (21, 22, 23)
    assert "grandmother" not in out


def test_no_training_library_is_imported(reviews: Path) -> None:
    code = (
        f"import sys; sys.argv = ['polyskew', 'audit', {str(reviews)!r}]\n"
        "from benchmark.cli import main\nmain()\n"
        "print('loaded', [name for name in ('torch', 'transformers', 'peft', 'datasets') if name in sys.modules])"
    )
    code = code.replace("main()\nprint", "try:\n    main()\nexcept SystemExit:\n    pass\nprint")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded []"


needs_data = pytest.mark.skipif(
    not os.environ.get("POLYSKEW_DATA"), reason="POLYSKEW_DATA is not set: it names the folder with the real data"
)


@needs_data
def test_semevals_emotions_hang_together_with_language() -> None:
    report = audit(str(Path(os.environ["POLYSKEW_DATA"]) / "semeval2018_ec"))
    split = report.splits["train"]
    assert split.texts == {"ar": 2278, "en": 6838, "es": 3561}
    assert {language: row["disgust"] for language, row in split.counts.items()} == {"ar": 433, "en": 2602, "es": 521}
    strongest = max(split.by_label, key=lambda label: split.by_label[label].association.v)
    assert (strongest, round(split.by_label[strongest].association.v, 3)) == ("disgust", 0.243)
    assert not report.splits["test"].by_label, "its test split is English only"


@needs_data
def test_balanced_data_have_no_association_and_known_duplicates() -> None:
    report = audit(str(Path(os.environ["POLYSKEW_DATA"]) / "umsab_sentiment"))
    assert all(split.strength and split.strength.association.v == 0 for split in report.splits.values())
    assert report.duplicates.shared == {"train": {"validation": 0, "test": 2}, "validation": {"test": 1}}


def test_independent_languages_of_few_texts_tell_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"text": map(str, range(900)), "label": rng.integers(0, 40, 900)})
    frame.assign(language=rng.integers(0, 30, 900)).to_csv(tmp_path / "rows.csv", index=False)
    strength = audit(str(tmp_path / "rows.csv")).splits["all rows"].strength
    assert strength is not None
    assert strength.bits_plain > 0.8
    assert strength.share < 0.03, "as with V, what chance makes of many cells is taken off"


@pytest.mark.parametrize(("part", "written"), [(0, "-"), (1, "<.1%"), (99_990, ">99.9%"), (100_000, "100%")])
def test_a_share_is_never_rounded_to_none_or_all(part: int, written: str) -> None:
    assert share(part, 100_000) == written
