"""Specs that say another thing than was done are caught and named, however much was renamed with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from leaderboard.measuring.measure import measure
from leaderboard.verification.verify import verify
from leaderboard.verification.writing import faults
from polyskew.canonical import digest
from tests.leaderboard.synthetic import Kind

# "predict/predictions.parquet", "attributions/attributions.parquet"
from tests.leaderboard.verification.caught import check, metrics, told
from tests.leaderboard.verification.whole import REGISTERED, canonical, edit_json, folder_of

SPECS: list[tuple[dict[str, Any], str]] = [
    ({"method": "lora"}, "method is 'lora', but the canonical form has 'full'"),
    ({"weighting": "per_language"}, "the weighting is called 'per_language', but its canonical form is none"),
    ({"seed": 7}, "seed is 7, but the canonical form has 0"),
    ({"regime": "balanced"}, "regime is 'balanced'"),
    ({"task": "another"}, "task is 'another'"),
    ({"task_version": 2}, "task_version is 2"),
    ({"model": "mbert"}, "model is 'mbert'"),
    ({"labels": ["5", "4", "3", "2", "1"]}, "labels is"),
    ({"languages": ["es", "fr", "ja", "de", "en", "zh"]}, "languages is"),
    ({"skew": {"imbalanced": [[0.1, 0, 0, 0, -0.1]] * 6}}, "the skew is not that of the regime 'imbalanced'"),
    ({"skew": {}}, "the skew is not that of the regime 'imbalanced'"),
    ({"shares": [[0.2] * 5] * 6}, "the shares are not those of the regime 'imbalanced'"),
    ({"shares": None}, "the shares are not those of the regime 'imbalanced'"),
    ({"stages": ["data"]}, "do not name the same stages"),
    ({"id": "0" * 16}, "the id is '0000000000000000', but the folder is called"),
]


@pytest.mark.parametrize(("changes", "text"), SPECS)
def test_a_changed_spec_is_named(copy: Path, changes: dict[str, Any], text: str) -> None:
    cell = folder_of(copy, "imbalanced")
    edit_json(cell / "spec.json", **changes)
    found = check(copy, cell)
    assert any(note.cell == cell.name and text in note.text and "spec.json" in note.sentence() for note in found.faults)


def test_a_changed_recipe_is_named_by_the_id(copy: Path) -> None:
    cell = folder_of(copy)
    form = canonical(Kind()) | {"recipe": {"epochs": 9}}
    edit_json(cell / "spec.json", canonical=form)
    assert told(check(copy, cell).faults, cell, "spec.json", f"canonical form, which is {digest(form)}")


def test_a_recipe_changed_with_its_id_is_named_by_the_provenance(copy: Path) -> None:
    form = canonical(Kind()) | {"recipe": {"epochs": 9}}
    cell = folder_of(copy).rename(copy / "cells" / digest(form))
    edit_json(cell / "spec.json", canonical=form, id=cell.name)
    metrics(lambda told: told.update(cell=cell.name))(cell)
    assert told(check(copy, cell).faults, cell, "provenance.json", "'asked' is not the canonical form")


@pytest.mark.parametrize("target", ["../elsewhere", "0" * 16])
def test_same_work_as_a_cell_that_is_not_here_is_named(copy: Path, target: str) -> None:
    cell = folder_of(copy, "imbalanced", "global")
    edit_json(cell / "spec.json", same_as=target)
    assert told(check(copy, cell).faults, cell, "spec.json", "no cell here that did its own work")
    assert faults(verify(copy, REGISTERED))


@pytest.mark.parametrize(
    ("weighting", "seed", "text"),
    [("per_language", 0, "whose weights are others"), ("none", 1, "differs in more than its weighting")],
)
def test_same_work_as_a_cell_with_other_work_is_named(copy: Path, weighting: str, seed: int, text: str) -> None:
    cell = folder_of(copy, "imbalanced", "global")
    edit_json(cell / "spec.json", same_as=folder_of(copy, "imbalanced", weighting, seed).name)
    assert told(check(copy, cell).faults, cell, "spec.json", text)


def test_a_swapped_seed_is_named_by_the_rows_that_were_drawn(copy: Path) -> None:
    """Both cells renamed, with all that names them: only the rows tell, which every weighting of a seed shares."""
    first, second = (folder_of(copy, "imbalanced", "none", seed) for seed in (0, 1))
    first_spec, second_spec = ((one / "spec.json").read_text() for one in (first, second))
    middle = first.rename(first.with_name("middle"))
    second.rename(first)
    middle.rename(second)
    for cell, spec in ((first, first_spec), (second, second_spec)):
        (cell / "spec.json").write_text(spec)
        edit_json(cell / "provenance.json", asked=json.loads(spec)["canonical"])
        (cell / "metrics.json").unlink()
    measure(copy)
    found = faults(verify(copy, REGISTERED))
    for cell in (first, second):
        assert told(found, cell, "data/rows.parquet", "not those of other cells of this regime and seed")


def test_two_cells_whose_contents_were_swapped_are_named(copy: Path) -> None:
    first, second = folder_of(copy), folder_of(copy, "imbalanced")
    for name in ("data", "train", "predict", "features", "attributions", "metrics.json", "provenance.json"):
        middle = (first / name).rename(first / "middle")
        (second / name).rename(first / name)
        middle.rename(second / name)
    for cell in (first, second):
        found = check(copy, cell).faults
        assert told(found, cell, "provenance.json", "'asked' is not the canonical form")
        assert told(found, cell, "data/rows.parquet", "not spread as in the regime")


def test_two_cells_whose_folders_were_swapped_are_named(copy: Path) -> None:
    first, second = folder_of(copy), folder_of(copy, "imbalanced")
    middle = first.rename(first.with_name("middle"))
    second.rename(first)
    middle.rename(second)
    for cell in (first, second):
        assert told(check(copy, cell).faults, cell, "", "but the folder is called")


def test_a_group_that_is_not_its_own_is_named(copy: Path) -> None:
    cell = folder_of(copy, "imbalanced")
    edit_json(cell / "spec.json", group="g9")
    assert told(faults(verify(copy, REGISTERED)), cell, "spec.json", "the group is not that of the cells")


@pytest.mark.parametrize("name", ["lora(rank=64)", "lora(", "lora(rank=8, rank=8)", "lora([)", "lora(dropout=x)"])
def test_a_method_that_is_called_by_options_that_it_did_not_have_is_named(copy: Path, name: str) -> None:
    cell, form = as_lora(copy)
    edit_json(cell / "spec.json", method=name)
    assert told(check(copy, cell).faults, cell, "spec.json", f"the method is called {name!r}, but its canonical form")
    form["method"] = {"name": "lora", "options": {"rank": 64}}
    edit_json(cell / "spec.json", method="lora", canonical=form)
    assert told(check(copy, cell).faults, cell, "spec.json", "canonical form is lora(rank=64)")


@pytest.mark.parametrize("name", ["lora(rank=8)", "lora(alpha=8, dropout=0.0)"])
def test_options_at_their_defaults_may_be_in_a_methods_name(copy: Path, name: str) -> None:
    cell, _ = as_lora(copy)
    edit_json(cell / "spec.json", method=name)
    assert not any("the method is called" in note.text for note in check(copy, cell).faults)


def as_lora(results: Path) -> tuple[Path, dict[str, Any]]:
    cell, form = folder_of(results, "imbalanced"), canonical(Kind("imbalanced", "lora"))
    edit_json(cell / "spec.json", canonical=form)
    return cell, form


def test_terms_that_differ_within_a_task_are_named(copy: Path) -> None:
    closed = folder_of(copy, "imbalanced")
    edit_json(closed / "spec.json", redistribute=False)
    found = faults(verify(copy, REGISTERED))
    assert len(found) == len(list((copy / "cells").iterdir())) - 1
    assert told(found, folder_of(copy), "spec.json", "may be passed on, it says; by other cells they may not")
