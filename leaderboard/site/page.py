"""The page itself: markup, style, program and data in one file that asks for nothing from outside."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from leaderboard.site.packing import packed

MODULES = (
    "dom.js",
    "numbers.js",
    "payload.js",
    "saving.js",
    "figure.js",
    "scales.js",
    "marks.js",
    "panels.js",
    "dots.js",
    "board_table.js",
    "board_columns.js",
    "board_filters.js",
    "board.js",
    "shares.js",
    "accuracy.js",
    "layers.js",
    "leakage.js",
    "drift.js",
    "pareto.js",
    "texts.js",
    "provenance.js",
    "row.js",
    "theme.js",
    "main.js",
)
"""The program's modules; each stands after those that it imports."""
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|const) (\w+))", re.MULTILINE)


def page(listed: Mapping[str, Any], chunks: Sequence[str]) -> str:
    """Return the page.

    Args:
        listed: the board and the sentences around it.
        chunks: the packed details of its rows, in order.
    """
    style, script = _asset("style.css"), program()
    data = [_data("board", packed(listed)), *(_data(f"rows-{number}", chunk) for number, chunk in enumerate(chunks))]
    parts = {
        "policy": _policy(style, script),
        "title": escape(str(listed["title"])),
        "question": escape(str(listed["question"])),
        "about": escape(str(listed["about"])),
        "style": style,
        "data": "\n".join(data),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _asset("page.html"))


def program() -> str:
    """Return the modules as one script: modules within a page cannot import each other.

    Each stands in a function of its own, which returns what it exports; the last one is the page's beginning.
    """
    *modules, main = MODULES
    return "\n".join([*map(_wrapped, modules), _without_imports(_asset(main))])


def _wrapped(name: str) -> str:
    source = _without_imports(_asset(name))
    exports = ", ".join(found[2] for found in _EXPORT.finditer(source))
    body = _EXPORT.sub(r"\1", source)
    return f"const {_variable(Path(name).stem)} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"


def _without_imports(source: str) -> str:
    return _IMPORT.sub(lambda found: f"const {found[1]} = {_variable(found[2])};", source)


def _variable(module: str) -> str:
    return f"{module}_module"


def _asset(name: str) -> str:
    return files("leaderboard.site").joinpath("assets", name).read_text(encoding="utf-8")


def _data(name: str, letters: str) -> str:
    return f'<script type="text/plain" id="data-{name}">{letters}</script>'


def _policy(style: str, script: str) -> str:
    """Return a policy under which only this style and this program run, and nothing is asked for."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data: blob:",  # the icon, and a figure on its way to a PNG
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
