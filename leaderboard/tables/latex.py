"""The board as LaTeX tables, which pdfLaTeX, XeLaTeX and LuaLaTeX typeset whatever the names in them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from leaderboard.board import Board
from leaderboard.tables.layout import Cell, Line, Section, contiguous, layout
from leaderboard.tables.writing import scale, shortened

_PREAMBLE = r"""% Tables of a polyskew board. In the preamble: \usepackage{booktabs} and \usepackage{graphicx}.
% Characters that pdfLaTeX has no glyph for are written as U+XXXX there; XeLaTeX and LuaLaTeX show them in your font.
\providecommand{\polyskewname}[2]{\ifdefined\Umathchar#1\else#2\fi}"""
_ROWS = 30  # of one table
_SIGNS = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\char34{}",
        "`": r"\textasciigrave{}",
        "'": "{'}",
        "-": "{-}",
        "[": "{[}",  # after \\ it would be a length
        "]": "{]}",
        "*": "{*}",  # likewise
        "±": r"$\pm$",
        "Δ": r"$\Delta$",
        "·": r"$\cdot$",
        "…": r"\ldots{}",
        "\N{REPLACEMENT CHARACTER}": "?",  # LuaLaTeX takes it for a broken file
    }
)
# All but ASCII and what the fonts of every LaTeX have.
_OTHERS = re.compile(r"[^ -~ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœŁłŠšŽž±Δ·…]+")


def latex(board: Board, columns: Sequence[str], group: Sequence[str]) -> str:
    """Return one ``table`` for each section, with a caption, a label and notes beneath; several where it is long."""
    sections = layout(board, columns, group, ("bold", "underlined"))
    labels = _labels([section.title for section in sections])
    tables = [table for section, label in zip(sections, labels, strict=True) for table in _tables(section, label)]
    return "\n\n".join([_PREAMBLE, *tables]) + "\n"


def _tables(section: Section, label: str) -> Iterator[str]:
    """Yield a section's tables: what is longer than a page would be cut off there."""
    title, (estimated, *others) = _prose(section.title), section.caption
    body = _body(section.lines)
    for start in range(0, len(body), _ROWS):
        again = ", continued" if start else ""
        last = start + _ROWS >= len(body)
        yield "\n".join(
            [
                r"\begin{table}[htbp]",
                r"\centering",
                rf"\caption[{title}{again}]{{{title}{again}. {_prose(estimated)}.}}",
                rf"\label{{{label}{f':rows-{start + 1}' if start else ''}}}",
                r"\par\smallskip",
                r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
                *_head(section),
                *(body[start : start + _ROWS]),
                r"\bottomrule",
                r"\end{tabular}}",
                *(_notes(section.remarks + others) if last else []),
                r"\end{table}",
            ]
        )


def _notes(told: Sequence[str]) -> list[str]:
    sentences = " ".join(f"{_prose(one)}." for one in told)
    return [r"\par\medskip", rf"{{\footnotesize\raggedright {sentences}\par}}"]


def _head(section: Section) -> list[str]:
    kinds = "l" * len(section.names) + "".join("l" if worded else "r" for worded in section.worded)
    headings = [safe(text) for text in (*section.names, *section.headings)]
    units = ["" for _ in section.names] + [_unit(section, name) for name in section.columns]
    rows = [f"{' & '.join(cells)} \\\\" for cells in (headings, units)]
    return [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", *rows, r"\midrule"]


def _body(lines: Sequence[Line]) -> list[str]:
    """Return the rows; where rows of one first name stand together, space parts them from the next."""
    written, together = [], contiguous(lines)
    for place, line in enumerate(lines):
        apart = together and place % _ROWS and line.names[0] != lines[place - 1].names[0]
        cells = [*map(_text, line.names), *map(_cell, line.cells)]
        written.append(("\\addlinespace\n" if apart else "") + f"{' & '.join(cells)} \\\\")
    return written


def _cell(cell: Cell) -> str:
    value = _text(cell.value)
    if cell.mark.place:
        value = rf"\{'textbf' if cell.mark.place == 'best' else 'underline'}{{{value}}}"
    half = rf"\,$\pm$\,{_text(cell.half)}" if cell.half else ""
    marks = "*" * cell.mark.apart + cell.mark.letters
    return value + half + (rf"\rlap{{\textsuperscript{{{marks}}}}}" if marks else "")


def _text(text: str) -> str:
    """Write a number with its sign, and a dash where it is missing; any other text is kept."""
    if text == "-":
        return "--"
    signed = re.fullmatch(r"([-+])([\d.]+)", text)
    return f"${signed[1]}${signed[2]}" if signed else safe(shortened(text))


def _unit(section: Section, name: str) -> str:
    column = section.numbers.get(name)
    if column is None:
        return ""
    return rf"{{\footnotesize {'$10^{-3}$ ' if scale(column) != 1.0 else ''}{safe(column.unit)}}}"


def _prose(text: str) -> str:
    """Write a sentence; a word that is too long to be broken is cut."""
    return safe(" ".join(map(shortened, text.split())))


def _labels(titles: Sequence[str]) -> list[str]:
    """Return a label for each title, of plain letters and each once."""
    labels: list[str] = []
    for title in titles:
        plain = "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:60].strip("-") or "board"
        number = sum(re.sub(r":\d+$", "", label) == f"tab:{plain}" for label in labels)
        labels.append(f"tab:{plain}:{number + 1}" if number else f"tab:{plain}")
    return labels


def safe(text: str) -> str:
    """Write a text, which is one line, so that LaTeX prints it and does nothing else."""
    return _OTHERS.sub(_unknown, unicodedata.normalize("NFC", text).translate(_SIGNS))


def _unknown(match: re.Match[str]) -> str:
    codes = " ".join(f"U+{ord(character):04X}" for character in match[0])
    return rf"\polyskewname{{{match[0]}}}{{{codes}}}"
