"""LaTeX tables: they compile, and names are printed and do nothing."""

import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from leaderboard.board import Board
from leaderboard.tables.latex import safe
from tests.leaderboard.tables.made_up import HOSTILE, hostile, row, small

ASCII = str.maketrans("ˆ˜∆", "^~Δ")  # as Computer Modern has them
DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{graphicx}
\begin{document}
%s
\end{document}
"""


@pytest.fixture
def typeset(tmp_path: Path) -> object:
    if not shutil.which("pdflatex") or not shutil.which("pdftotext"):
        pytest.skip("pdflatex (texlive-latex-recommended) and pdftotext (poppler-utils) are not installed")

    def compiled(source: str, engine: str = "pdflatex") -> str:
        (tmp_path / "board.tex").write_text(DOCUMENT % source, encoding="utf-8")
        command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "board.tex"]
        for _ in range(2):  # the second run reads what the first wrote of captions and labels
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
            assert done.returncode == 0, done.stdout[-2000:]
        told = ["pdftotext", "-layout", "board.pdf", "-"]
        return subprocess.run(told, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.translate(ASCII)

    return compiled


def test_the_table_compiles_with_its_caption_label_units_and_numbers(typeset: object) -> None:
    source = "\\listoftables\nSee Table~\\ref{tab:reviews-tiny}.\n" + small().to_latex()
    text = typeset(source)
    assert "See Table 1." in text
    assert "Table 1: reviews · tiny. ± is half a 95% interval" in " ".join(text.split())
    for told in (".610 ± .010", "−.02 ± .01", "+.40 ± .01", "per language", "failed", "10−3 probability", "0/3"):
        assert told in re.sub(r" +", " ", text).replace("_", " "), told


def test_hostile_names_are_printed_and_do_nothing(typeset: object, tmp_path: Path) -> None:
    (tmp_path / "x.tex").write_text("THIS FILE WAS READ")
    text = typeset("\\listoftables\n" + "\\clearpage\n".join(hostile().to_latex().split("\n\n")))
    assert "THIS FILE WAS READ" not in text
    for told in (
        "\\input{x}",
        "\\write18{ls}$ 100% #1 a",
        "^^M^^41 ~ & | ` *b*",
        "=cmd()",
        "<script>alert(1)</script>",
    ):
        assert told in text, told
    assert "U+0645 U+0631 U+062D" in text
    assert "U+8BC4 U+8BBA" in text
    assert "[4pt] \\\\[9cm] * ] }" in text


def test_random_texts_compile(typeset: object) -> None:
    draw = random.Random(0)
    ranges = [(32, 126), (32, 126), (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0xFFFF), (0x10000, 0x1FFFF)]
    names = ["".join(chr(draw.randint(*draw.choice(ranges))) for _ in range(8)) for _ in range(150)]
    rows = [row(name, f"r{place}", numbers={"accuracy": 0.5}) for place, name in enumerate(names)]
    board = Board(tuple(rows))
    for engine in ("pdflatex", "xelatex", "lualatex"):
        if shutil.which(engine):
            typeset(board.to_latex(columns=["accuracy"]), engine)


def test_all_that_has_a_meaning_in_latex_is_escaped() -> None:
    for name in HOSTILE:
        bare = re.sub(
            r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textasciigrave"
            r"|ldots|char34)\{\}|\\[{}$&#%_]|\{[-\[\]*']\}|\\polyskewname\{[^ -~]+\}\{[U+0-9A-F ]+\}",
            "",
            safe(name),
        )
        assert not set(bare) & set('\\{}$&#%_^~[]*<>|"`'), (name, bare)


def test_labels_are_plain_and_each_stands_once() -> None:
    board = Board(tuple(row(task=task) for task in ("a_b", "a b", "a-b", "评论", "مرحبا", "A_B")))
    labels = re.findall(r"\\label\{(.*)\}", board.to_latex())
    assert labels == ["tab:a-b-tiny", "tab:a-b-tiny:2", "tab:a-b-tiny:3", "tab:tiny", "tab:tiny:2", "tab:a-b-tiny:4"]
    assert re.findall(r"\\label\{(.*)\}", Board((row(task="评", model="论"),)).to_latex()) == ["tab:board"]


def test_a_long_table_goes_on_in_another(typeset: object) -> None:
    board = Board(tuple(row(f"method{place:03d}", numbers={"accuracy": place / 100}) for place in range(75)))
    source = board.to_latex(columns=["accuracy"])
    assert re.findall(r"\\label\{(.*)\}", source) == [
        "tab:reviews-tiny",
        "tab:reviews-tiny:rows-31",
        "tab:reviews-tiny:rows-61",
    ]
    text = typeset(source)
    assert all(f"method{place:03d}" in text for place in range(75))
    assert text.count("reviews · tiny, continued.") == 2
    assert text.count("n: finished seeds.") == 1
