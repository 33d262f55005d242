"""The command ``publish``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyskew.errors import UserError

if TYPE_CHECKING:
    from leaderboard.publishing.publish import Parcel


def publish(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A results folder, finished or not.")],
    to: Annotated[str, typer.Option(metavar="ORG/NAME", help="The repository; it is created where there is none.")],
    site: Annotated[
        bool, typer.Option("--site", help="Also publish the site, as a static Space of the same name.")
    ] = False,
    adapter: Annotated[
        str | None,
        typer.Option(metavar="CELL", help="Publish this cell's weights instead, as a model: the beginning of its id."),
    ] = None,
    pull_request: Annotated[
        bool, typer.Option("--pull-request", help="Open a pull request in a repository that exists.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would go, and what stays.")] = False,
) -> None:
    """Publish results as a data set on the Hugging Face hub; texts that may not be passed on stay at home."""
    from leaderboard.publishing.publish import pack, pack_adapter

    if adapter is not None and site:
        raise UserError("--adapter publishes a cell's weights and --site the results; give one of them")
    if adapter is None:
        parcels = pack(results, to, site=site)
    else:
        from benchmark.show import find

        parcels = pack_adapter(find(adapter, results), to)
    with parcels as packed:
        for parcel in packed:
            if parcel.remark:
                print(parcel.remark, file=sys.stderr)
            if dry_run:
                _list(parcel)
                continue
            sent = parcel.push(pull_request=pull_request)
            print(f"{sent.url}: {sent.files} files changed" if sent.files else f"{sent.url} holds this already")


def _list(parcel: "Parcel") -> None:
    sizes = parcel.sizes()
    total = sum(sizes.values()) / 1e6
    print(f"{parcel.repository.kind} {parcel.repository.name}: {len(sizes)} files, {total:.1f} MB")
    for path, size in sizes.items():
        print(f"{size:>12,}  {path}")
    for path, reason in parcel.withheld.items():
        print(f"{'withheld':>12}  {path}: {reason}")
