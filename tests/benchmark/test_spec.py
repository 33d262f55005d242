"""A grid, its cells, and what makes two cells the same."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import get_weighting
from benchmark import plan
from benchmark.choices import MethodChoice, TaskChoice
from benchmark.expansion import expand, regimes_of
from benchmark.grid import GridSpec, load_grid
from benchmark.models import ModelChoice
from benchmark.recipes import Recipe
from benchmark.run import check, describe
from benchmark.spec import CellSpec, Measurements
from benchmark.stages import comparable
from benchmark.weighting_choice import WeightingChoice
from polyskew.errors import UserError
from polyskew.yamls import validate
from tasks.demo import reviews as generator
from tests.benchmark import world


def checkpoint(folder: Path, weights: bytes = b"weights") -> Path:
    """A model folder of fixed bytes; nothing here loads it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_bytes(b"{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


@pytest.fixture
def model(tmp_path: Path) -> dict[str, str]:
    return {"name": "tiny", "path": str(checkpoint(tmp_path / "tiny"))}


def grid(model: dict[str, str], **changes: Any) -> GridSpec:
    """The demo's grid with fixed model bytes."""
    content = {"version": 1, "name": "g", "tasks": ["demo_reviews"], "models": [model], "methods": ["full"], **changes}
    return validate(content, GridSpec, "grid")


def ids(model: dict[str, str], **changes: Any) -> list[str]:
    return [cell.id for cell in expand(grid(model, **changes))]


GOLDEN = {
    "untuned": "8466c6f0439c01fa",
    "balanced full none 0": "09255f90d73fdb5f",
    "imbalanced full none 0": "48377918bbf7cf0e",
    "imbalanced full per_language 0": "3ddc232dce03c4e5",
    "imbalanced lora none 1": "f24f4da47b52eda7",
    "natural full none 0": "dcb3fcca1e5859fd",
}


def test_golden_ids(model: dict[str, str]) -> None:
    """Ids are for ever: results that stand in folders are found by them.

    A change of this table says that every published result lost its name; it wants a reason in the changelog.
    """
    cells = expand(
        grid(
            model,
            regimes=["balanced", "imbalanced", "natural"],
            methods=["full", "lora"],
            weightings=["none", "per_language"],
            seeds=[0, 1],
        )
    )
    found = {
        "untuned" if cell.untuned else f"{cell.regime} {cell.method.use} {cell.weighting} {cell.seed}": cell.id
        for cell in cells
    }
    assert {name: found[name] for name in GOLDEN} == GOLDEN


def one(model: dict[str, str], **changes: Any) -> str:
    """The id of the only trained cell."""
    return ids(model, **{"regimes": ["imbalanced"], **changes})[-1]


def test_a_field_at_its_default_changes_no_id(model: dict[str, str]) -> None:
    plain = one(model)
    assert one(model, recipe={"base": "paper", "change": {"optimizer": "radam", "batch_size": 16}}) == plain
    assert one(model, recipe={}) == plain
    assert one(model, methods=[{"use": "full", "options": {}}]) == plain
    assert one(model, tasks=[{"use": "demo_reviews", "change": {"on_overlap": "drop"}}]) == plain
    lora = one(model, methods=["lora"])
    defaults = MethodChoice(use="lora").method.options
    assert one(model, methods=[{"use": "lora", "options": defaults}]) == lora


def test_what_is_measured_or_kept_changes_no_id(model: dict[str, str]) -> None:
    assert one(model, measure={"probe_rows": 3}, keep_weights=True, report_to=["wandb"], name="other") == one(model)


def test_a_regime_more_on_the_grid_or_the_task_changes_no_id(model: dict[str, str]) -> None:
    assert set(ids(model)) < set(ids(model, regimes=["balanced", "imbalanced", "switched"]))
    mild = {language: [1, 1, 2, 1, 1] for language in generator.LANGUAGES}
    steep = {language: [1, 2, 3, 4, 5] for language in generator.LANGUAGES}
    steep |= {language: [5, 4, 3, 2, 1] for language in ("de", "en", "zh")}
    fewer = {"use": "demo_reviews", "change": {"regimes": {"imbalanced": steep}}}
    assert ids(model, tasks=[fewer]) == ids(model)
    changed = {"use": "demo_reviews", "change": {"regimes": {"imbalanced": steep, "mild": mild}}}
    assert ids(model, tasks=[changed]) != ids(model), "a sum of 6 makes the number of rows a multiple of 6"


def test_what_changes_the_work_changes_the_id(model: dict[str, str], tmp_path: Path) -> None:
    other = {"name": "tiny", "path": str(checkpoint(tmp_path / "other", b"others"))}
    flat = {language: [1, 1, 1, 1, 1] for language in generator.LANGUAGES} | {"fr": [1, 2, 3, 4, 5]}
    found = [
        one(model),
        one(model, seeds=[1]),
        one(model, weightings=["per_language"]),
        one(model, methods=["lora"]),
        one(model, methods=[{"use": "lora", "options": {"rank": 3}}]),
        one(model, regimes=["switched"]),
        one(model, tasks=[{"use": "demo_reviews", "change": {"regimes": {"imbalanced": flat}}}]),
        one(model, tasks=[{"use": "demo_reviews", "change": {"train_cell": 100}}]),
        one(model, tasks=[{"use": "demo_reviews", "change": {"version": 2}}]),
        one(model, recipe={"change": {"epochs": 2}}),
        one(model, recipe={"base": "small"}),
        one(other),
        one({"name": "mbert"}),
        one({"name": "mbert", "revision": "abc"}),
    ]
    assert len(set(found)) == len(found)


def test_the_same_content_at_another_path_is_the_same(tmp_path: Path) -> None:
    here = {"name": "tiny", "path": str(checkpoint(tmp_path / "a" / "m"))}
    there = {"name": "tiny", "path": str(checkpoint(tmp_path / "b" / "m"))}
    (tmp_path / "b" / "m" / "README.md").write_text("a card does not change a model")
    assert one(here) == one(there)
    table = generator.generate_reviews("train", 6, languages=("fr", "en"))
    folders = []
    for name in ("a", "b"):
        folder = tmp_path / name
        for split in ("train", "validation", "test"):
            table.assign(id=split + table["id"]).to_csv(folder / f"{split}.csv", index=False)
        files = {split: f"{split}.csv" for split in ("train", "validation", "test")}
        columns = {"id": "id", "language": "language"}
        source = {"files": files}
        folders.append(
            world.write_task(
                folder, source=source, columns=columns, label_values={str(n): str(n - 1) for n in range(1, 6)}
            )
        )
    first, second = (one(here, tasks=[str(path)]) for path in folders)
    assert first == second
    with (tmp_path / "b" / "train.csv").open("a") as file:
        file.write("x,x,un texte de plus,1,fr\n")
    assert one(here, tasks=[str(folders[1])]) != first


def test_no_local_path_stands_in_the_canonical_form(model: dict[str, str], reviews: Path, tmp_path: Path) -> None:
    for cell in expand(grid(model, tasks=[str(reviews)])):
        assert str(tmp_path) not in str(cell.canonical())
        assert str(reviews.parent) not in str(cell.canonical())


def test_the_product_comes_repetition_by_repetition_after_the_untuned(model: dict[str, str]) -> None:
    cells = expand(grid(model, methods=["full", "lora"], weightings=["none", "global"], seeds=[0, 1, 2]))
    assert [cell.untuned for cell in cells] == [True] + [False] * 24
    assert [cell.seed for cell in cells[1:]] == [0] * 8 + [1] * 8 + [2] * 8
    assert len({cell.id for cell in cells}) == 25
    assert cells[0].regime is None
    assert cells[0].weighting is None
    assert cells[0].seed is None


def test_the_untuned_cell_depends_on_task_model_and_length_alone(model: dict[str, str]) -> None:
    first = ids(model)[0]
    assert ids(model, methods=["lora"], seeds=[3], recipe={"change": {"epochs": 9}})[0] == first
    assert ids(model, recipe={"change": {"max_length": 64}})[0] != first


def test_include_adds_points_and_exclude_takes_them_out(model: dict[str, str]) -> None:
    plain = ids(model)
    more = expand(grid(model, include=[{"method": "lora", "regime": ["balanced"], "seed": 5}]))
    added = [cell for cell in more if cell.id not in plain]
    assert [(cell.method.use, cell.regime, cell.seed, str(cell.weighting)) for cell in added] == [
        ("lora", "balanced", 5, "none")
    ]
    fewer = expand(grid(model, weightings=["none", "global"], exclude=[{"weighting": "global", "regime": "balanced"}]))
    assert [(cell.regime, str(cell.weighting)) for cell in fewer if not cell.untuned] == [
        ("balanced", "none"),
        ("imbalanced", "none"),
        ("imbalanced", "global"),
    ]


def test_an_exclude_that_matches_nothing_is_a_mistake(model: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"exclude \{'regime': 'switched'\} matches no cell"):
        expand(grid(model, exclude=[{"regime": "switched"}]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tasks": ["demo_review"]}, "'demo_review'; did you mean 'demo_reviews'"),
        ({"methods": ["lorra"]}, "'lorra'; did you mean 'lora'"),
        ({"weightings": ["per_langage"]}, "'per_langage'; did you mean 'per_language'"),
        ({"regimes": ["inbalanced"]}, "'inbalanced'; did you mean 'imbalanced'"),
        ({"recipe": {"base": "papper"}}, "'papper'; did you mean 'paper'"),
        ({"recipe": {"change": {"epoch": 3}}}, "'recipe.change.epoch'; did you mean 'epochs'"),
        ({"recipe": {"change": {"epochs": 0}}}, "epochs"),
        ({"recipe": {"by_method": {"full": {"rates": {"body": 1}}}}}, "rates.head"),
        ({"models": ["tiny-poliglot"]}, "did you mean 'tiny-polyglot'"),
        ({"models": ["/no/such/folder"]}, "/no/such/folder"),
        ({"methods": [{"use": "lora", "options": {"rnk": 4}}]}, "rnk"),
        ({"include": [{"method": "lorra"}]}, "'lorra'; did you mean 'lora'"),
        ({"tasks": ["/no/such/task.yaml"]}, "/no/such/task.yaml does not exist"),
        ({"seeds": []}, "seeds"),
        ({"version": 2}, "version"),
    ],
)
def test_a_wrong_name_or_value_is_told_before_anything_runs(
    model: dict[str, str], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError) as caught:
        ids(model, **changes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_things_of_one_name_on_an_axis_are_a_mistake(model: dict[str, str], tmp_path: Path) -> None:
    changed = {"use": "demo_reviews", "change": {"train_cell": 100}}
    with pytest.raises(UserError, match="demo_reviews"):
        ids(model, tasks=["demo_reviews", changed])
    other = {"name": "tiny", "path": str(checkpoint(tmp_path / "other", b"others"))}
    with pytest.raises(UserError, match="tiny"):
        ids(model, models=[model, other])
    assert len(ids(model, tasks=["demo_reviews", {**changed, "change": {"train_cell": 100, "name": "small"}}])) == 6


def test_a_model_folder_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no config\.json"):
        _ = ModelChoice(name=str(tmp_path)).source


def test_identical_work_is_done_once(model: dict[str, str]) -> None:
    cells = {
        (cell.regime, str(cell.weighting)): cell
        for cell in expand(grid(model, weightings=["none", "global", "per_language"]))
        if not cell.untuned
    }
    same = {key: str(cell.work().weighting) for key, cell in cells.items()}
    assert same == {
        ("balanced", "none"): "none",
        ("balanced", "global"): "none",
        ("balanced", "per_language"): "none",
        ("imbalanced", "none"): "none",
        ("imbalanced", "global"): "none",
        ("imbalanced", "per_language"): "per_language",
    }
    assert cells["balanced", "global"].work().id == cells["balanced", "none"].id


def test_natural_work_is_never_taken_for_identical(model: dict[str, str]) -> None:
    cells = expand(grid(model, regimes=["natural"], weightings=["none", "global", "per_language"]))
    assert all(cell.work() == cell for cell in cells)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(1, 6), min_size=3, max_size=3), min_size=2, max_size=2))
