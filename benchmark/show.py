"""One cell: what was asked, what was in force, what was measured; or one of its explained texts."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from leaderboard.reading.schema import Spec, parse
from leaderboard.reading.store import CELLS, SPEC, Cell, Results, read_results
from leaderboard.shading.html import html as as_html
from leaderboard.shading.terminal import terminal
from leaderboard.shading.text import shaded_text
from polyskew.errors import UserError
from polyskew.files import read_json, write_text


def find(cell: str, results: Path) -> Path:
    """Return the folder of a cell.

    Args:
        cell: a cell's folder, or the beginning of its id.
        results: a results folder, or a folder of several of them.

    Raises:
        UserError: no cell, or more than one, fits.
    """
    if (Path(cell) / "spec.json").is_file():
        return Path(cell)
    folders = [path.parent for depth in ("", "*/") for path in results.glob(f"{depth}cells/*/spec.json")]
    found = [folder for folder in folders if folder.name.startswith(cell)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserError(f"no cell under {results} has an id that begins with {cell!r}; `polyskew plan GRID` lists ids")
    names = ", ".join(str(path) for path in found[:5])
    raise UserError(f"{len(found)} cells have an id that begins with {cell!r} ({names}); give more of it or the folder")


def show(folder: Path, console: Console) -> None:
    """Print a cell."""
    spec = read_json(folder / "spec.json")
    console.print(_pairs("asked", {key: spec[key] for key in ("id", *_AXES) if spec.get(key) not in (None, "")}))
    if spec.get("plugins"):
        told = parse((folder / SPEC).read_bytes(), Spec, str(folder / SPEC)).plugins
        console.print(_pairs("plug-ins", {f"{one.kind} {one.name}": str(one) for one in told}))
    if spec["same_as"]:
        console.print(f"The work is identical to that of cell {spec['same_as']}; see there.")
        return
    if (folder / "failure.json").exists():
        console.print(_pairs("failed", read_json(folder / "failure.json")))
    if (folder / "provenance.json").exists():
        facts = read_json(folder / "provenance.json")
        force = {"recipe": facts["recipe"], "method": facts["method"], "measure": facts["measure"]}
        machine = {key: facts[key] for key in ("device", "cores", "threads", "python", "platform")}
        console.print(_pairs("in force", force | machine | facts["packages"]))
    for name in ("train/cost.json", "data/tokens.json"):
        if (folder / name).exists():
            console.print(_pairs(name.split("/")[1].removesuffix(".json"), read_json(folder / name)))
    if (folder / "metrics.json").exists():
        console.print(_metrics(read_json(folder / "metrics.json")))
    else:
        console.print("Nothing was measured yet.")


def show_text(
    folder: Path, text: str, language: str | None, label: str | None, html: Path | None, console: Console
) -> None:
    """Print one explained text of a cell, its tokens shaded, beside the reference cell's.

    Where the console cannot show enough colours, a table of the tokens' values stands in their place.

    Args:
        folder: the cell's folder.
        text: id of the text.
        language: its language; needed where the id stands in several.
        label: name of the label to speak about; the text's true label by default.
        html: also write an HTML snippet into this file.
        console: where to print.

    Raises:
        UserError: the cell, text, language or label is not there, or the HTML file cannot be written.
    """
    if html and not html.parent.is_dir():
        raise UserError(f"the folder {html.parent} of the HTML file does not exist")
    found = shaded_text(*_open(folder), text, language, label)
    if html:
        try:
            write_text(html, as_html(found))
        except OSError as error:
            raise UserError(f"{html} cannot be written ({error.strerror})") from None
    colour = console.is_terminal and not console.no_color and console.color_system in ("256", "truecolor")
    console.print(terminal(found, colour=colour))


def _open(folder: Path) -> tuple[Results, Cell]:
    """Return a cell and the results folder around it; a cell's folder that stands elsewhere is one of its own."""
    place = folder if folder.parent.name == CELLS else folder.resolve()
    if place.parent.name == CELLS:
        results = read_results(place.parent.parent)
        if place.name in results.cells:
            return results, results.cells[place.name]
    spec = parse((folder / SPEC).read_bytes(), Spec, str(folder / SPEC))
    cell = Cell(folder, spec)
    return Results(folder, {spec.id: cell}), cell


_AXES = ("task", "task_version", "regime", "model", "method", "learning_rate", "weighting", "seed", "group")


def _pairs(title: str, values: dict[str, Any]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for key, value in values.items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(key, text)
    return table


def _metrics(metrics: dict[str, Any]) -> Table:
    table = Table(title="measured", title_justify="left")
    for column in ("measure", "of", "value", "unit", "interval or reason"):
        table.add_column(column, overflow="fold", justify="right" if column == "value" else "left")
    for block in metrics["measures"]:
        for item in block["values"]:
            of = {**block.get("params", {}), **item.get("by", {})}
            spelled = ", ".join(f"{key} {entry}" for key, entry in of.items())
            found = "missing" if item["value"] is None else f"{item['value']:.4g}"
            said = item.get("reason") or ""
            if "low" in item:
                said = f"{item['low']:.4g} to {item['high']:.4g} ({block.get('interval')})"
            source = f" ({block['plugin'].get('package') or block['plugin'].get('file')})" if "plugin" in block else ""
            table.add_row(f"{block['measure']} v{block['version']}{source}", spelled, found, block["unit"], said)
    return table
