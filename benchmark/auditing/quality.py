"""Texts that stand twice, and texts whose language tag looks wrong."""

from collections.abc import Iterator

from benchmark.auditing.layout import Styled, drawn, grid, sentence
from benchmark.auditing.report import Doubt, Report
from benchmark.auditing.words import count, share
from leaderboard.tables.widths import cut

_DOUBTS = 5  # texts that are shown
_TAGS = 24  # languages that are listed


def duplicates(report: Report, width: int) -> Iterator[Styled]:
    """Yield how many texts stand twice, where, and an example of each kind."""
    found = report.duplicates
    example = {
        kind: f"; for example {pairs[0].first} = {pairs[0].second}" if pairs else ""
        for kind, pairs in found.examples.items()
    }
    yield "Texts that stand twice", "bold"
    told = [
        f"{name}: {count(rows, 'row')} ({share(rows, report.splits[name].rows)}) with a text that stands earlier"
        for name, rows in found.repeated.items()
        if rows
    ]
    told[:1] = [one + example["repeated"] for one in told[:1]]
    shared = [
        f"{one} and {other} share {count(texts, 'text')}"
        for one, row in found.shared.items()
        for other, texts in row.items()
        if texts
    ]
    shared[:1] = [one + example["shared"] for one in shared[:1]]
    told += shared
    if found.conflicting:
        told.append(
            f"with different labels: {count(found.conflicting, 'text')} ({count(found.conflicting_rows, 'row')})"
            + example["conflicting"]
        )
    if found.multilingual:
        told.append(f"under several languages: {count(found.multilingual, 'text')}{example['multilingual']}")
    for one in told or ["none"]:
        yield from sentence(one, width, "yellow" if told else "")


def looks(report: Report, width: int) -> Iterator[Styled]:
    """Yield by language what the texts look like; nothing if that was not asked for."""
    if report.looks is None:
        return
    yield "Texts that look like another language than their tag's", "bold"
    rows = []
    doubts: list[Doubt] = []
    for language, looks in sorted(report.looks.items(), key=lambda item: -_doubtful(item[1].other, item[1].checked)):
        other = sum(looks.other.values())
        like = ", ".join(f"{name} {number}" for name, number in list(looks.other.items())[:5])
        checked = count(looks.checked) if looks.checked or looks.skipped else "unknown"
        rows.append([language, checked, count(looks.skipped), count(other), share(other, looks.checked), like])
        doubts += looks.examples[:1]
    yield from drawn(
        grid(["tag", "checked", "too short", "other", "share", "looks like"], rows[:_TAGS], left=(0, 5)), width
    )
    yield from sentence(
        "a random sample of each language's distinct texts; unknown: a tag that the identifier does not know",
        width,
        "dim",
    )
    for doubt in doubts[:_DOUBTS]:
        yield from sentence(f"{doubt.place} looks like {doubt.looks_like}:", width, "")
        yield f"   {cut(' '.join(doubt.text.split()), width - 4)}", "dim"


def _doubtful(other: dict[str, int], checked: int) -> float:
    return sum(other.values()) / checked if checked else 0.0
