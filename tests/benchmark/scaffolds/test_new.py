"""What `polyskew new` writes works as it stands: it keeps its promises, its tests pass, its grid can be planned."""

import errno
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from benchmark.scaffolds.new import KINDS, new
from polyskew.errors import UserError
from tests.plugin_files import forgotten


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with forgotten():
        yield


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_new_works(kind: str, polyskew: Any, tmp_path: Path) -> None:
    status, out, err = polyskew("new", kind, f"my_{kind}", "--out", "here")
    assert status == 0, err
    lines = out.splitlines()
    file = f"here/my_{kind}.{'yaml' if kind == 'task' else 'py'}"
    plugin = "" if kind == "task" else f" --plugin {file}"
    assert lines == [
        f"wrote {file}, here/test_my_{kind}.py and here/my_{kind}_grid.yaml; next:",
        f"  polyskew check {file}",
        f"  pytest here/test_my_{kind}.py",
        f"  polyskew run here/my_{kind}_grid.yaml{plugin}",
    ]
    status, out, err = polyskew(*lines[1].split()[1:])
    assert (status, err) == (0, "")
    assert "FAILS" not in out
    assert out.count("\n  ok ") >= 5
    assert "my_thing" not in Path(file).read_text().lower().replace("mything", "my_thing")
    tests = loaded(Path(f"here/test_my_{kind}.py"))
    called = [function() for name, function in vars(tests).items() if name.startswith("test_")]
    assert len(called) == 2
    status, out, err = polyskew("plan", *lines[3].split()[2:])
    assert status == 0, err
    assert " to run; results in" in " ".join(out.split())
    if kind in ("method", "weighting", "loss"):
        assert f"my_{kind}" in out


def loaded(path: Path) -> Any:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    new("weighting", "mine", tmp_path)
    (tmp_path / "mine.py").write_text("my own work")
    with pytest.raises(UserError, match=r"mine\.py is there already and is not overwritten"):
        new("weighting", "mine", tmp_path)
    assert (tmp_path / "mine.py").read_text() == "my own work"
    (tmp_path / "other").mkdir()
    with pytest.raises(UserError, match="other is there already"):
        new("task", "other", tmp_path)
    assert not (tmp_path / "other.yaml").exists(), "all or nothing"
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file; a folder is wanted"):
        new("loss", "mine", tmp_path / "file")


@pytest.mark.parametrize("name", ["My-Thing", "3d", "", "a" * 41, "../x", "a b"])
def test_a_name_that_cannot_be_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be the name of a method; wanted are lower-case letters"):
        new("method", name, tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_name_that_is_taken_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is a method called 'lora' already, from adapters\.lora:Lora"):
        new("method", "lora", tmp_path)
    with pytest.raises(UserError, match="there is a measure called 'accuracy' already"):
        new("metric", "accuracy", tmp_path)


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("weighting", "focal", "it is a loss"),
        ("loss", "sqrt", "it is a weighting"),
        ("weighting", "sampling", "it says how weights act"),
        ("explainer", "exact", "it is a mode of the suite"),
        ("metric", "seconds", "the board has a column of this name already"),
        ("metric", "hits_low", "the board has columns that end so"),
    ],
)
def test_a_name_that_means_something_else_is_told(kind: str, name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"no {kind} can be called '{name}': {reason}"):
        new(kind, name, tmp_path)
    assert not any(tmp_path.iterdir())


def test_what_to_type_next_is_quoted(polyskew: Any) -> None:
    status, out, _ = polyskew("new", "weighting", "mine", "--out", "my things")
    assert status == 0
    assert "  polyskew run 'my things/mine_grid.yaml' --plugin 'my things/mine.py'\n" in out


def test_a_name_that_hides_a_module_is_told(tmp_path: Path) -> None:
    for name in ("json", "torch", "adapters", "class"):
        with pytest.raises(UserError, match=f"'{name}' is a word or a module of Python, which a file {name}.py would"):
            new("method", name, tmp_path)
    new("task", "json", tmp_path)  # is a YAML file


def test_a_kind_that_is_none_is_told(polyskew: Any) -> None:
    for arguments, said in {
        ("new", "weigting", "mine"): "no 'weigting' can be started; did you mean 'weighting'?",
        ("list", "metric"): "there are no 'metric' to list; did you mean 'metrics'?",
    }.items():
        assert polyskew(*arguments) == (2, "", f"polyskew: {said}\n")


def test_a_folder_that_cannot_be_written_is_told(polyskew: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Path, *more: Any, **settings: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_text", refused)
    status, out, err = polyskew("new", "weighting", "mine", "--out", "here")
    assert (status, out, err) == (2, "", "polyskew: here/mine.py cannot be read or written (permission denied)\n")
