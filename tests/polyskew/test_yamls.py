"""YAML that is checked: every complaint names file and line, and what would be right."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from polyskew.errors import UserError
from polyskew.yamls import load_yaml, parse_yaml, validate


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rate: float = Field(1.0, gt=0)
    labels: list[str] = []


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    languages: list[str] = []
    inner: Inner = Inner()
    several: list[Inner] = []
    by_name: dict[str, Inner] = {}
    maybe: Inner | None = None
    size: int | str | None = None

    @model_validator(mode="after")
    def _not_bad(self) -> "Outer":
        if self.name == "bad":
            raise ValueError("the name 'bad' is bad; choose another")
        return self


def load(tmp_path: Path, text: str) -> Outer:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load_yaml(path, Outer)


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(str(tmp_path / "x.yaml"))


def test_a_right_file_is_read(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "name: demo\nlanguages: [no, on, yes, fr]\ninner: {rate: 5e-4}\nmaybe:\n  rate: 2\nseveral: [{rate: 1E5}]\n",
    )
    assert found.languages == ["no", "on", "yes", "fr"], "Norwegian is not False"
    assert found.inner.rate == 5e-4
    assert found.maybe is not None
    assert found.maybe.rate == 2
    assert found.several[0].rate == 1e5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: no", "no"),
        ("x: Yes", "Yes"),
        ("x: true", True),
        ("x: false", False),
        ("x: 5e-4", 5e-4),
        ("x: -1e3", -1e3),
        ("x: 5.0e-4", 5e-4),
        ("x: 1e", "1e"),
        ("x: 12", 12),
        ("x: 3e", "3e"),
        ("x: '5e-4'", "5e-4"),
    ],
)
def test_scalars_are_what_a_reader_takes_them_for(text: str, value: object) -> None:
    found = parse_yaml(text, "x")[0]["x"]
    assert found == value
    assert type(found) is type(value)


def test_lines_are_known() -> None:
    _, lines = parse_yaml("a: 1\nb:\n  - x\n  - c: 2\n    d: 3\n", "x")
    assert lines == {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4, ("b", 1, "d"): 5}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name: a\nname: b\n", ":2: the key 'name' stands twice (first on line 1)"),
        ("name: a\ninner:\n  rate: 1\n  rate: 2\n", ":4: the key 'rate' stands twice (first on line 3)"),
        ("name: a\nlangauges: [fr]\n", ":2: unknown key 'langauges'; did you mean 'languages'?"),
        ("name: a\ninner:\n  ratte: 1\n", ":3: unknown key 'inner.ratte'; did you mean 'rate'?"),
        ("name: a\nmaybe:\n  ratte: 1\n", ":3: unknown key 'maybe.ratte'; did you mean 'rate'?"),
        ("name: a\nseveral:\n- rate: 1\n- ratte: 1\n", ":4: unknown key 'several.1.ratte'; did you mean 'rate'?"),
        ("name: a\nby_name:\n  x:\n    ratte: 1\n", ":4: unknown key 'by_name.x.ratte'; did you mean 'rate'?"),
        ("nme: a\n", ":1: unknown key 'nme'; did you mean 'name'?"),
        ("inner: {rate: 1}\n", ": the key 'name' is missing"),
        ("name: bad\n", ": the name 'bad' is bad; choose another"),
        ("- a\n", ": a mapping of settings is wanted, this is a list"),
        ("just words\n", ": a mapping of settings is wanted, this is a str"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, wanted: str) -> None:
    assert complaint(tmp_path, text) == wanted


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: a\ninner:\n  rate: fast\n", 3, "inner.rate"),
        ("name: a\ninner:\n  rate: -1\n", 3, "greater than 0 (it is -1)"),
        ("name: a\nlanguages: fr\n", 2, "list"),
        ("name: a\nlanguages:\n- fr\n- 3\n", 4, "languages.1"),
        ("name: a\ninner: 5\n", 2, "inner"),
        ("name: [a]\n", 1, "name"),
        ("name: a\nsize: [1]\n", 2, "size"),
    ],
)
def test_a_wrong_type_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    message = complaint(tmp_path, text)
    assert message.startswith(f":{line}: ")
    assert words in message
    assert "pydantic" not in message


@pytest.mark.parametrize("text", ["name: [a\n", "name: a\n\tb: 1\n", "a: b: c\n", "name: *x\n", "{a", "name: !x a\n"])
def test_what_is_not_yaml_is_told(tmp_path: Path, text: str) -> None:
    message = complaint(tmp_path, text)
    assert "not valid YAML" in message
    assert message.startswith(":")


@pytest.mark.parametrize("text", ["? [a, b]\n: 1\n", "a: 1\n---\nb: 2\n", "? {a: 1}\n: 1\n", "1: a\n", "<<: 3\n"])
def test_odd_documents_are_mistakes_too(tmp_path: Path, text: str) -> None:
    assert complaint(tmp_path, text)


def test_wrong_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        load_yaml(tmp_path / "none.yaml", Outer)
    with pytest.raises(UserError, match="is not a text file"):
        load_yaml(tmp_path, Outer)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not a text file"):
        load_yaml(tmp_path / "x.yaml", Outer)
    (tmp_path / "x.yaml").write_bytes(b"a: \x00")
    with pytest.raises(UserError, match="not valid YAML"):
        load_yaml(tmp_path / "x.yaml", Outer)


def test_an_empty_file_lacks_its_keys(tmp_path: Path) -> None:
    assert complaint(tmp_path, "") == ": the key 'name' is missing"


def test_validation_without_a_file() -> None:
    assert validate({"name": "a"}, Outer, "here").name == "a"
    with pytest.raises(UserError, match=r"^here: unknown key 'inner\.x'; known: labels, rate$"):
        validate({"name": "a", "inner": {"x": 1}}, Outer, "here")
