"""The audit of a data set: how language and label hang together, and what to do about it.

`tasks.audit` reads and counts, `leaderboard` has the measures, `adapters` the weights; here they become one report.
"""

from collections.abc import Callable, Sequence

from benchmark.auditing.report import Report

__all__ = ["Report", "audit"]


def audit(
    data: str | Sequence[str],
    *,
    text: Sequence[str] = (),
    label: Sequence[str] = (),
    language: str | None = None,
    separator: str | None = None,
    splits: Sequence[str] = (),
    config: str | None = None,
    revision: str | None = None,
    identify: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> Report:
    """Read a data set once, in little memory, and report how language and label hang together in it.

    Args:
        data: local files (parquet, jsonl, csv, tsv; all but parquet may be gzipped); or one folder with files called
            by their splits, one path with ``{language}``, one task or its YAML file, or one data set on the hub.
        text: the columns that make up a text; guessed by usual names.
        label: the column of the labels, or the 0/1 columns of several; guessed.
        language: the column of the language; guessed.
        separator: joins the labels of one text in a string; ``|`` is guessed, an empty one forbids that.
        splits: the splits to read; all by default.
        config: of a data set on the hub, ``{language}`` in it standing for each language.
        revision: of a data set on the hub.
        identify: also look for texts whose language tag looks wrong, which needs ``polyskew[identify]``.
        progress: called with the number of rows of each batch.

    Returns:
        The report: `Report.to_json`, `Report.to_python` and `Report.to_table` write it.

    Raises:
        UserError: the data or an option is wrong; the message says where.
    """
    from benchmark.auditing.analysis import report_on
    from tasks.audit.columns import Asked, choose
    from tasks.audit.data import find
    from tasks.audit.identification import SAMPLE, check_installed
    from tasks.audit.reading import read

    if identify:
        check_installed()
    names = [data] if isinstance(data, str) else list(data)
    found = find(names, Asked(tuple(text), tuple(label), language), splits, config, revision)
    chosen = choose(found.parts[0], found.asked)
    content = read(found, chosen, separator, SAMPLE if identify else 0, progress)
    return report_on(found, chosen, content)