def test_work_is_identical_just_when_weights_are(ratio: list[list[int]]) -> None:
    change = {
        "source": {"generated": "nli", "rows": {"train": 2, "validation": 2, "test": 2}},
        "regimes": {"imbalanced": {"fr": ratio[0], "en": ratio[1]}},
        "max_share": 1.0,
    }
    cells = [
        CellSpec(
            task=TaskChoice(use="demo_nli", change=change),
            regime="imbalanced",
            model=ModelChoice(name="mbert"),
            method=MethodChoice(use="full"),
            weighting=WeightingChoice(use=name),
            seed=0,
            recipe=Recipe(),
        )
        for name in ("none", "global", "per_language")
    ]
    # The weights of any counts in these ratios with equally many rows a language: 60 is a multiple of no sum's need.
    sums = np.array(ratio).sum(axis=1, keepdims=True)
    counts = np.array(ratio) * int(np.prod(sums)) // sums
    weights = [get_weighting(str(cell.weighting))(counts) for cell in cells]
    for place, cell in enumerate(cells):
        first = next(other for other in range(place + 1) if np.allclose(weights[other], weights[place], rtol=1e-12))
        assert cell.work().weighting == cells[first].weighting


def test_a_shipped_and_a_written_grid_are_read(tmp_path: Path, reviews: Path, model: dict[str, str]) -> None:
    assert load_grid("demo").name == "demo"
    shutil.copy(reviews, tmp_path / "here.yaml")
    path = world.write_grid(tmp_path / "grid.yaml", world.grid_of(Path("here.yaml"), Path(model["path"])))
    spec = load_grid(str(path))
    assert spec.tasks[0].task.name == "tiny_reviews", "task files are looked for beside the grid"
    assert len(expand(spec)) == 9
    with pytest.raises(UserError, match=r"'dmo'.*did you mean 'demo'"):
        load_grid("dmo")
    with pytest.raises(UserError, match=r"none\.yaml does not exist"):
        load_grid("none.yaml")


