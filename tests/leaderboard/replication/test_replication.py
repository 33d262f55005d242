"""The replication page against results folders whose metrics are written by hand."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from benchmark.cli import app
from leaderboard.reading.artifacts import read_predictions
from leaderboard.reading.store import read_results
from leaderboard.replication import published, write
from leaderboard.replication.claims import verdict
from leaderboard.replication.counting import PredictedShare
from leaderboard.replication.html import html
from leaderboard.replication.markdown import markdown
from leaderboard.replication.numbers import Got
from leaderboard.replication.page import Entry, Figure, Page, Table, ranged
from leaderboard.replication.report import replication
from leaderboard.statistics.averaging import Number
from polyskew.errors import UserError
from polyskew.files import read_json, write_json
from tests.leaderboard import synthetic

AMAZON = ("fr", "es", "ja", "de", "en", "zh")
STARS = ("1", "2", "3", "4", "5")
UP, DOWN = np.arange(1, 6) / 15, np.arange(5, 0, -1) / 15
SHARES = {
    "amazon_reviews": np.array([UP] * 3 + [DOWN] * 3),
    "xnli": np.array([[1, 2, 3], [3, 2, 1]]) / 6,
}
LANGUAGES = {"amazon_reviews": AMAZON, "xnli": ("en", "fr")}
LABELS = {"amazon_reviews": STARS, "xnli": ("entailment", "neutral", "contradiction")}
STAGES = ("data", "train", "predict", "features", "attributions")
SETUPS = (("balanced", "none"), ("imbalanced", "none"), ("imbalanced", "per_language"))


@dataclass(frozen=True)
class Kind:
    """One cell; ``number`` makes its values differ from those of another."""

    task: str = "xnli"
    model: str = "mbert"
    regime: str = "imbalanced"
    weighting: str = "none"
    seed: int = 0
    method: str = "full"
    entropy: str = ""
    like: str = ""
    state: str = "done"

    @property
    def id(self) -> str:
        parts = (self.task, self.model, self.regime, self.weighting, str(self.seed), self.method, self.entropy)
        return re.sub(r"[^a-z0-9]+", "-", "-".join(parts))

    @property
    def data(self) -> str:
        """The task whose languages and labels it has."""
        return self.like or self.task

    @property
    def rng(self) -> np.random.Generator:
        return np.random.default_rng([ord(letter) for letter in self.id])


def skew(kind: Kind, regime: str) -> np.ndarray:
    d = SHARES[kind.data] - 1 / len(LABELS[kind.data])
    return -d if regime == "switched" else d


def shares(kind: Kind) -> np.ndarray:
    even = np.full_like(SHARES[kind.data], 1 / len(LABELS[kind.data]))
    return even if kind.regime == "balanced" else even + skew(kind, kind.regime)


def spec(kind: Kind, regimes: tuple[str, ...]) -> dict[str, Any]:
    own = regimes if kind.regime == "balanced" else (kind.regime,)
    recipe = {"masked_entropy": kind.entropy} if kind.entropy else {}
    return {
        "schema": 1,
        "id": kind.id,
        "task": kind.task,
        "task_version": 1,
        "regime": kind.regime,
        "model": kind.model,
        "method": kind.method,
        "weighting": kind.weighting,
        "seed": kind.seed,
        "recipe": "paper+entropy" if kind.entropy else "paper",
        "canonical": {"recipe": recipe, "task": {"name": kind.task, "sizes": "paper"}, "seed": kind.seed},
        "languages": list(LANGUAGES[kind.data]),
        "labels": list(LABELS[kind.data]),
        "group": f"{kind.task} {kind.model} {kind.method} {kind.entropy}",
        "shares": shares(kind).tolist(),
        "skew": {regime: skew(kind, regime).tolist() for regime in own},
    }


def block(measure: str, values: list[dict[str, Any]], interval: str | None = "one seed: by hand", **params: Any) -> Any:
    return {
        "measure": measure,
        "version": 1,
        "unit": "share",
        "params": params,
        "interval": interval,
        "values": values,
    }


def number(value: float, half: float | None = 0.01, **by: str) -> dict[str, Any]:
    told: dict[str, Any] = {"by": by} if by else {}
    told["value"] = float(value)
    return told if half is None else told | {"low": float(value - half), "high": float(value + half)}


def metrics(kind: Kind, regimes: tuple[str, ...], change: Callable[[Kind, list[Any]], None] | None) -> dict[str, Any]:
    rng, languages, labels = kind.rng, LANGUAGES[kind.data], LABELS[kind.data]
    own = sorted(regimes) if kind.regime == "balanced" else [kind.regime]
    pairs = [(language, label) for language in languages for label in labels]
    sets = ("positive", "negative", "neutral")
    predicted = rng.dirichlet(np.ones(len(labels)), len(languages))
    blocks = [
        block("accuracy", [number(0.5 + 0.1 * rng.random())]),
        block("accuracy_difference", [number(-0.05 + 0.01 * rng.normal())], reference="r"),
        block(
            "prediction_share",
            [
                number(predicted[row, column], None, language=language, label=label)
                for row, language in enumerate(languages)
                for column, label in enumerate(labels)
            ],
            None,
        ),
        block("skew_uptake", [number(rng.normal(), skew=name) for name in own], skew=own),
        *[
            block("leakage", [number(0.3 + 0.5 * rng.random())], probe=probe, corpus=corpus, vectors=vectors)
            for probe in ("paper", "default")
            for corpus in ("test", "probe")
            for vectors in ("cls", "pooler")
        ],
        block("compression", [number(2 + rng.random())], probe="online", corpus="probe", vectors="cls"),
        *[
            block(
                "set_share",
                [number(share, set=name) for name, share in zip(sets, (0.2, 0.2, 0.6), strict=True)],
                threshold=t,
            )
            for t in (0.001, 0.01, 0.05)
        ],
    ]
    if kind.regime == "balanced":
        drifts = [number(rng.normal(), language=a, label=c, set=s, term="placebo") for a, c in pairs for s in sets]
        blocks += [block("drift", drifts, threshold=0.01)]
    else:
        drifts = [number(rng.normal(), language=a, label=c, set=s) for a, c in pairs for s in sets]
        blocks += [
            block("drift", drifts, threshold=0.01),
            block("base_difference", [number(rng.normal(), language=a, label=c) for a, c in pairs]),
            block("neutral_uptake", [number(0.2 + 0.01 * rng.normal(), skew=kind.regime)], threshold=0.01, skew=own),
            block("neutral_drift", [number(rng.normal())], threshold=0.01),
        ]
    if change:
        change(kind, blocks)
    return {"schema": 1, "cell": kind.id, "measures": blocks}


def write_cells(
    folder: Path,
    kinds: list[Kind],
    regimes: tuple[str, ...] = ("imbalanced",),
    change: Callable[[Kind, list[Any]], None] | None = None,
) -> Path:
    for kind in kinds:
        cell = folder / "cells" / kind.id
        write_json(cell / "spec.json", spec(kind, regimes))
        if kind.state == "failed":
            write_json(cell / "failure.json", {"stage": "train", "kind": "OutOfMemory", "message": "no room"})
        if kind.state != "done":
            continue
        for stage in STAGES:
            write_json(cell / stage / "manifest.json", {})
        rows = np.rint(1200 * shares(kind)).astype(int)
        even = np.full_like(rows, 40)
        counts = {"train": rows, "validation": rows // 10, "test": even}
        write_json(cell / "data" / "counts.json", {split: table.tolist() for split, table in counts.items()})
        write_json(cell / "metrics.json", metrics(kind, regimes, change))
    return folder


def grid(base: Kind, seeds: tuple[int, ...] = (0, 1, 2), setups: tuple[tuple[str, str], ...] = SETUPS) -> list[Kind]:
    return [replace(base, regime=r, weighting=w, seed=s) for r, w in setups for s in seeds]


TASKS = ("amazon_reviews", "xnli")
COMPLETE = [
    *[kind for task in TASKS for kind in grid(Kind(task))],
    *[kind for task in TASKS for kind in grid(Kind(task, entropy="paper"))],
    *[kind for task in TASKS for kind in grid(Kind(task, "xlm-r", entropy="paper"))],
]


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return replication([write_cells(tmp_path_factory.mktemp("complete"), COMPLETE)], {})


def tables(page: Page) -> Iterator[Table]:
    for section in page.sections:
        for part in section.parts:
            yield part.numbers if isinstance(part, Figure) else part


def find(page: Page, caption: str) -> Table:
    named = list(tables(page))
    found = [table for table in named if table.caption == caption] or [
        t for t in named if t.caption.startswith(caption)
    ]
    assert len(found) == 1, [table.caption for table in tables(page)]
    return found[0]


def entry(table: Table, row: tuple[str, ...], column: str, group: str = "") -> Entry:
    place = [n for n, heading in enumerate(table.headings) if (heading.group, heading.name) == (group, column)]
    found = [entries for entries in table.rows if tuple(one.text for one in entries[: len(row)]) == row]
    assert len(place) == 1, [(heading.group, heading.name) for heading in table.headings]
    assert len(found) == 1, [[one.text for one in entries] for entries in table.rows]
    return found[0][place[0]]


def measured(kind: Kind, measure: str, by: dict[str, str] | None = None, **params: Any) -> float:
    for found in metrics(kind, ("imbalanced",), None)["measures"]:
        if found["measure"] == measure and params.items() <= found["params"].items():
            for value in found["values"]:
                if value.get("by", {}) == (by or {}):
                    return float(value["value"])
    raise AssertionError(measure)


def t_interval(values: list[float]) -> tuple[float, float]:
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    return float(low), float(high)


# The paper's numbers


def test_the_papers_numbers_are_consistent() -> None:
    number_of = {table: sum(row["table"] == table for row in published.rows()) for table in ("3", "4", "5", "6", "7")}
    assert number_of == {"3": 6, "4": 12, "5": 6, "6": 6, "7": 12}
    for table in ("1a", "1b", "2a", "2b"):
        for group in published.groups(table):
            row = [
                published.published(table, languages="+".join(group), label=label) for label in published.labels(table)
            ]
            assert sum(one.number for one in row if one) == pytest.approx(100, abs=0.15), (table, group)


def test_the_papers_skew_uptakes() -> None:
    # By hand from Table 2b: French 32.8, 39.0, 28.1 and English 23.1, 35.8, 41.1; d = +-1/6 for the outer labels.
    french, english = np.array([32.8, 39.0, 28.1]), np.array([23.1, 35.8, 41.1])
    by_hand = (french[0] / 99.9 - french[2] / 99.9 - english[0] / 100 + english[2] / 100) / 4 * 6
    assert published.paper_uptake("XNLI") == pytest.approx(by_hand, abs=0.001)
    assert round(published.paper_uptake("XNLI"), 2) == 0.34
    assert round(published.paper_uptake("Amazon reviews"), 2) == 0.36


def test_every_number_of_the_paper_stands_on_the_page(complete: Page) -> None:
    shown = {
        heading_and_text
        for table in tables(complete)
        for entries in table.rows
        for heading, one in zip(table.headings, entries, strict=True)
        if heading.kind == "paper"
        for heading_and_text in [(re.sub(r"\D.*", "", table.caption.removeprefix("Table ")), one.text)]
    }
    for row in published.rows():
        if row["table"] != "A.4":
            assert (row["table"][0], row["value"]) in shown, row
    inventory = find(complete, "Numbers and plots")
    for what, papers, here in inventory.rows:
        if papers.text != "-":
            assert papers.text == here.text, what
        else:
            assert here.text == "4 of 4 plots drawn", what
    assert [row[1].text for row in inventory.rows if row[0].text.startswith("Table")] == [
        *("10", "6", "10", "6", "6", "12", "6", "6", "12")
    ]


# Numbers


def test_accuracy_and_its_difference(complete: Page) -> None:
    table = find(complete, "Table 3")
    values = [measured(Kind(seed=seed), "accuracy") for seed in (0, 1, 2)]
    low, high = (end - 0.783 for end in t_interval(values))
    assert entry(table, ("Imbalanced",), "paper", "XNLI").text == "0.783"
    assert entry(table, ("Imbalanced",), "here (seeds)", "XNLI").text == f"{np.mean(values):.3f} (3)"
    difference = entry(table, ("Imbalanced",), "difference", "XNLI").text
    assert difference.startswith(f"{np.mean(values) - 0.783:+.3f} ({low:+.3f} to {high:+.3f})")
    other = [measured(Kind(model="xlm-r", entropy="paper", seed=seed), "accuracy") for seed in (0, 1, 2)]
    xlmr = find(complete, "Table 6")
    assert entry(xlmr, ("Imbalanced",), "here (seeds)", "XNLI").text == f"{np.mean(other):.3f} (3)"


@pytest.mark.parametrize(
    ("table", "kind", "vectors"),
    [("Table 4", Kind(), "pooler"), ("Table 7", Kind(model="xlm-r", entropy="paper"), "cls")],
)
def test_language_identification(complete: Page, table: str, kind: Kind, vectors: str) -> None:
    for column, corpus in (("Original", "test"), ("Wikipedia", "probe")):
        for heading, probe in (("here (seeds)", "paper"), ("here, C = 1 (seeds)", "default")):
            params = {"probe": probe, "corpus": corpus, "vectors": vectors}
            values = [measured(replace(kind, seed=seed), "leakage", **params) for seed in (0, 1, 2)]
            found = entry(find(complete, table), ("XNLI", "Imbalanced"), heading, column)
            assert found.text == f"{np.mean(values):.3f} (3)"


def test_a_dagger_marks_what_one_more_run_would_not_give(tmp_path: Path) -> None:
    accuracies = {0: 0.79, 1: 0.80, 2: 0.81}

    def change(kind: Kind, blocks: list[Any]) -> None:
        shift = {"balanced": 0.01, "imbalanced": 0.04}[kind.regime]  # the paper: 0.810 and 0.783
        blocks[0]["values"] = [number(accuracies[kind.seed] + shift)]

    page = replication([write_cells(tmp_path, grid(Kind()), change=change)], {})
    half = stats.t.ppf(0.975, 2) * 0.01 * np.sqrt(1 + 1 / 3)
    assert abs(0.810 - 0.81) < half < abs(0.783 - 0.84)  # what the marks below say
    table = find(page, "Table 3")
    assert "†" not in entry(table, ("Balanced",), "difference", "XNLI").text
    assert entry(table, ("Imbalanced",), "difference", "XNLI").text.endswith("†")
    assert any(note.startswith("†") for note in table.notes)


def test_training_shares_and_rows(complete: Page) -> None:
    table = find(complete, "Table 1a")
    for label, share in zip(STARS, DOWN, strict=True):
        assert entry(table, ("DE, EN, ZH",), "here", f"{label}, %").text == f"{100 * share:.1f}"
    five = find(complete, "Table 5")
    assert entry(five, ("Train",), "here", "Amazon reviews").text == "7,200"
    assert entry(five, ("Test",), "here", "XNLI").text == "240"
    assert entry(five, ("Train",), "difference", "Amazon reviews").text == "-711,800"


def test_predicted_shares_are_the_mean_over_the_group(complete: Page) -> None:
    values = []
    for seed in (0, 1, 2):
        kind = Kind("amazon_reviews", seed=seed)
        found = [measured(kind, "prediction_share", {"language": own, "label": "5"}) for own in ("fr", "es", "ja")]
        values.append(100 * float(np.mean(found)))
    table = find(complete, "Table 2a")
    low, high = (end - 25.8 for end in t_interval(values))
    assert entry(table, ("FR, ES, JA",), "here", "5, %").text == f"{np.mean(values):.1f} (3)"
    difference = f"{np.mean(values) - 25.8:+.1f} ({low:+.1f} to {high:+.1f})"
    assert entry(table, ("FR, ES, JA",), "difference", "5, %").text == difference


def test_claims_are_paired_by_seed(complete: Page) -> None:
    table = find(complete, "The paper's claims: XNLI (recipe=paper), mBERT")
    params = {"probe": "paper", "corpus": "test", "vectors": "pooler"}
    gains = [
        measured(Kind(seed=seed), "leakage", **params)
        - measured(Kind(regime="balanced", seed=seed), "leakage", **params)
        for seed in (0, 1, 2)
    ]
    low, high = t_interval(gains)
    row = ("languages separate", "language ID, test set, less balanced")
    assert entry(table, row, "paper").text == "+0.313"  # 0.928 - 0.615
    estimate = f"{np.mean(gains):+.3f} ({low:+.3f} to {high:+.3f}), n 3"
    assert entry(table, row, "here", "full fine-tuning").text == estimate
    follow = ("predictions follow the skew", "skew uptake")
    assert entry(table, follow, "paper").text == "+0.34"
    # Published are the uptakes of mBERT alone, and without the loss.
    others = [
        other for other in tables(complete) if other.caption.startswith("The paper's claims: XNLI") and other != table
    ]
    assert len(others) == 2
    assert all(entry(other, follow, "paper").text == "-" for other in others)


def test_verdicts(tmp_path: Path) -> None:
    def change(kind: Kind, blocks: list[Any]) -> None:
        for found in blocks:
            if found["measure"] == "accuracy_difference":
                found["values"] = [number(0.05 + 0.001 * kind.seed)]  # rises: contrary
            if found["measure"] == "skew_uptake":
                found["values"] = [number(0.5 + 0.001 * kind.seed, skew="imbalanced")]
            if found["measure"] == "neutral_uptake":
                found["values"] = [number(0.2 * (-1) ** kind.seed, skew="imbalanced")]

    folder = write_cells(tmp_path / "several", grid(Kind()), change=change)
    table = find(replication([folder], {}), "The paper's claims")
    told = {row[1].text: row[4].text for row in table.rows}
    assert told["accuracy less balanced"] == "contrary"
    assert told["skew uptake"] == "holds"
    assert told["neutral uptake"] == "cannot be told"
    one = replication([write_cells(tmp_path / "one", grid(Kind(), (0,)), change=change)], {})
    assert {row[1].text: row[4].text for row in find(one, "The paper's claims").rows}[
        "skew uptake"
    ] == "holds, one seed"


def test_the_balanced_model_is_set_against_the_same_skew(tmp_path: Path) -> None:
    setups = (*SETUPS, ("switched", "none"))

    def change(kind: Kind, blocks: list[Any]) -> None:
        uptakes = {"imbalanced": 0.1, "switched": -0.1} if kind.regime == "balanced" else {kind.regime: 0.7}
        blocks[3]["values"] = [number(uptake, skew=name) for name, uptake in uptakes.items()]

    folder = write_cells(tmp_path, grid(Kind(), (0,), setups), ("imbalanced", "switched"), change)
    page = replication([folder], {})
    row = ("predictions follow the skew", "skew uptake less balanced")
    switched = find(page, "The paper's claims: XNLI, mBERT, switched")
    assert entry(switched, row, "here", "full fine-tuning").text.startswith("+0.80 ")
    assert entry(switched, row, "paper").text == "-"
    imbalanced = find(page, "The paper's claims: XNLI, mBERT, imbalanced")
    # One seed: both errors, of 0.01 each, in quadrature.
    assert entry(imbalanced, row, "here", "full fine-tuning").text == "+0.60 (+0.59 to +0.61), n 1"
    three = find(page, "Table 3")
    assert entry(three, ("Switched (not in the paper)",), "paper", "XNLI").text == "-"
    assert "One seed: the interval is over texts" in " ".join(three.notes)


def test_base_values_with_and_without_the_loss(complete: Page) -> None:
    table = find(complete, "Appendix A.3")
    for loss, entropy in (("without", ""), ("with (as in the code)", "paper")):
        sizes = []
        for seed in (0, 1, 2):
            kind = Kind(entropy=entropy, seed=seed)
            own = [measured(kind, "base_difference", {"language": a, "label": "entailment"}) for a in ("en", "fr")]
            sizes.append(float(np.mean(np.abs(own))))
        row = ("XNLI", "mBERT", "full fine-tuning", "Imbalanced", loss)
        found = entry(table, row, "first label", "mean size of the difference")
        assert found.text == f"{np.mean(sizes):.3f} (3)"


def test_bars_and_placebo(complete: Page) -> None:
    figures = {figure.name: figure for figure in complete.figures}
    assert {"figure_1", "figure_2", "figure_3"} <= figures.keys()
    for name, kind in (
        ("figure_1", Kind("amazon_reviews")),
        ("figure_2", Kind("amazon_reviews", "xlm-r", entropy="paper")),
        ("figure_3", Kind("amazon_reviews", entropy="paper")),
    ):
        rows = figures[name].chart.rows
        assert [[plot.title[:3] for plot in row] for row in rows] == [["(a)", "(b)"], ["(c)", "(d)"]]
        assert [panel.label for panel in rows[0][0].panels] == ["1", "5"]
        assert [panel.label for panel in rows[1][1].panels] == ["entailment", "contradiction"]
        by = {"language": "ja", "label": "5", "set": "neutral"}
        bar = rows[0][0].panels[1].bars["ja"]["neutral"]
        values = [measured(replace(kind, seed=seed), "drift", by, threshold=0.01) for seed in (0, 1, 2)]
        assert bar.number.value == pytest.approx(np.mean(values))
        # The error over texts, +-0.01 in each seed, is added in quadrature to that over seeds.
        of_seeds, of_texts = np.var(values, ddof=1) / 3, (0.01 / 1.959964) ** 2
        quantiles = stats.t.ppf(0.975, 2) * of_seeds + stats.t.ppf(0.975, 39) * of_texts
        assert bar.number.high is not None
        assert bar.number.high - np.mean(values) == pytest.approx(quantiles / np.sqrt(of_seeds + of_texts))
        chance = [
            abs(
                measured(replace(kind, regime="balanced", seed=seed), "drift", by | {"term": "placebo"}, threshold=0.01)
            )
            for seed in (0, 1, 2)
        ]
        assert bar.placebo == pytest.approx(np.mean(chance))
        assert rows[0][0].panels[1].skew["ja"] > 0 > rows[0][0].panels[1].skew["de"]


def test_a_single_seed_has_an_interval_over_test_rows(tmp_path: Path) -> None:
    kind, group = synthetic.Kind("imbalanced", tilt=3.0), ("fr", "es", "ja")
    folder = synthetic.write_grid(tmp_path, [kind], rows=900, explained=0) / "cells" / kind.id
    rows = read_predictions(folder / "predict" / "predictions.parquet", 5)
    hit = (rows.predicted == 4).astype(float)
    shares = {own: float(hit[rows.language == own].mean()) for own in group}
    told = block(
        "prediction_share", [number(share, None, language=own, label="5") for own, share in shares.items()], None
    )
    write_json(folder / "metrics.json", {"schema": 1, "cell": kind.id, "measures": [told]})
    cell = read_results(tmp_path).cells[kind.id]
    found = PredictedShare(group, "5", True)(cell)
    assert found.value == pytest.approx(np.mean(list(shares.values())))
    # Groups of rows are drawn whole: the error is the root of the sum of their squared influences.
    influence: dict[str, float] = {}
    for name, own, one in zip(rows.group, rows.language, hit, strict=True):
        if own in group:
            influence[name] = influence.get(name, 0) + (one - shares[own]) / (rows.language == own).sum() / 3
    error = np.sqrt(sum(part**2 for part in influence.values()))
    assert found.high is not None
    assert found.high - found.value == pytest.approx(1.96 * error, rel=0.08)
    assert PredictedShare(group, "5", False)(cell).high is None


@settings(deadline=None)
@given(st.floats(-2, 2), st.floats(0, 1), st.sampled_from([1, -1]), st.integers(1, 5))
def test_a_verdict_and_bold_type_agree_with_the_interval(middle: float, half: float, sign: int, seeds: int) -> None:
    got = Got(Number(middle, middle - half, middle + half, "t", seeds), planned=seeds)
    told, difference = verdict(got, sign), ranged(got)
    clear = middle - half > 0 or middle + half < 0
    assert (difference.tone == "clear") == clear == (told.tone in ("holds", "contrary"))
    if clear:
        assert told.text.startswith("holds" if middle * sign > 0 else "contrary")
    assert not re.search(r"-0\.0+(?![0-9])", difference.text)


# What is missing


def test_what_is_missing_is_named_with_its_reason(tmp_path: Path) -> None:
    kinds = [
        *grid(Kind(), (0, 1), (("balanced", "none"),)),
        Kind(state="failed"),
        Kind(weighting="per_language", state="planned"),
    ]
    page = replication([write_cells(tmp_path, kinds)], {})
    table = find(page, "Table 3")
    assert entry(table, ("Imbalanced",), "here (seeds)", "XNLI").text == "failed"
    assert entry(table, ("Imbalanced + CW",), "here (seeds)", "XNLI").text == "not run"
    assert entry(table, ("Balanced",), "here (seeds)", "Amazon reviews").text == "not in the grid"
    notes = " ".join(table.notes)
    assert "XNLI, Imbalanced: failed in train (OutOfMemory): no room." in notes
    assert "XNLI, Imbalanced + CW: not run yet." in notes
    assert "no such task and model in these results" in notes
    figures = [section for section in page.sections if section.title.startswith("Figure")]
    assert "nothing of it is measured yet" in " ".join(figures[0].text)
    assert "no such model" in " ".join(figures[1].text)
    assert not page.figures
    six = find(page, "Table 6")
    assert {one.text for row in six.rows for one in row if one.tone == "missing"} == {"not in the grid", "-"}


def test_some_seeds_missing_are_counted(tmp_path: Path) -> None:
    kinds = [*grid(Kind(), (0, 1)), *[replace(kind, state="planned") for kind in grid(Kind(), (2,))]]
    table = find(replication([write_cells(tmp_path, kinds)], {}), "Table 3")
    assert entry(table, ("Imbalanced",), "here (seeds)", "XNLI").text.endswith("(2 of 3)")
    assert any("1 of 3 seeds missing: not run yet" in note for note in table.notes)


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    with pytest.raises(UserError, match="nothing to set beside the paper"):
        replication([tmp_path], {})


# Several folders, stand-ins, what the paper does not have


def test_several_folders_are_one(tmp_path: Path, complete: Page) -> None:
    done = [kind for kind in COMPLETE if kind.model == "mbert"]
    others = [kind for kind in COMPLETE if kind.model == "xlm-r"]
    planned = [replace(kind, state="planned") for kind in done]
    # The cells of the second folder are further along than the same cells of the first.
    folders = [write_cells(tmp_path / "one", [*planned, *others]), write_cells(tmp_path / "two", done)]
    assert markdown(replication(folders, {}), pictures=False) == markdown(complete, pictures=False)


def test_stand_ins_are_named_at_the_top_and_in_every_caption(tmp_path: Path) -> None:
    kinds = grid(Kind("my_nli", "toy", like="xnli"))
    folder = write_cells(tmp_path, kinds)
    page = replication([folder], {"my_nli": "xnli", "toy": "mbert"})
    assert "my_nli in place of XNLI and toy in place of mBERT" in page.warnings[0]
    table = find(page, "Table 3")
    assert "stand-in: my_nli in place of XNLI, toy in place of mBERT" in table.caption
    values = [measured(replace(kinds[3], seed=seed), "accuracy") for seed in (0, 1, 2)]
    assert entry(table, ("Imbalanced",), "here (seeds)", "XNLI: my_nli").text == f"{np.mean(values):.3f} (3)"
    assert not any("†" in one.text for own in tables(page) for row in own.rows for one in row)
    for own in tables(page):
        if own.caption.startswith(("Table", "Appendix", "The paper's")) and "my_nli" in str(own):
            assert "stand-in" in own.caption
    without = replication([folder], {})
    assert not without.warnings
    beyond = find(without, "As Tables 3 and 4")
    assert entry(beyond, ("my_nli", "full fine-tuning", "Imbalanced"), "here (seeds)", "accuracy").text.endswith("(3)")
    assert not any(heading.kind == "paper" for heading in beyond.headings)


def test_a_stand_in_with_other_labels_has_a_table_of_its_own(tmp_path: Path) -> None:
    page = replication([write_cells(tmp_path, grid(Kind("my_nli", like="xnli")))], {"my_nli": "amazon_reviews"})
    papers, here = [table for table in tables(page) if table.caption.startswith("Table 1a")]
    assert [one.text for one in papers.rows[0]] == ["FR, ES, JA", "6.6", "13.3", "20.0", "26.7", "33.3"]
    assert [[one.text for one in row] for row in here.rows] == [
        ["EN", "16.7", "33.3", "50.0"],
        ["FR", "50.0", "33.3", "16.7"],
    ]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"nli": "xnli"}, "the results have no task 'nli'"),
        ({"mbert": "xlm"}, "the paper has no task or model 'xlm'"),
        ({"xnli": "mbert"}, "the results have no model 'xnli'"),
    ],
)
def test_wrong_stand_ins(tmp_path: Path, named: dict[str, str], message: str) -> None:
    folder = write_cells(tmp_path, [Kind()])
    with pytest.raises(UserError, match=message):
        replication([folder], named)


def test_other_methods_and_recipes_stand_apart(tmp_path: Path) -> None:
    kinds = [*grid(Kind()), *grid(Kind(method="lora")), *grid(Kind(entropy="text"))]
    page = replication([write_cells(tmp_path, kinds)], {})
    beyond = find(page, "As Tables 3 and 4, not in the paper: mBERT")
    values = [measured(Kind(method="lora", seed=seed), "accuracy_difference") for seed in (0, 1, 2)]
    low, high = t_interval(values)
    found = entry(beyond, ("XNLI", "LoRA", "Imbalanced"), "less balanced", "accuracy")
    assert found.text == f"{np.mean(values):+.3f} ({low:+.3f} to {high:+.3f})"
    assert {figure.name for figure in page.figures} == {"figure_1", "figure_3", "figure_mbert_lora_imbalanced"}
    three = find(page, "Table 3")
    assert any("without the masked-input entropy loss" in note for note in three.notes)
    assert len([heading for heading in three.headings if heading.kind == "paper"]) == 2


def test_two_readings_of_one_table_stand_beside_each_other(tmp_path: Path) -> None:
    def change_spec(folder: Path) -> None:
        for path in folder.glob("cells/*/spec.json"):
            told = read_json(path)
            told["id"] += "-text"
            told |= {"recipe": "paper-text", "group": told["group"] + " text"}
            told["canonical"]["recipe"] = {"final_rate": 0.0}
            write_json(path, told)
            measures = read_json(path.parent / "metrics.json") | {"cell": told["id"]}
            measures["measures"][0]["values"] = [number(0.9 + 0.01 * told["seed"])]
            write_json(path.parent / "metrics.json", measures)
            path.parent.rename(path.parent.with_name(told["id"]))

    folders = [write_cells(tmp_path / name, grid(Kind())) for name in ("code", "text")]
    change_spec(folders[1])
    page = replication(folders, {})
    table = find(page, "Table 3")
    values = [measured(Kind(seed=seed), "accuracy") for seed in (0, 1, 2)]
    found = entry(table, ("Imbalanced",), "here (seeds)", "XNLI (recipe=paper)")
    assert found.text == f"{np.mean(values):.3f} (3)"
    assert entry(table, ("Imbalanced",), "here (seeds)", "XNLI (recipe=paper-text)").text == "0.910 (3)"
    assert (table.published, table.matched) == (6, 3)
    # One figure a recipe, and each holds all tasks that have it, also a task that has no other.
    reviews = write_cells(tmp_path / "reviews", grid(Kind(task="amazon_reviews")))
    drawn = [figure for figure in replication([*folders, reviews], {}).figures if figure.name.startswith("figure_1")]
    titles = [[row[0].title for row in figure.chart.rows] for figure in drawn]
    assert titles == [["(a) Amazon reviews, imbalanced", "(c) XNLI, imbalanced"], ["(a) XNLI, imbalanced"]]
    assert [figure.chart.title.split(", recipe ")[1] for figure in drawn] == ["paper", "paper-text"]


def test_two_models_of_one_figure_are_named(tmp_path: Path) -> None:
    folder = write_cells(tmp_path, [*grid(Kind()), *grid(Kind(model="small"))])
    page = replication([folder], {"small": "mbert"})
    (drawn,) = [figure for figure in page.figures if figure.name == "figure_1"]
    titles = [row[0].title for row in drawn.chart.rows]
    assert titles == ["(a) XNLI (mBERT), imbalanced", "(c) XNLI (small), imbalanced"]
    groups = {heading.group for heading in find(page, "Table 3").headings if heading.kind == "here"}
    assert {"XNLI (mBERT)", "XNLI (small)"} <= groups


def test_what_a_figure_lacks_is_said(tmp_path: Path) -> None:
    """A task without attributions is counted, and a recipe without any has a sentence."""

    def change(kind: Kind, blocks: list[Any]) -> None:
        if kind.task == "amazon_reviews" or kind.entropy:
            blocks[:] = [one for one in blocks if "drift" not in one["measure"] and one["measure"] != "base_difference"]

    kinds = [*grid(Kind()), *grid(Kind(task="amazon_reviews"))]
    page = replication([write_cells(tmp_path / "one", kinds, change=change)], {})
    counted = next(row for row in find(page, "Numbers and plots").rows if row[0].text.startswith("Figure 1"))
    assert counted[2].text == "2 of 4 plots drawn"
    other = [*grid(Kind(model="xlm-r", entropy="paper")), *grid(Kind(model="xlm-r", entropy="text"))]
    page = replication([write_cells(tmp_path / "two", other, change=change)], {})
    section = next(section for section in page.sections if section.title == "Figure 2")
    assert not section.parts
    assert section.text[0].endswith(": nothing of it is measured yet.")


def test_figures_of_one_regime_have_names_and_captions_of_their_own(tmp_path: Path) -> None:
    setups = (("balanced", "none"), ("switched", "none"))
    kinds = [*grid(Kind(), setups=setups), *grid(Kind(task="mine", like="xnli"), setups=setups)]
    page = replication([write_cells(tmp_path, kinds)], {})
    captions = [figure.chart.title for figure in page.figures]
    assert len(captions) == len(set(captions)) == 1
    assert [figure.name for figure in page.figures] == ["figure_mbert_full_switched"]
    assert [row[0].title for row in page.figures[0].chart.rows] == ["(a) mine, switched", "(c) XNLI, switched"]


def test_the_untuned_model_has_a_row(tmp_path: Path) -> None:
    folder = write_cells(tmp_path, grid(Kind()))
    cell = folder / "cells" / "bare"
    told = spec(Kind(), ()) | {"id": "bare", "method": "untuned", "regime": None, "weighting": None, "seed": None}
    write_json(cell / "spec.json", told)
    write_json(cell / "features" / "manifest.json", {})
    leaks = [block("leakage", [number(0.95)], probe="paper", corpus="test", vectors="pooler")]
    write_json(cell / "metrics.json", {"schema": 1, "cell": "bare", "measures": leaks})
    table = find(replication([folder], {}), "Table 4")
    row = ("XNLI", "Before fine-tuning (not in the paper)")
    assert entry(table, row, "here (seeds)", "Original").text == "0.950"
    assert entry(table, row, "here (seeds)", "Wikipedia").text == "missing"
    assert any(note.startswith("XNLI, before fine-tuning: not measured") for note in table.notes)


# Writing


class Reader(HTMLParser):
    """Checks that tags are closed in order, and gathers attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


