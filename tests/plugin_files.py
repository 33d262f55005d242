"""Plug-ins for tests: files, installed packages, and a process that forgets them afterwards."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from polyskew import plugins
from polyskew.plugins import KINDS, VARIABLE, registry

WEIGHTING = '''"""A plug-in."""

import numpy as np

import polyskew


@polyskew.register("weighting")
def cube_root(counts):
    """The cube root of the per-language weights."""
    rows = counts.sum(axis=1, keepdims=True)
    return np.cbrt(np.divide(rows, counts.shape[1] * counts, out=np.zeros(counts.shape), where=counts > 0))
'''


@contextmanager
def forgotten() -> Iterator[None]:
    """Within the block nothing is known of plug-ins, and after it nothing of those that came in it."""
    known = [registry(kind) for kind in KINDS]
    before = [dict(vars(one)) for one in known]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        patch.setattr(sys, "path", [*sys.path])
        for name in ("_loaded", "_read", "_registered"):
            patch.setattr(plugins, name, {})
        for one in known:
            suites = {name: entry for name, entry in one._entries.items() if entry.origin is None}
            vars(one).update(_entries=suites, _loaded={}, _broken=set(), _scanned=False)
        try:
            yield
        finally:
            os.environ.pop(VARIABLE, None)  # before the patch brings back what was there
            for one, state in zip(known, before, strict=True):
                vars(one).update(state)
            for name in [name for name in sys.modules if name.startswith("polyskew_plugin_")]:
                del sys.modules[name]


def install(
    folder: Path, package: str, code: str, points: dict[str, str], version: str = "1.0", info: str = ""
) -> None:
    """Lay out an installed package of one module as an installer would.

    Args:
        folder: a folder of ``sys.path``.
        package: the distribution and its module.
        code: of the module.
        points: by group, lines of its entry points.
        version: of the distribution.
        info: the file of entry points as it is, in place of ``points``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{package}.py").write_text(code)
    meta = folder / f"{package}-{version}.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\nSummary: what {package} brings\n\nSummary: no\n"
    )
    text = "".join(f"[polyskew.{group}]\n{lines}\n\n" for group, lines in points.items())
    (meta / "entry_points.txt").write_text(info or text)
