"""``polyskew show CELL --text ID``: what it prints and writes, and the one sentence where the input is wrong."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmark.cli import main
from benchmark.show import show_text
from tests.leaderboard.explained_texts import row, write_cell, write_results


@pytest.fixture
def polyskew(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Call the command beside a folder ``results``: returns status, output, errors."""
    monkeypatch.chdir(tmp_path)
    write_results(Path("results"))

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["polyskew", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return call


def test_a_text_is_printed_and_written(polyskew: Any, tmp_path: Path) -> None:
    status, out, err = polyskew(
        "show", "skew", "--text", "t1", "--language", "fr", "--label", "bad", "--html", "t.html"
    )
    assert (status, err) == (0, "")
    assert "text t1 (fr) of the task tiny_reviews, true label good, mode exact" in out
    assert "values are those for the label bad" in out
    assert "Un très mauvais livre, vraiment" in out
    assert "reference: level" in out
    written = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert written.startswith('<figure class="polyskew-text"')
    assert written.endswith("</figure>\n")


def test_a_cell_is_found_by_its_folder_and_alone_it_has_no_reference(
    polyskew: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "reference: level" in polyskew("show", "results/cells/skewed", "--text", "t2")[1]
    shutil.copytree("results/cells/skewed", "mine")
    status, out, _ = polyskew("show", "mine", "--text", "t2")
    assert status == 0
    assert "shown alone: there is no reference cell" in out
    monkeypatch.chdir(tmp_path / "results" / "cells" / "skewed")
    assert "reference: level" in polyskew("show", ".", "--text", "t2")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["skewed", "--text", "t1"], "--language"),
        (["skewed", "--text", "t7"], "explains no text with the id 't7'"),
        (["skewed", "--text", "t2", "--label", "worse"], "no label 'worse'"),
        (["skewed", "--text", "t2", "--language", "de"], "not explained in 'de'"),
        (["skewed", "--text", "t2", "--html", "no/t.html"], "the folder no of the HTML file does not exist"),
        (["skewed", "--text", "t2", "--html", "results"], "results cannot be written"),
        (["skewed", "--label", "good"], "belong to a text: name it with --text ID"),
        (["skewed", "--html", "t.html"], "belong to a text: name it with --text ID"),
        (["older", "--text", "t2"], "was made by an earlier version, without 'pieces'; `polyskew run` makes it again"),
        (["nobody", "--text", "t2"], "'nobody'"),
    ],
)
def test_a_wrong_input_is_told_in_one_sentence(polyskew: Any, arguments: list[str], words: str) -> None:
    earlier = row(("t2", "ar"))
    for name in ("pieces", "second", "errors", "rows"):
        del earlier[name]
    write_cell(Path("results"), "older", [earlier], seed=7)
    status, out, err = polyskew("show", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("polyskew: ")
    assert err.count("\n") == 1
    assert words in err
    assert not list(Path().rglob("*.html"))
    assert not list(Path().rglob("*.tmp"))


@pytest.mark.parametrize(
    ("terminal", "system", "environment", "shaded"),
    [
        (True, "truecolor", {}, True),
        (True, "256", {}, True),
        (True, "standard", {}, False),
        (True, "truecolor", {"NO_COLOR": "1"}, False),
        (False, None, {}, False),
    ],
)
def test_where_colours_are_few_a_table_stands_in_their_place(
    tmp_path: Path, terminal: bool, system: Any, environment: dict[str, str], shaded: bool
) -> None:
    folder = write_results(tmp_path) / "cells" / "skewed"
    console = Console(width=120, force_terminal=terminal, color_system=system, _environ=environment)
    with console.capture() as capture:
        show_text(folder, "t2", None, None, None, console)
    assert ("difference" in capture.get()) is not shaded
    assert (";48;" in capture.get()) is shaded