def test_another_probe_corpus_is_another_measurement_but_the_same_training(model: dict[str, str]) -> None:
    here, there = (
        expand(grid(model, tasks=[{"use": "demo_reviews", "change": change}]))[-1]
        for change in ({}, {"probe": "wikipedia"})
    )
    assert here.id == there.id
    assert comparable(here, Measurements()) != comparable(there, Measurements())
    assert comparable(here, Measurements(probe_rows=0)) == comparable(there, Measurements(probe_rows=0))


def test_a_regime_that_one_task_lacks_can_be_taken_out(model: dict[str, str], tmp_path: Path) -> None:
    task = tmp_path / "plain.yaml"
    task.write_text(
        "{name: plain, version: 1, summary: s, languages: [fr, de], labels: [a, b], source:"
        " {generated: reviews, rows: {train: 9, validation: 9, test: 9}},"
        " licence: x, citation: y, redistribute: true}\n"
    )
    found = grid(
        model,
        tasks=["demo_reviews", str(task)],
        regimes=["balanced", "switched"],
        exclude=[{"task": "plain", "regime": "switched"}],
    )
    cells = expand(found)
    assert regimes_of(cells) == {"demo_reviews": ["balanced", "switched"], "plain": ["balanced"]}
    plain = next(cell for cell in cells if cell.task.name == "plain" and cell.regime)
    assert describe(plain, found, ["balanced"])["skew"] == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"measure": {"explained_texts": 100_000}}, "100"),
        ({"tasks": [{"use": "demo_reviews", "change": {"probe": None}}]}, "names no probe corpus"),
        ({"tasks": [{"use": "demo_reviews", "change": {"train_cell": 2}}]}, "rows"),
    ],
)
def test_what_the_data_cannot_give_is_told_before_anything_is_trained(
    model: dict[str, str], changes: dict[str, Any], said: str
) -> None:
    found = grid(model, **changes)
    with pytest.raises(UserError, match=said):
        check(found, expand(found))


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        (None, "names no probe corpus"),
        ("demo_wik", "'demo_reviews': probe: there is no probe corpus called 'demo_wik'; did you mean 'demo_wiki'"),
    ],
)
def test_a_plan_says_that_a_probe_corpus_is_not_there(model: dict[str, str], probe: str | None, said: str) -> None:
    found = grid(model, tasks=[{"use": "demo_reviews", "change": {"probe": probe}}])
    with pytest.raises(UserError, match=said):
        plan.rows(found)


