"""Files are whole or absent, and damage is told by the file's name."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyskew.errors import UserError
from polyskew.files import (
    MANIFEST,
    atomic_folder,
    checksums,
    damage,
    is_complete,
    read_json,
    sha256,
    write_json,
    write_text,
)


def fill(folder: Path, text: str = "one") -> Path:
    with atomic_folder(folder) as out:
        (out / "a.txt").write_text(text)
        (out / "deep").mkdir()
        (out / "deep" / "b.bin").write_bytes(b"\0" * 10)
    return folder


def test_a_finished_folder_has_its_checksums(tmp_path: Path) -> None:
    folder = fill(tmp_path / "made")
    assert is_complete(folder)
    assert damage(folder) == ""
    assert checksums(folder) == {
        "a.txt": hashlib.sha256(b"one").hexdigest(),
        "deep/b.bin": hashlib.sha256(b"\0" * 10).hexdigest(),
    }
    assert sha256(folder / "a.txt") == hashlib.sha256(b"one").hexdigest()
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_second_filling_replaces_the_first(tmp_path: Path) -> None:
    fill(tmp_path / "made")
    with atomic_folder(tmp_path / "made") as out:
        (out / "c.txt").write_text("two")
    assert list(checksums(tmp_path / "made")) == ["c.txt"]
    assert not (tmp_path / "made" / "a.txt").exists()


def test_an_exception_leaves_nothing_and_keeps_what_was(tmp_path: Path) -> None:
    fill(tmp_path / "made")
    for folder in (tmp_path / "made", tmp_path / "new"):
        with pytest.raises(UnicodeEncodeError), atomic_folder(folder) as out:
            (out / "a.txt").write_text("half \ud800", encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert (tmp_path / "made" / "a.txt").read_text() == "one"
    assert is_complete(tmp_path / "made")


def test_a_process_killed_while_writing_leaves_no_finished_folder(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from polyskew.files import atomic_folder\n"
        "with atomic_folder(Path(sys.argv[1])) as out:\n"
        "    (out / 'a.txt').write_text('half'); print('writing', flush=True); time.sleep(60)\n"
    )
    folder = tmp_path / "made"
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    assert not folder.exists()
    assert not any(is_complete(path) for path in tmp_path.iterdir())
    assert is_complete(fill(folder))


def test_damage_names_the_first_bad_file(tmp_path: Path) -> None:
    folder = fill(tmp_path / "made")
    (folder / "a.txt").write_text("One")
    assert is_complete(folder), "the size alone does not tell"
    assert damage(folder) == f"{folder / 'a.txt'} does not have its recorded checksum"
    (folder / "a.txt").write_text("on")
    assert damage(folder) == f"{folder / 'a.txt'} has 2 bytes instead of 3"
    assert not is_complete(folder)
    (folder / "a.txt").unlink()
    assert damage(folder) == f"{folder / 'a.txt'} is missing"
    (folder / MANIFEST).unlink()
    assert damage(folder) == f"{folder} has no {MANIFEST}"


@pytest.mark.parametrize("content", ["", '{"files": {"a', "[]", '{"files": {"a.txt": {}}}'])
def test_a_damaged_manifest_is_damage(tmp_path: Path, content: str) -> None:
    folder = fill(tmp_path / "made")
    (folder / MANIFEST).write_text(content)
    assert MANIFEST in damage(folder)
    assert not is_complete(folder)


@given(st.text())
def test_text_and_json_come_back(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "deep" / "x.json"
        write_json(path, {"b": text, "a": [1, None]})
        assert read_json(path) == {"a": [1, None], "b": text}
        assert [found.name for found in path.parent.iterdir()] == ["x.json"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, float("nan"))
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \ud800")
    assert json.loads(path.read_text()) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["x.json"]


def test_unreadable_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"x\.json does not exist"):
        read_json(tmp_path / "x.json")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(UserError, match=r"x\.json is not valid JSON"):
        read_json(tmp_path / "x.json")


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    script = (
        "import sys; from pathlib import Path; from polyskew.files import write_json\n"
        "for n in range(100000): write_json(Path(sys.argv[1]), [n] * 2000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(path)])
    try:
        seen = set()
        end = time.monotonic() + 20
        while len(seen) < 5 and time.monotonic() < end:
            if path.exists():
                value = read_json(path)
                assert value == [value[0]] * 2000
                seen.add(value[0])
    finally:
        process.kill()
        process.wait()
    assert len(seen) >= 5
