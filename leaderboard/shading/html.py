"""An explained text with its tokens shaded, as HTML that can be put into any page."""

from html import escape

from leaderboard.shading.terminal import (
    HEADINGS,
    NOT_REDISTRIBUTED,
    account,
    halves,
    heading,
    legend_of,
    numbers,
    shade,
    sides,
    signed,
    summary,
    visible,
)
from leaderboard.shading.text import ShadedText, Side

_FIGURE = (
    "margin:1em 0;padding:1em;background:#ffffff;color:#1a1a1a;color-scheme:light;border:1px solid #cccccc;"
    "border-radius:4px;font:16px/1.7 system-ui,sans-serif;text-align:left"
)
_SMALL = "margin:0;font-size:13px;line-height:1.5;color:#444444"
_ACCOUNT = "margin:1em 0 0.2em;font-size:13px;font-weight:600;color:#1a1a1a"
_BLOCK = "white-space:pre-wrap;overflow-wrap:anywhere;text-align:start;color:#1a1a1a"
_SECOND = "margin-top:0.4em;padding-top:0.4em;border-top:1px dashed #888888"
_TABLE = (
    "border-collapse:collapse;margin-top:0.5em;background:#ffffff;color:#1a1a1a;font-size:13px;line-height:1.4;"
    "font-variant-numeric:tabular-nums"
)
_ROW, _WORD, _NUMBER = (
    "border-top:1px solid #e5e5e5",
    "padding:1px 10px;text-align:left",
    "padding:1px 10px;text-align:right",
)


def html(text: ShadedText) -> str:
    """Return one ``<figure class="polyskew-text">``.

    It has inline styles only, no script, and asks for nothing from outside. It sets its own background and
    foreground. All names and texts are escaped, and every number also stands in a table.
    """
    lines = [f'<figure class="polyskew-text" lang="en" dir="ltr" style="{_FIGURE}">']
    if not text.redistribute:
        lines.append(f"<!-- {NOT_REDISTRIBUTED} -->")
    first, *others = heading(text, _isolated)
    caption = [f'<strong style="color:#1a1a1a">{first}</strong>', *others, legend_of(text)]
    lines.append(f'<figcaption style="{_SMALL}">{"<br>".join(caption)}</figcaption>')
    for name, side in sides(text):
        lines.append(f'<p style="{_ACCOUNT}">{account(name, side)}</p>')
        lines += _block(text, side)
    if told := summary(text):
        lines.append(f'<p style="{_SMALL};margin-top:1em">{"<br>".join(told)}</p>')
    return "\n".join([*lines, *_table(text), "</figure>"]) + "\n"


def _isolated(name: str) -> str:
    return f"<bdi>{escape(name)}</bdi>"


def _block(text: ShadedText, side: Side) -> list[str]:
    """Return one paragraph for each side of a pair; each takes its direction from its own letters."""
    language = escape(text.language)
    lines: list[str] = []
    for tokens in halves(text):
        style = f"{_BLOCK};{_SECOND}" if lines else _BLOCK
        spans = "".join(_span(text, side, token) for token in tokens)
        lines.append(f'<div lang="{language}" dir="auto" style="{style}">{spans}</div>')
    return lines


def _span(text: ShadedText, side: Side, token: int) -> str:
    title = signed(side.values[token])
    for name, other in sides(text):
        if other is not side:
            title += f" ({name} {signed(other.values[token])})"
    colours = shade(side.values[token], text.scale)
    if colours is None:
        return f'<span title="{title}">{escape(text.pieces[token])}</span>'
    before, core, after = visible(text.pieces[token])
    # A hairline parts the tokens. Padding or a border would, too, but break the joins of a cursive script.
    style = f"background:{colours[0]};color:{colours[1]};box-shadow:inset 1px 0 #ffffff"
    return f'{escape(before)}<span title="{title}" style="{style}">{escape(core)}</span>{escape(after)}'


def _table(text: ShadedText) -> list[str]:
    language, names = escape(text.language), HEADINGS if text.reference else HEADINGS[:2]
    styles = [_WORD if name in ("token", "set") else _NUMBER for name in names]
    head = "".join(f'<th scope="col" style="{style}">{name}</th>' for name, style in zip(names, styles, strict=True))
    lines = ["<details>", f'<summary style="{_SMALL};margin-top:0.5em">the values of all tokens</summary>']
    lines += [f'<table style="{_TABLE}">', f"<thead><tr>{head}</tr></thead>"]
    rows = numbers(text)
    for tokens in halves(text):
        lines.append("<tbody>")
        for token, *others in rows[tokens.start : tokens.stop]:
            word = f'<th scope="row" style="{_WORD};font-weight:400"><bdi lang="{language}">{escape(token)}</bdi></th>'
            told = (f'<td style="{style}">{cell}</td>' for style, cell in zip(styles[1:], others, strict=True))
            lines.append(f'<tr style="{_ROW}">{word}{"".join(told)}</tr>')
        lines.append("</tbody>")
    return [*lines, "</table>", "</details>"]
