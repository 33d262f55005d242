"""Names are resolved on first use; a wrong or doubled one is told."""

from importlib.metadata import EntryPoint

import pytest

from adapters import get_loss
from polyskew import installed
from polyskew import registry as module
from polyskew.errors import UserError, suggest
from polyskew.origin import Origin
from polyskew.plugins import registry
from polyskew.registry import Registry


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> Registry[object]:
    """A registry that sees no installed packages."""
    monkeypatch.setattr(module, "installed", lambda group: [])
    return Registry("colour", "polyskew.colours")


def test_a_thing_is_made_on_first_use_and_once(colours: Registry[object]) -> None:
    made: list[int] = []

    def make() -> object:
        made.append(1)
        return object()

    colours.add("red", make, summary="warm")
    assert [entry.summary for entry in colours.entries()] == ["warm"]
    assert "red" in colours
    assert "blue" not in colours
    assert made == []
    assert colours.get("red") is colours.get("red")
    assert made == [1]


def test_a_target_in_words_is_imported_on_first_use(colours: Registry[object]) -> None:
    colours.add("gone", "no.such.module:thing", summary="")
    colours.add("root", "math:sqrt", summary="")
    assert colours.names() == ["gone", "root"]
    import math

    assert colours.get("root") is math.sqrt
    with pytest.raises(ModuleNotFoundError):
        colours.get("gone")


def test_a_wrong_name_gets_the_nearest_or_all(colours: Registry[object]) -> None:
    colours.add("orange", object, summary="")
    colours.add("green", object, summary="")
    with pytest.raises(UserError, match=r"^there is no colour called 'ornage'; did you mean 'orange'\?$"):
        colours.get("ornage")
    with pytest.raises(UserError, match=r"^there is no colour called 'xyz'; known: green, orange$"):
        colours.get("xyz")
    assert suggest("x", []) == ""


def test_a_wrong_name_of_what_plug_ins_bring_says_how_they_are_named() -> None:
    with pytest.raises(UserError, match=r"; known: cross_entropy, .*; your own comes with --plugin FILE$"):
        get_loss("xyz")
    with pytest.raises(UserError, match=r"did you mean 'focal'\?$"):
        get_loss("focall")


def test_a_name_taken_twice_names_both_places(colours: Registry[object]) -> None:
    colours.add("red", "one.place:red", summary="")
    with pytest.raises(UserError, match=r"'red' is taken twice: by one\.place:red and by my/file\.yaml"):
        colours.add("red", object, summary="", place="my/file.yaml")


def test_a_name_that_means_something_else_is_kept_from_plug_ins(colours: Registry[object]) -> None:
    colours.add("red", object, summary="")
    colours.reserve({"salmon": "it is a fish"})
    with pytest.raises(UserError, match=r"^the colour name 'salmon' from mine\.py is taken: it is a fish; rename it$"):
        colours.add("salmon", object, summary="", place="mine.py", origin=Origin)
    assert colours.taken("salmon") == "no colour can be called 'salmon': it is a fish"
    assert colours.taken("red").startswith("there is a colour called 'red' already, from ")
    assert colours.taken("blue") == ""


def test_a_metric_is_a_measure() -> None:
    assert registry("metric") is registry("measure")


def test_installed_packages_add_names_without_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint("plum", "no.such.module:plum", "polyskew.colours"), EntryPoint("e", "math:e", "polyskew.c")]
    monkeypatch.setattr(installed, "entry_points", lambda group: points if group == "polyskew.colours" else [])
    found: Registry[object] = Registry("colour", "polyskew.colours")
    found.add("red", object, summary="")
    assert found.names() == ["red", "e", "plum"]
    assert "no.such.module:plum" in found.entries()[2].place
    assert found.get("e") == pytest.approx(2.718281828)
    found.add("blue", object, summary="")
    with pytest.raises(UserError, match="taken twice"):
        found.add("plum", object, summary="")
