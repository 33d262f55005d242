"""The page as a file: what is in it, what is not, and what it lets run."""

import csv
import io
import json
import re
import shutil
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

from leaderboard.board import board
from leaderboard.site import write_site
from leaderboard.site.page import MODULES, program
from polyskew.errors import UserError
from tests.leaderboard.site.folders import FAILED, HOSTILE, opened
from tests.leaderboard.synthetic import Kind

ASSETS = files("leaderboard.site").joinpath("assets")


def test_the_policy_lets_nothing_run_but_the_pages_own_program(site: Path) -> None:
    text = site.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind, inside in (
        ("script-src", r'<script type="module">(.*?)</script>'),
        ("style-src", r"<style>(.*?)</style>"),
    ):
        own = re.search(inside, text, re.DOTALL)[1]
        assert f"{kind} 'sha256-{b64encode(sha256(own.encode()).digest()).decode()}'" in policy


def test_the_page_names_no_address_outside_itself(site: Path) -> None:
    addresses = set(re.findall(r"\w+://[\w./]+|//[\w-]+\.\w+", site.read_text()))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of SVG, which nobody fetches


def test_every_module_stands_after_those_it_imports() -> None:
    assert set(MODULES) == {path.name for path in ASSETS.iterdir() if path.name.endswith(".js")}
    for place, name in enumerate(MODULES):
        imported = re.findall(r'from "\./([\w.]+)"', ASSETS.joinpath(name).read_text())
        assert set(imported) <= set(MODULES[:place]), name
    assert not re.search(r"^\s*(?:import|export)\b", program(), re.MULTILINE)
    assert "innerHTML" not in program()


def test_the_same_results_give_the_same_page(results: Path, site: Path, tmp_path: Path) -> None:
    assert write_site(results, tmp_path).read_bytes() == site.read_bytes()


def test_the_board_is_the_csvs(results: Path, site: Path) -> None:
    found = opened(site)["board"]
    lines = list(csv.DictReader(io.StringIO(board(results).to_csv())))
    assert [" ".join(cells) for cells in found["cells"]] == [line["cells"] for line in lines]
    for column in found["columns"]:
        name, told = column["name"], found["numbers"][column["name"]]
        for row, line in enumerate(lines):
            value = told["value"][row]
            assert (value is None) == (line[name] == "")
            assert found["shared"][told["reason"][row]] == line[f"{name}_reason"]
            assert found["shared"][told["method"][row]] == line[f"{name}_interval"]
            if value is None:
                continue
            assert value == pytest.approx(float(line[name]), rel=1e-4)
            if line[f"{name}_low"]:
                sides = told["half"][row] if isinstance(told["half"][row], list) else [told["half"][row]] * 2
                wanted = [value - float(line[f"{name}_low"]), float(line[f"{name}_high"]) - value]
                assert sides == pytest.approx(wanted, rel=1e-3, abs=1e-4 * abs(value) + 1e-12)


def test_texts_of_a_task_that_forbids_it_are_not_in_the_page(results: Path, tmp_path: Path) -> None:
    closed = Path(shutil.copytree(results, tmp_path / "closed"))
    for path in (closed / "cells").glob("*/spec.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"redistribute": False}))
    assert re.search(r"\bw\d{1,3}\b", json.dumps(opened(write_site(results, tmp_path / "a"))["rows-0"]))
    found = opened(write_site(closed, tmp_path / "b"))
    assert not re.search(r"\bw\d{1,3}\b", json.dumps(found))
    row = found["rows-0"]["rows"][1]
    assert row["texts"] == {"missing": "The task does not let its texts be passed on, so this page holds none."}


def test_a_failed_row_is_shown_as_failed(results: Path, site: Path) -> None:
    found = opened(site)["board"]
    row = next(row for row, cells in enumerate(found["cells"]) if FAILED.id in cells)
    assert found["shared"][found["names"]["status"][row]] == "failed"
    assert found["numbers"]["accuracy"]["value"][row] is None
    assert "no room" in found["shared"][found["numbers"]["accuracy"]["reason"][row]]


def test_what_is_only_begun_has_a_page(results: Path, tmp_path: Path) -> None:
    begun = Path(shutil.copytree(results, tmp_path / "begun"))
    for path in (begun / "cells").iterdir():
        for name in ("metrics.json", "provenance.json"):
            (path / name).unlink(missing_ok=True)
    (begun / "grid.yaml").unlink()
    found = opened(write_site(begun, tmp_path / "site"))
    assert found["board"]["title"] == "polyskew"
    assert all(row["tables"] == [] for row in found["rows-0"]["rows"])
    empty = tmp_path / "empty"
    (empty / "cells").mkdir(parents=True)
    assert opened(write_site(empty, tmp_path / "site"))["board"]["about"] == "No cell has been trained yet."


def test_what_is_wrong_is_named(results: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder 'cells'"):
        write_site(tmp_path, tmp_path / "site")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file is a file"):
        write_site(results, tmp_path / "file")
    broken = Path(shutil.copytree(results, tmp_path / "broken"))
    path = broken / "cells" / Kind("imbalanced", "full", "none", 0).id / "provenance.json"
    path.write_text("{")
    with pytest.raises(UserError, match=r"provenance\.json is not valid JSON"):
        write_site(broken, tmp_path / "site")


def test_hostile_names_do_not_end_a_script(hostile_site: Path) -> None:
    text = hostile_site.read_text()
    for name in HOSTILE.values():
        if "<" in name:
            assert name not in text
    assert text.count("<script") == text.count("</script>") == 2 + len(opened(hostile_site)) - 1