def test_a_recipe_for_a_method_that_is_not_there_is_a_mistake(model: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"recipe\.by_method: 'ful' is not in the grid; did you mean 'full'"):
        expand(grid(model, recipe={"base": "paper", "by_method": {"ful": {"epochs": 9}}}))


RECIPES = [
    "paper",
    {"name": "paper+entropy", "base": "paper", "change": {"masked_entropy": "paper"}},
]


def test_several_recipes_are_an_axis(model: dict[str, str]) -> None:
    one = expand(grid(model))
    both = expand(grid(model, recipe=RECIPES))
    assert {cell.id for cell in one} < {cell.id for cell in both}, "a recipe more leaves the other cells as they are"
    named = [(cell.recipe_name, cell.recipe.masked_entropy) for cell in both if not cell.untuned]
    assert sorted(named, key=str) == [("paper", None)] * 2 + [("paper+entropy", "paper")] * 2
    assert len([cell for cell in both if cell.untuned]) == 1, "the untuned model belongs to all recipes"
    only = expand(grid(model, recipe=RECIPES, exclude=[{"recipe": "paper"}]))
    assert {cell.recipe_name for cell in only if not cell.untuned} == {"paper+entropy"}
    described = [describe(cell, grid(model, recipe=RECIPES), ["balanced", "imbalanced"]) for cell in both]
    balanced = [spec for spec in described if spec["regime"] == "balanced"]
    assert [spec["recipe"] for spec in balanced] == ["paper", "paper+entropy"]
    assert balanced[0]["group"] != balanced[1]["group"], "cells of two recipes are never compared"


