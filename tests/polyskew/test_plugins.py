"""What users add: files, calls and installed packages; what is wrong with one is a sentence, and the rest works."""

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from adapters import METHODS, WEIGHTINGS, get_loss, get_method, get_weighting
from polyskew import plugins
from polyskew.errors import PluginWarning, UserError
from polyskew.plugins import VARIABLE, load_plugin, register, registered
from tasks import TASKS, get_task
from tests.plugin_files import WEIGHTING, forgotten, install


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with forgotten():
        yield


def write(path: Path, code: str) -> Path:
    path.write_text(code)
    return path


def test_a_file_adds_what_it_registers(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.py", WEIGHTING)
    load_plugin(file)
    load_plugin(str(file))  # again: nothing
    weights = get_weighting("cube_root")(np.array([[10, 40], [25, 25]]))
    np.testing.assert_allclose(weights, [[2.5 ** (1 / 3), 0.625 ** (1 / 3)], [1, 1]])
    entry = next(entry for entry in WEIGHTINGS.entries() if entry.name == "cube_root")
    assert (entry.place, entry.summary) == ("mine.py", "The cube root of the per-language weights")
    origin = WEIGHTINGS.origin("cube_root")
    assert origin is not None
    assert origin.record().keys() == {"file", "sha256"}
    assert origin.identity() == {"sha256": origin.sha256}
    assert registered(file) == [("weighting", "cube_root")]
    assert WEIGHTINGS.origin("none") is None


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("x = 1\ndef f(:\n", r"mine\.py, line 2, fails with SyntaxError: invalid syntax$"),
        ("\n1 / 0\n", r"mine\.py, line 2, fails with ZeroDivisionError: division by zero$"),
        ("import sys\nsys.exit(3)\n", r"mine\.py, line 2, fails with SystemExit: 3$"),
        (
            "import no_such_thing\n",
            r"mine\.py, line 1, fails with ModuleNotFoundError: No module named 'no_such_thing'$",
        ),
        (
            WEIGHTING.replace("def cube_root", "def per_language"),
            r"mine\.py: the weighting name 'per_language' is taken twice: by adapters\S*:per_language and by mine\.py; "
            "rename one of them$",
        ),
        (
            WEIGHTING.replace('"weighting"', '"wieghting"'),
            r"nothing of the kind 'wieghting' .* did you mean 'weighting'\?$",
        ),
        (
            WEIGHTING.replace('"weighting"', '"weighting", name="a+b"'),
            r"name 'a\+b' .* has other characters than letters",
        ),
        ("import polyskew\npolyskew.register('weighting', object())\n", "this weighting has no name; give it one with"),
    ],
)
def test_a_file_that_fails_is_one_sentence(tmp_path: Path, code: str, sentence: str) -> None:
    file = write(tmp_path / "mine.py", code)
    with pytest.raises(UserError, match=sentence) as error:
        load_plugin(file)
    assert "\n" not in str(error.value)
    write(file, WEIGHTING)  # mended
    load_plugin(file)
    assert "cube_root" in WEIGHTINGS


def test_what_a_file_had_registered_before_it_failed_is_taken_back(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.py", WEIGHTING + "\nraise RuntimeError('late')\n")
    with pytest.raises(UserError, match="late"):
        load_plugin(file)
    assert "cube_root" not in WEIGHTINGS
    assert registered(file) == []


def test_files_that_cannot_be_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the plug-in file none\.py does not exist"):
        load_plugin("none.py")
    with pytest.raises(UserError, match=r"mine\.txt is not a Python file; its name must end in \.py"):
        load_plugin(write(tmp_path / "mine.txt", WEIGHTING))
    folder = tmp_path / "a:b"
    folder.mkdir()
    with pytest.raises(UserError, match="has ':' in its path"):
        load_plugin(write(folder / "mine.py", WEIGHTING))


def test_two_files_of_one_name_and_two_things_of_one_name_are_told(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "mine.py", WEIGHTING.replace("cube_root", f"cube_{folder}"))
    load_plugin(tmp_path / "a" / "mine.py")
    with pytest.raises(UserError, match=r"two plug-in files are called mine\.py"):
        load_plugin(tmp_path / "b" / "mine.py")
    write(tmp_path / "other.py", WEIGHTING.replace("cube_root", "cube_a"))
    with pytest.raises(UserError, match=r"'cube_a' is taken twice: by mine\.py and by other\.py"):
        load_plugin(tmp_path / "other.py")


def test_a_file_that_registers_nothing_is_a_warning_and_its_output_goes_to_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "mine.py", "print('hello')\n")
    with pytest.warns(PluginWarning, match=r"mine\.py registers nothing; write @polyskew\.register\(KIND\)"):
        load_plugin(file)
    assert capsys.readouterr() == ("", "hello\n")


