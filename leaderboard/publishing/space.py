"""The card of a static Space: the hub reads from it what the Space is."""

from leaderboard.publishing.hub import TAG
from leaderboard.publishing.origins import grid_names
from leaderboard.reading.store import Results


def space_card(name: str, results: Results) -> str:
    """Return the ``README.md`` of the Space that shows a results folder.

    Args:
        name: of the Space and of the data set with its results, ``ORG/NAME``.
        results: the folder.
    """
    from huggingface_hub import SpaceCardData

    front_matter = SpaceCardData(
        title=f"polyskew: {', '.join(grid_names(results.folder))}",
        sdk="static",
        app_file="index.html",
        colorFrom="gray",
        colorTo="blue",
        datasets=[name],
        tags=[TAG, "leaderboard"],
    ).to_yaml()
    return (
        f"---\n{front_matter}\n---\n\nThe leaderboard as one page. Its numbers are those of the data set `{name}`; "
        f"`polyskew verify {name}` recomputes them.\n"
    )
