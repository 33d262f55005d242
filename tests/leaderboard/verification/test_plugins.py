"""Numbers of plug-ins: computed again with the plug-in that made them, and a gap without it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.board import board
from leaderboard.measuring import measure as measuring
from leaderboard.measuring.measure import measure
from leaderboard.publishing.card import data_card
from leaderboard.publishing.model_card import model_card
from leaderboard.reading.store import read_results
from leaderboard.verification import numbers
from leaderboard.verification.findings import Findings
from leaderboard.verification.published import check_published
from leaderboard.verification.verify import _board
from tests.leaderboard.measuring.plugged import Register, register, unregister
from tests.leaderboard.verification.whole import edit_json, folder_of

__all__ = ["register", "unregister"]


def hits(rows: Any) -> float:
    """Share that is right."""
    return float((rows.predicted == rows.label).mean())


@pytest.fixture
def plugged(copy: Path, register: Register, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plug-in's numbers; those of the suite are left alone."""
    register("hits", hits, better="higher", resamples=40)
    whole = {path: json.loads(path.read_text())["measures"] for path in copy.glob("cells/*/metrics.json")}
    with monkeypatch.context() as patched:
        patched.setattr(measuring, "jobs", lambda *_: iter(()))
        measure(copy)
    for path, own in whole.items():
        edit_json(path, measures=own + [one for one in json.loads(path.read_text())["measures"] if "plugin" in one])
    monkeypatch.setattr(numbers, "jobs", lambda *_: iter(()))
    return copy


def check(results: Path) -> Findings:
    found = read_results(results)
    cell = found.cells[folder_of(results, "imbalanced").name]
    findings = Findings(cell.spec.id)
    plugin = [block for block in cell.metrics.measures if block.plugin]
    cell.__dict__["metrics"] = cell.metrics.model_copy(update={"measures": plugin})
    numbers.check_numbers(found, cell, findings)
    return findings


def test_the_plug_in_that_made_a_number_makes_it_again(plugged: Path) -> None:
    findings = check(plugged)
    assert (findings.faults, findings.gaps) == ([], [])
    assert findings.recomputed == {"hits": 1}


def test_a_changed_number_is_a_fault(plugged: Path) -> None:
    path = folder_of(plugged, "imbalanced") / "metrics.json"
    told = json.loads(path.read_text())
    block = next(one for one in told["measures"] if one["measure"] == "hits")
    block["values"][0]["value"] += 0.01
    path.write_text(json.dumps(told))
    (note,) = check(plugged).faults
    assert note.text.startswith("hits: recorded")


def test_without_the_plug_in_or_with_another_it_is_a_gap(
    plugged: Path, register: Register, unregister: Callable[[str], None]
) -> None:
    register("hits", hits, "cd34")
    (note,) = check(plugged).gaps
    assert note.text == (
        "the measure 'hits' needs the plug-in mine.py (ab12), and here is mine.py (cd34), so its numbers were not "
        "computed again"
    )
    unregister("hits")
    findings = check(plugged)
    (note,) = findings.gaps
    assert "needs the plug-in mine.py (ab12), which is not here (name it with --plugin), so" in note.text
    assert findings.faults == []


def test_a_plug_in_that_is_here_and_was_not_used_is_no_gap(plugged: Path, register: Register) -> None:
    register("other", hits)
    assert check(plugged).gaps == []


def test_boards_that_were_written_with_fewer_columns_are_a_gap(plugged: Path, copy: Path) -> None:
    results = read_results(copy)
    _, found = _board(results, {})
    fewer = board(copy)
    text = fewer.to_csv().splitlines()
    kept = [place for place, name in enumerate(text[0].split(",")) if not name.startswith(("hits", "rate_body"))]
    (copy / "board.csv").write_text("".join(",".join(line.split(",")[place] for place in kept) + "\n" for line in [
        text[0]
    ]))  # fmt: skip
    told = json.loads(fewer.to_json())
    told["units"].pop("hits")
    for row in told["rows"]:
        row.pop("learning_rate")
        for part in ("numbers", "untuned", "against_reference", "groups"):
            row[part].pop("hits", None)
    (copy / "board.json").write_text(json.dumps(told))
    findings = Findings("")
    check_published(copy, found, findings)
    gaps = {note.file: note.text for note in findings.gaps}
    assert gaps["board.json"] == "has no column 'hits' and 1 more; boards of earlier versions have fewer"
    assert gaps["board.csv"].startswith("has no column 'rate_body'")
    assert [note.text for note in findings.faults if note.file == "board.json"] == []


def test_cards_name_plug_ins(plugged: Path) -> None:
    results = read_results(plugged)
    told = data_card("me/data", results, board(plugged), {})
    assert "- plug-in: the measure `hits` of `mine.py (ab12)`, which is not part of polyskew" in told
    path = folder_of(plugged, "imbalanced") / "spec.json"
    plugin = {"kind": "method", "name": "full", "package": "skews", "version": "1.2", "sha256": "ef56"}
    edit_json(path, plugins=[plugin], learning_rate="x3")
    results = read_results(plugged)
    told = data_card("me/data", results, board(plugged), {})
    assert "the method `full` of `skews 1.2 (ef56)`" in told
    assert "learning rates, beside the methods' own: `x3`" in told
    cell = results.cells[folder_of(plugged, "imbalanced").name]
    told = model_card("me/model", cell, results, adapter=False)
    assert "the method `full` of the plug-in `skews 1.2 (ef56)`" in told
    assert "learning rate `x3`" in told
    assert "| `hits` |" in told