HOSTILE = '<script>alert(1)</script> | "x" `y` [z](http://z) $\\frac$'


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    page = replication([write_cells(tmp_path, grid(Kind(HOSTILE, HOSTILE, like="xnli"), (0,)))], {HOSTILE: "xnli"})
    text = html(page)
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    assert "script" not in reader.tags
    assert all(source.startswith(("data:image/svg+xml", "#")) for source in reader.sources)
    assert "&lt;script&gt;" in text
    lines = markdown(page, pictures=True).splitlines()
    assert not [line for line in lines if "<" in line or re.search(r"(?<!\\)\[z", line)]
    for first, second in pairwise(lines):
        if second.startswith("| ---"):
            width = len(re.findall(r"(?<!\\)\|", second))
            assert len(re.findall(r"(?<!\\)\|", first)) == width
    files = write(page, tmp_path / "out")
    assert all(re.fullmatch(r"[a-z0-9_-]+\.(md|html|png|pdf)", path.name) for path in files)


def test_the_html_has_captions_and_scopes(complete: Page) -> None:
    text = html(complete)
    reader = Reader()
    reader.feed(text)
    assert not reader.open
    assert reader.tags.count("table") == reader.tags.count("caption") == len(list(tables(complete)))
    assert reader.tags.count("img") == len(complete.figures)
    assert not re.search(r"<th(?! scope=)[ >]", text)
    assert "http" not in re.sub(r"data:image[^\"]*", "", text)


def test_the_command(tmp_path: Path) -> None:
    folder = write_cells(tmp_path / "results", grid(Kind(), (0, 1)))
    runner = CliRunner()
    printed = runner.invoke(app, ["replicate", str(folder)])
    assert printed.exit_code == 0, printed.output
    assert "**Table 3: test set accuracy for mBERT**" in printed.output
    assert ".png" not in printed.output
    out = tmp_path / "page"
    assert runner.invoke(app, ["replicate", str(folder), "--out", str(out)]).exit_code == 0
    names = {path.name for path in out.iterdir()}
    assert names == {"replication.md", "replication.html", "figure_1.png", "figure_1.pdf"}
    assert (out / "figure_1.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "figure_1.pdf").read_bytes().startswith(b"%PDF")
    assert "(figure_1.png)" in (out / "replication.md").read_text()
    wrong = runner.invoke(app, ["replicate", str(folder), "--stand-in", "umsab"])
    assert isinstance(wrong.exception, UserError)
    assert "umsab=amazon_reviews" in str(wrong.exception)
