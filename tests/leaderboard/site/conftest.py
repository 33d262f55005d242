"""A results folder, its site, and a tab of Chromium that lets nothing wrong pass."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from leaderboard.site import write_site
from tests.leaderboard.site.chromium import chromium, path
from tests.leaderboard.site.folders import hostile, plain


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plain(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def site(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_site(results, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def hostile_site(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    return write_site(hostile(results, folder / "results"), folder / "site")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if path() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Chromium, and CI runs the browser tests: install Debian's chromium")
        pytest.skip("there is no Chromium: install Debian's chromium, or name one in CHROMIUM")
    with chromium() as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile; whatever the page asks for beside itself, and whatever goes wrong in it, fails the test."""
    wrong: list[str] = []
    found = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    found.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    found.on("weberror", lambda error: wrong.append(str(error.error)))
    found.on("request", lambda request: None if _own(request.url) else wrong.append(f"asked for {request.url}"))
    yield found
    found.close()
    assert wrong == []


def _own(url: str) -> bool:
    return url.startswith(("data:", "blob:")) or (
        url.startswith("file:") and url.partition("#")[0].endswith("/index.html")
    )


@pytest.fixture
def page(context: BrowserContext) -> Page:
    found = context.new_page()
    found.set_default_timeout(5000)
    return found