def test_two_recipes_of_one_name_are_a_mistake(model: dict[str, str]) -> None:
    with pytest.raises(UserError, match="two of its recipes are called 'paper'"):
        expand(grid(model, recipe=["paper", {"base": "paper", "change": {"masked_entropy": "text"}}]))


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (["small", {"name": "twin", "base": "small"}], "the recipes 'small' and 'twin' are the same"),
        ([{"change": {"epochs": 2}}, {"name": "g", "base": "small"}], "two of its recipes are called 'g'"),
        (3, "a recipe is a name, or base, change, by_task and by_method"),
        (None, "a recipe is a name, or base, change, by_task and by_method"),
        ({"name": "two\nlines"}, "recipe.name"),
        ({"base": "smal"}, "there is no recipe called 'smal'; did you mean 'small'?"),
        ({"base": "small", "batch_size": 4}, "recipe: batch_size stands under 'change'"),
        ({"base": "small", "chnge": {}}, "unknown key 'recipe.chnge'; did you mean 'change'?"),
        (["small", {"change": {"epoch": 4}}], "unknown key 'recipe.1.change.epoch'; did you mean 'epochs'?"),
        ({"change": {"epochs": 0}}, "recipe.change.epochs: input should be greater than or equal to 1 (it is 0)"),
        ({"change": 3}, "recipe.change: a mapping is wanted (it is 3)"),
        (
            {"by_method": {"full": {"rates": {"body": 1, "heads": 1}}}},
            "unknown key 'recipe.by_method.full.rates.heads'; did you mean 'head'?",
        ),
    ],
)
def test_wrong_recipes_are_one_sentence(model: dict[str, str], recipe: object, words: str) -> None:
    with pytest.raises(UserError) as caught:
        expand(grid(model, recipe=recipe))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_is_suggested_as_files_have_it() -> None:
    with pytest.raises(UserError, match="unknown key 'recipes'; did you mean 'recipe'"):
        validate({"recipes": ["small"]}, GridSpec, "grid")


def test_a_grid_is_written_down_as_it_is_read(model: dict[str, str]) -> None:
    several = grid(model, recipe=RECIPES)
    written = several.model_dump(mode="json", exclude_defaults=True, by_alias=True) | {"version": 1}
    assert validate(written, GridSpec, "grid") == several


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"masked_entropy": "code"}, "masked_entropy"),
        ({"unlearn_language": {"use": "reversal"}}, "unlearn_language.use"),
        ({"unlearn_language": {"use": "gradient_reversal", "weight": 0}}, "unlearn_language.weight"),
    ],
)
def test_a_wrong_additional_loss_is_named(model: dict[str, str], change: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        expand(grid(model, recipe={"change": change}))