WRONG = {
    "a function for a method": (
        "method",
        "def mine(): ...",
        "is the function mine; a subclass of adapters.method.Method",
    ),
    "a class for a method": ("method", "class mine: ...", "is the class mine; a subclass of adapters.method.Method"),
    "an unfinished loss": (
        "loss",
        "class mine(polyskew.Loss):\n    name: ClassVar[str] = 'mine'",
        "has no 'prepare'; mine must define it",
    ),
    "a loss without a name": (
        "loss",
        "class mine(polyskew.Loss):\n    def prepare(self, counts): ...",
        "has no name; mine must define it",
    ),
    "a number for a weighting": ("weighting", "mine = 3", "is an object of the class int; a function from counts"),
    "a class for a weighting": ("weighting", "class mine: ...", "is the class mine; a function from counts"),
    "a path for a task": (
        "task",
        "mine = 'x.yaml'",
        "is an object of the class str; an object of the class tasks.declare.Task",
    ),
    "a function for a measure": ("measure", "def mine(rows): ...", "is the function mine; an object of the class"),
    "a function for an explainer": (
        "explainer",
        "def mine(rows): ...",
        "is the function mine; a subclass of benchmark",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_thing_of_the_wrong_type_is_told_when_it_is_used(tmp_path: Path, case: str) -> None:
    kind, code, sentence = WRONG[case]
    text = f"from typing import ClassVar\nimport polyskew\n{code}\npolyskew.register({kind!r}, mine, name='mine')\n"
    load_plugin(write(tmp_path / "mine.py", text))
    with pytest.raises(UserError) as error:
        plugins.registry(kind).get("mine")
    assert str(error.value).startswith(f"the {kind} 'mine' from mine.py {sentence}")


def test_a_file_may_import_what_stands_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "beside_mine.py", "POWER = 3\n")
    write(tmp_path / "json.py", "raise RuntimeError('hides a module of Python')\n")
    code = "import json\nfrom beside_mine import POWER\n" + WEIGHTING.replace("np.cbrt(", "np.power(POWER, ")
    monkeypatch.delitem(sys.modules, "json")
    load_plugin(write(tmp_path / "mine.py", code))
    monkeypatch.delitem(sys.modules, "beside_mine")
    assert get_weighting("cube_root")(np.full((2, 2), 7)).tolist() == [[3, 3], [3, 3]]


def test_a_folder_is_no_plugin(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder; a plug-in is one Python file"):
        load_plugin(tmp_path)


def test_a_kind_that_is_left_out_is_asked_for(tmp_path: Path) -> None:
    code = WEIGHTING.replace('register("weighting")', "register")
    with pytest.raises(UserError, match=r'mine\.py: register wants the kind first: @polyskew\.register\("weighting"\)'):
        load_plugin(write(tmp_path / "mine.py", code))


def test_what_is_defined_in_a_notebook_is_refused_with_what_to_do() -> None:
    notebook = {"__name__": "__main__"}
    with pytest.raises(UserError, match=r"interactive session.*%%writefile my_plugin\.py in a notebook.*load_plugin"):
        exec(WEIGHTING, notebook)
    assert "cube_root" not in WEIGHTINGS


def test_tasks_are_objects_or_packaged_yaml_files(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nlanguages: [fr, en]\nlabels: ['1', '2', '3', '4', '5']\nprobe: demo_wiki\n"
        "source: {generated: reviews, rows: {train: 9, validation: 5, test: 5}}\n"
    )
    code = (
        "from pathlib import Path\nimport polyskew\n"
        "polyskew.register('task', polyskew.read_task(Path(__file__).with_name('mine.yaml')))\n"
        "polyskew.register('task', polyskew.get_task('mine').model_copy(update={'name': 'other'}), summary='words')\n"
    )
    load_plugin(write(tmp_path / "mine.py", code))
    assert get_task("mine").languages == ("fr", "en")
    assert len(get_task("other").load().train) == 2 * 5 * 9
    assert [entry.summary for entry in TASKS.entries() if entry.name == "other"] == ["words"]


def test_installed_packages_are_listed_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "bad_plugin", "raise RuntimeError('at import')", {"weightings": "bad = bad_plugin:bad"})
    install(tmp_path, "good_plugin", WEIGHTING, {"weightings": "cube_root = good_plugin:cube_root"}, version="2.1")
    entries = {entry.name: entry for entry in WEIGHTINGS.entries()}
    assert entries["cube_root"].place == "good_plugin 2.1 (good_plugin:cube_root)"
    assert entries["cube_root"].summary == "what good_plugin brings"
    assert not {"bad_plugin", "good_plugin"} & set(sys.modules)
    # The module registers what its package names as an entry point, which is one thing and not two.
    assert get_weighting("cube_root")(np.full((2, 2), 7)).tolist() == [[1, 1], [1, 1]]
    origin = WEIGHTINGS.origin("cube_root")
    assert origin is not None
    assert origin.identity() == {"package": "good_plugin", "version": "2.1", "sha256": origin.sha256}
    with pytest.raises(
        UserError, match=r"the weighting 'bad' from bad_plugin 1\.0 \(bad_plugin:bad\) cannot be loaded"
    ):
        get_weighting("bad")
    with pytest.warns(PluginWarning, match=r"RuntimeError: at import; mend the plug-in or remove it; it is left out"):
        assert "cube_root" in [name for name, _ in WEIGHTINGS.working()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "bad" not in [name for name, _ in WEIGHTINGS.working()], "and is not told again"
    sys.modules.pop("good_plugin")


def test_of_two_packages_one_is_left_out_whatever_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for package in ("b_plugin", "a_plugin"):
        install(tmp_path, package, "", {"weightings": f"twice = {package}:thing\nper_language = {package}:thing"})
    with pytest.warns(PluginWarning) as told:
        names = WEIGHTINGS.names()
    assert names.count("twice") == 1
    assert next(entry for entry in WEIGHTINGS.entries() if entry.name == "twice").place.startswith("a_plugin 1.0")
    texts = [str(one.message) for one in told]
    assert len(texts) == 3
    assert all("'per_language' is taken twice" in text or "'twice' is taken twice" in text for text in texts)
    assert next(entry for entry in WEIGHTINGS.entries() if entry.name == "per_language").origin is None


def test_a_file_that_takes_an_installed_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether the file or the registry is read first must not matter: workers do one, the command line the other.
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "good_plugin", "", {"weightings": "cube_root = good_plugin:cube_root"})
    file = write(tmp_path / "mine.py", WEIGHTING)
    with pytest.raises(UserError, match=r"taken twice: by good_plugin 1\.0 \(good_plugin:cube_root\) and by mine\.py"):
        load_plugin(file)


def test_broken_entry_points_of_one_package_break_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "bad_plugin", "", {}, info="[polyskew.methods]\nno equals sign\n")
    install(tmp_path, "good_plugin", "", {"methods": "mine = good_plugin:Mine"})
    with pytest.warns(PluginWarning, match=r"entry_points\.txt of the installed package bad_plugin cannot be read"):
        assert "mine" in METHODS
    assert get_method("lora").name == "lora"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert get_loss("focal").name == "focal"


