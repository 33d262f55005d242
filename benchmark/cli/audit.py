"""The command ``audit``."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from benchmark.cli.console import console


class AuditFormat(StrEnum):
    """How an audit is written."""

    table = "table"
    json = "json"
    python = "python"


def audit(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA",
            help="Files, a folder of splits, a path with {language}, a task (name or YAML), or ORG/NAME on the hub.",
        ),
    ],
    text: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="The text; repeat it for a pair. Guessed by usual names.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="The label; repeat it for 0/1 columns, one a label.")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="COLUMN", help="The language of each row.")] = None,
    separator: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Joins the labels of one text; | is guessed, '' forbids it.")
    ] = None,
    split: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Read this split only; repeatable.")] = None,
    config: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a hub data set; '{language}' for one a language.")
    ] = None,
    revision: Annotated[str | None, typer.Option(metavar="COMMIT", help="Of a hub data set.")] = None,
    identify: Annotated[
        bool, typer.Option("--identify", help="Also look for wrong language tags (needs polyskew[identify]).")
    ] = False,
    format: Annotated[AuditFormat, typer.Option(help="A table, JSON, or the weights as Python.")] = AuditFormat.table,
) -> None:
    """Show how language and label hang together in a data set, and what to do about it."""
    from benchmark.auditing import audit as read
    from benchmark.auditing.progress import counting

    with counting() as progress:
        report = read(
            data,
            text=text or (),
            label=label or (),
            language=language,
            separator=separator,
            splits=split or (),
            config=config,
            revision=revision,
            identify=identify,
            progress=progress,
        )
    if format is AuditFormat.json:
        sys.stdout.write(report.to_json())
    elif format is AuditFormat.python:
        sys.stdout.write(report.to_python())
    else:
        console().print(report.to_table(), crop=False)
