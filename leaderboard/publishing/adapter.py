"""The weights of one cell as a model repository."""

from pathlib import Path
from typing import Any

from leaderboard.publishing.model_card import model_card
from leaderboard.publishing.staging import cleaned, link, private_to
from leaderboard.reading.store import METRICS, SPEC, Cell, read_results
from polyskew.errors import UserError
from polyskew.files import MANIFEST, checksums, damage, read_json, write_json, write_text

_CONFIGS = ("adapter_config.json", "config.json")
_WEIGHTS = ("adapter_model.safetensors", "model.safetensors")


def stage_adapter(folder: Path, name: str, out: Path) -> None:
    """Lay out a cell's weights with its ``spec.json``, ``metrics.json`` and a model card.

    The weights' configuration is written anew: it names the base model by its hub id, or by its plain name where it
    came from a folder.

    Args:
        folder: the cell's folder, in its results folder.
        name: of the repository, ``ORG/NAME``.
        out: an empty folder.

    Raises:
        UserError: the cell has no weights or is not measured, a file of it is broken, or holds what must not go out.
    """
    results = read_results(folder.parent.parent)
    cell = results.resolve(results.cells[folder.name])
    weights = cell.folder / "weights"
    if not (weights / MANIFEST).exists():
        raise UserError(
            f"{cell.folder} has no weights: it is not trained yet, or is a full fine-tuning of a grid without "
            f"keep_weights: true"
        )
    if fault := damage(weights):
        raise UserError(f"{fault}; nothing was published")
    if cell.metrics is None:
        raise UserError(f"{cell.folder} is not measured yet; `polyskew run` goes on from there")
    secret = private_to(results)
    names = checksums(weights)
    for path in (cell.folder / SPEC, cell.folder / METRICS, *(weights / name for name in _WEIGHTS if name in names)):
        link(path, out / path.name, secret)
    for config in (name for name in _CONFIGS if name in names):
        write_json(out / config, cleaned(_rebased(read_json(weights / config), cell), secret))
    write_text(out / "README.md", model_card(name, cell, results, adapter=_CONFIGS[0] in names))


def _rebased(config: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """Return a configuration that names its base as others can find it."""
    model = cell.spec.canonical.get("model", {})
    base = {"base_model_name_or_path": model.get("hub", cell.spec.model), "revision": model.get("revision")}
    return config | {key: value for key, value in base.items() if key in config}