def test_register_returns_what_it_is_given() -> None:
    # This module can be imported by workers, so it may register.
    def mine(counts: np.ndarray) -> np.ndarray:
        return counts * 1.0

    assert register("weighting", mine, name="from_a_module") is mine
    assert "from_a_module" in WEIGHTINGS


def test_a_file_that_has_changed_is_loaded_anew(tmp_path: Path) -> None:
    # As in a notebook, where %%writefile and load_plugin stand in one cell.
    file = write(tmp_path / "mine.py", WEIGHTING)
    load_plugin(file)
    first = WEIGHTINGS.origin("cube_root")
    write(file, WEIGHTING.replace("np.cbrt(", "np.sqrt(").replace("cube_root", "root"))
    load_plugin(file)
    second = WEIGHTINGS.origin("root")
    assert "cube_root" not in WEIGHTINGS
    assert first != second
    assert get_weighting("root")(np.array([[10, 40]]))[0, 0] == 2.5**0.5
    assert os.environ[VARIABLE] == f"{file}@{second.sha256}"  # type: ignore[union-attr]


def test_a_worker_refuses_a_file_that_has_changed_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "mine.py", WEIGHTING)
    monkeypatch.setenv(VARIABLE, f"{file}@0123456789abcdef")
    assert "cube_root" in WEIGHTINGS, "the user's own process reads what is there"
    monkeypatch.setattr(plugins, "_is_worker", lambda: True)
    with pytest.raises(UserError, match=r"mine\.py has changed since its grid was started"):
        WEIGHTINGS.names()


def test_a_script_is_read_by_workers_as_far_as_it_registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = write(tmp_path / "script.py", f"{WEIGHTING}\npolyskew.run('demo', 'nowhere')\nraise RuntimeError\n")
    monkeypatch.setenv(VARIABLE, str(script))
    assert get_weighting("cube_root")(np.array([[5, 5]])).tolist() == [[1, 1]]
