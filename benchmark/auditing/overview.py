"""What was read, and how strongly language and label hang together in each split."""

from collections.abc import Iterator

from benchmark.auditing.layout import Styled, drawn, grid, sentence
from benchmark.auditing.report import Report, SplitReport
from benchmark.auditing.words import bits, count, interval, share, tested, value
from benchmark.auditing.words import name as shortened


def head(report: Report, width: int) -> Iterator[Styled]:
    """Yield what was read, and what was decided on the user's behalf."""
    rows = sum(split.rows for split in report.splits.values())
    splits = f" in {len(report.splits)} splits" if len(report.splits) > 1 else ""
    several = ", several or none a text" if report.several else ""
    yield from sentence(
        f"{report.data}: {count(rows)} rows{splits}, {len(report.languages)} languages, "
        f"{len(report.labels)} labels{several}",
        width,
        "bold",
    )
    columns = []
    for kind, names in report.columns.items():
        guessed = " (guessed)" if kind in report.guessed else ""
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        columns.append(f"{kind}: {shown}{guessed}" if names else f"{kind}: by the files' or configs' names")
    yield from sentence("; ".join(columns), width, "dim")
    for note in report.notes:
        yield from sentence(note, width, "dim")


def splits(report: Report, width: int) -> Iterator[Styled]:
    """Yield one line a split: how strongly language and label hang together; and what is missing."""
    rows = [[name, count(split.rows), *_strength(split)] for name, split in report.splits.items()]
    most = ["largest V", "95%", "label", "mean V"] if report.several else ["V", "95%", "p", "bits", "of label's"]
    yield from drawn(grid(["split", "rows", *most], rows, left=(0, 4) if report.several else (0,)), width)
    explained = (
        "V: Cramer's V of language and a label's presence, less its bias: 0 independent, 1 one tells the other"
        if report.several
        else "V: Cramer's V of language and label, less its bias: 0 independent, 1 one tells the other; p: of "
        "independence; bits: of the label's entropy that the language tells, less their bias"
    )
    yield from sentence(explained, width, "dim")
    for kind in ("text", "label", "language"):
        lacking = [(name, split.missing[kind], split.rows) for name, split in report.splits.items()]
        told = ", ".join(f"{name} {count(part, 'row')} ({share(part, of)})" for name, part, of in lacking if part)
        if told:
            yield from sentence(f"left out, without a {kind}: {told}", width, "yellow")


def _strength(split: SplitReport) -> list[str]:
    if split.by_label:
        label, strongest = max(split.by_label.items(), key=lambda item: item[1].association.v)
        mean = sum(strength.association.v for strength in split.by_label.values()) / len(split.by_label)
        return [value(strongest.association.v), interval(strongest.association), shortened(label, 24), value(mean)]
    if split.strength is None:
        present = [language for language, texts in split.texts.items() if texts]
        return [f"only {present[0]}" if len(present) == 1 else "one label" if present else "no row"]
    one = split.strength
    return [
        value(one.association.v),
        interval(one.association),
        tested(one),
        bits(max(one.bits, 0.0)),
        share(one.share, 1),
    ]
