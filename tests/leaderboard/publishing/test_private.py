"""What is private, and how it is cleaned."""

import getpass
import socket
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import tasks
from leaderboard.publishing.private import Private, private

NAMES = st.text("abcXYZ019._-é文", min_size=1, max_size=12).filter(lambda text: text.strip(".") == text)
FOLDERS = st.lists(NAMES, min_size=2, max_size=5)


@pytest.fixture(scope="module")
def mine() -> Private:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: "annabox-7.lab.example")
        patch.setattr(getpass, "getuser", lambda: "annalena")
        patch.setenv("MY_SECRET", "correct-horse")
        patch.setenv("HF_TOKEN", "my-own-token")
        return private()


@given(FOLDERS, st.sampled_from(["", "cannot read ", "x=", "'", "(", "at: "]))
def test_a_path_keeps_its_last_part_only(mine: Private, folders: list[str], before: str) -> None:
    text = f"{before}/{'/'.join(folders)}"
    assert mine.found(text) == "an absolute path"
    assert mine.clean(text) == before + folders[-1]


@given(
    st.lists(st.text("ab é()'[]&", min_size=1).filter(lambda text: text.strip() == text), min_size=1, max_size=4), NAMES
)
def test_of_a_path_on_its_own_nothing_else_is_left(mine: Private, folders: list[str], name: str) -> None:
    for start, between in (("/", "/"), ("~/", "/"), ("C:\\", "\\"), ("../", "/")):
        assert mine.clean(start + between.join([*folders, name])) == name


@pytest.mark.parametrize(("value", "cleaned"), [("/data", "data"), ("/", ""), ("/my data", "my data"), ("../x", "x")])
def test_a_value_that_is_a_short_path(mine: Private, value: str, cleaned: str) -> None:
    assert mine.clean(value) == cleaned
    assert not mine.found(value), "it says too little to stop anybody"


@given(
    st.text(max_size=40), st.sampled_from(["annabox-7", "annalena", "correct-horse", "my-own-token", "hf_" + "a1" * 15])
)
def test_nothing_is_left_after_cleaning(mine: Private, around: str, thing: str) -> None:
    cleaned = mine.clean(f"{around} {thing} {around}")
    assert thing not in cleaned
    assert mine.clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("file:///home/x/y.csv", "y.csv"),
        ("~/x/y.csv", "y.csv"),
        ("C:\\Users\\x\\y.csv", "y.csv"),
        ("\\\\server\\share\\y.csv", "y.csv"),
        ("box:/srv/data/y.csv", "box:y.csv"),
        ("user ANNALENA", "user [user]"),
        ("Bearer abcdefghijklmnopqrstuvwx", "[removed]"),
        ("ghp_" + "a" * 36, "[removed]"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc", "[removed]"),
        ("AIzaSy" + "a" * 33, "[removed]"),
        ("https://jane:pa:ss@w0rd@example.org/x?y=1", "https://example.org/x?y=1"),
        ("see postgresql://jane@example.org/x", "see postgresql://example.org/x"),
        ("https://example.org/x?a=1&X-Signature=abc%2Fd&b=2", "https://example.org/x?a=1&[removed]&b=2"),
        ("/home/jane doe/data/x.csv", "x.csv"),
        ("cannot read /home/jane doe/my (old) data/x.csv: gone", "cannot read x.csv: gone"),
        ("C:\\Users\\Jane Doe\\data\\x.csv", "x.csv"),
        ("in C:\\Users\\Jane Doe\\data\\x.csv now", "in x.csv now"),
        ("C:/Users/Jane Doe/x.csv", "x.csv"),
        ("~jane/data/x", "x"),
        ("from ~jane/data/x on", "from x on"),
        ("../../home/jane/x", "x"),
        ("see ../../home/jane/x", "see x"),
        ("-/home/jane/x", "-x"),
        ("'/my data/jane's/x.csv' has no column 'a/b'", "'x.csv' has no column 'a/b'"),
        ('"/home/jane"', '"[user]"'),
        ("in /home/jane", "in [user]"),
        ("C:\\Users\\Jane", "[user]"),
        ("cannot move /home/a/x to /srv/b/y", "cannot move x to y"),
        ("path=/home/jane/x:/opt/y/z", "path=x:z"),
        ("<path>/home/jane/z", "<path>z"),
        ("https://example.org/home/a (from /home/jane/z)", "https://example.org/home/a (from z)"),
    ],
)
def test_forms_of_paths_and_tokens(mine: Private, text: str, cleaned: str) -> None:
    assert mine.clean(text) == cleaned
    assert mine.found(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://huggingface.co/org/name",
        "org/name",
        "full/balanced/none",
        "</b></i>",
        "1/2 or 3/4",
        "Linux x86_64",
        "annalenas",
        "hf_hub_download_of_a_file",
        "tokens/s",
        "and/or",
        "https://example.org/a_(b)/c/d",
        "https://example.org/~jane/x",
        "git+ssh://git@example.org/org/name",
        "https://example.org/@jane",
        "Lern-/Test-/Übungsdaten",
        "about ~10/20",
        "either a or b: and/or",
        "I :/ that",
    ],
)
def test_what_is_not_private(mine: Private, text: str) -> None:
    assert (mine.found(text), mine.clean(text)) == ("", text)


def test_common_and_public_names_are_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")
    monkeypatch.setattr(getpass, "getuser", lambda: "lora")
    monkeypatch.setattr(Path, "home", lambda: Path("/root"))
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "lora")
    assert private().found("lora")
    assert not private({"lora"}).found("lora on localhost as root")


def test_licences_and_citations_are_let_through(mine: Private) -> None:
    shipped = [yaml.safe_load(path.read_text()) for path in (Path(tasks.__file__).parent / "shipped").glob("*.yaml")]
    assert len(shipped) > 4
    assert [mine.found(f"{task['licence']}\n{task['citation']}") for task in shipped] == [""] * len(shipped)
