"""Rows of a board that bear the same names but were not made alike: how they differ."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from leaderboard.reading.store import Results

if TYPE_CHECKING:
    from leaderboard.rows import Row

_NOT_DIFFERENCES = {"seed", "regime", "method", "weighting"}


def with_variants(results: Results, rows: list["Row"]) -> list["Row"]:
    """Name the difference of rows that bear the same names but were not made alike.

    Where a task and model have several recipes, every trained row names its own.
    """
    told = [_told(results, row) for row in rows]
    recipes: dict[tuple[str, str], set[str]] = {}
    names: dict[tuple[str, ...], list[int]] = {}
    for place, (row, one) in enumerate(zip(rows, told, strict=True)):
        if row.method != "untuned":
            recipes.setdefault((row.task, row.model), set()).add(str(one["recipe"]))
        name = (row.task, row.model, row.regime, row.method, row.weighting, row.learning_rate)
        names.setdefault(name, []).append(place)
    for places in names.values():
        first = rows[places[0]]
        for place, measured in zip(places, _measured([rows[place] for place in places]), strict=True):
            told[place] |= measured
        several = len(recipes.get((first.task, first.model), ())) > 1 and first.method != "untuned"
        always = ["recipe"] if several else []
        keys = {key for place in places for key in told[place]} - {"recipe"}
        differing = sorted(key for key in keys if len(_values(key, [told[place] for place in places])) > 1)
        if always and len({told[place]["recipe"] for place in places}) == len(places):
            differing = [key for key in differing if not key.startswith("recipe.")]  # its name says it
        for place in places:
            variant = ", ".join(f"{key}={told[place].get(key)}" for key in [*always, *differing])
            if len(places) > 1 and not variant:
                variant = f"group={rows[place].group}"
            rows[place] = replace(rows[place], variant=variant)
    return rows


def _measured(rows: list["Row"]) -> list[dict[str, Any]]:
    """Return the measures by which rows differ in version or, where in none, in parameters."""
    made_by = {name: [row.numbers[name].made_by for row in rows] for name in rows[0].numbers}
    unlike = [found for found in made_by.values() if len(set(found) - {""}) > 1]
    if not unlike:
        return [{} for _ in rows]
    versions = [[one.partition(" (")[0] for one in found] for found in unlike]
    apart = [found for found in versions if len(set(found) - {""}) > 1] or unlike
    return [{"measured": " + ".join(sorted(set(own) - {""}))} for own in zip(*apart, strict=True)]


def _values(key: str, told: list[dict[str, Any]]) -> set[str]:
    """Return the values of a key; what was not trained yet has no device and no precision to differ in."""
    of_training = key in ("device", "precision")
    return {str(one.get(key)) for one in told if key in one or not of_training}


def _told(results: Results, row: "Row") -> dict[str, Any]:
    cell = results.cells[row.cells[0]]
    flat = {"task_version": cell.spec.task_version, "recipe": cell.spec.recipe}
    if row.device or row.precision:
        flat |= {"device": row.device, "precision": row.precision}
    _flatten(cell.spec.canonical, "", flat)
    if row.learning_rate:  # which says it
        flat = {key: value for key, value in flat.items() if not key.startswith("recipe.rates.")}
    return flat


def _flatten(value: Any, path: str, flat: dict[str, Any]) -> None:
    for key, inner in value.items():
        name = f"{path}.{key}" if path else str(key)
        if name in _NOT_DIFFERENCES:
            continue
        if isinstance(inner, dict):
            _flatten(inner, name, flat)
        else:
            flat[name] = inner
