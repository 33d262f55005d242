"""Foreign packages under the suite's names are told in one sentence."""

import sys
from pathlib import Path

import pytest

from polyskew import house
from polyskew.errors import UserError


def rooms(home: Path) -> None:
    for room in (*house.ROOMS, "polyskew"):
        (home / room).mkdir()
        (home / room / "__init__.py").write_text("from polyskew.registry import Registry\n")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of the suite in a folder of its own."""
    (tmp_path / "site").mkdir()
    rooms(tmp_path / "site")
    monkeypatch.setattr(house, "__file__", str(tmp_path / "site" / "polyskew" / "house.py"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    for room in house.ROOMS:
        monkeypatch.delitem(sys.modules, room, raising=False)
    return tmp_path


def test_the_suites_own_rooms_pass(home: Path) -> None:
    house.check_rooms()


def test_a_package_installed_over_ours_is_told(home: Path) -> None:
    (home / "site" / "adapters" / "__init__.py").write_text("__version__ = '1.2.0'\n")
    with pytest.raises(UserError, match=r"answers to the name 'adapters'.*AdapterHub"):
        house.check_rooms()


def test_a_file_in_the_current_folder_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "cwd").mkdir()
    (home / "cwd" / "tasks.py").touch()
    monkeypatch.setattr(sys, "path", [str(home / "cwd"), *sys.path])
    with pytest.raises(UserError, match=r"tasks\.py answers to the name 'tasks'"):
        house.check_rooms()


def test_a_missing_room_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [])
    with pytest.raises(UserError, match="is missing"):
        house.check_rooms()
