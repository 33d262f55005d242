"""Results folders for the site: a plain one with a failed cell, and one whose every name is hostile."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from safetensors.numpy import load_file, save_file

from leaderboard.measuring.measure import measure
from polyskew.files import MANIFEST, atomic_folder, write_json
from tests.leaderboard.synthetic import SKEW, Kind, grid, write_cell, write_grid

TEST_ROWS = [[10, 10, 10, 10, 10]] * 6
FAILED = Kind("imbalanced", "houlsby", "none", 0)
LAYERED = Kind("imbalanced", "lora", "none", 0)
HOSTILE = {
    "synthetic_reviews": "<script>alert(1)</script>",
    "synthetic-bert": "</script><img src=x onerror=alert(2)>",
    "full": "=cmd('calc')",
    "lora": "\\input{x} \"quoted\" 'twice'",
    "imbalanced": "مرحبا <b>بالعالم</b>",
    "per_language": "w" * 300,
    "fr": "<svg onload=alert(3)>",
    "5": '5" onclick="alert(4)',
}


def plain(results: Path) -> Path:
    """Two seeds of two methods with all that the page shows, one failed cell, one that has not run."""
    write_grid(results, grid((0, 1), ("full", "lora")), rows=120, explained=60, hidden=4)
    for folder in (results / "cells").iterdir():
        spec = json.loads((folder / "spec.json").read_text())
        if spec["regime"]:
            skewed = spec["regime"] == "imbalanced"
            spec["shares"] = [[0.2 + (one if skewed else 0.0) for one in row] for row in SKEW]
            write_json(folder / "spec.json", spec)
        if (folder / "data").is_dir():
            write_json(folder / "data" / "counts.json", {"test": TEST_ROWS})
            write_json(folder / "provenance.json", {"packages": {"torch": "2.6"}, "device": "cpu", "threads": 1})
    _add_layers(results / "cells" / LAYERED.id / "features")
    write_cell(results, FAILED, rows=60, explained=0, hidden=2)
    for stage in ("data", "train", "predict", "features"):
        shutil.rmtree(results / "cells" / FAILED.id / stage)
    failure = {"stage": "train", "kind": "MemoryError", "message": "no room"}
    write_json(results / "cells" / FAILED.id / "failure.json", failure)
    (results / "grid.yaml").write_text("version: 1\nname: plain\n")
    measure(results)
    return results


def hostile(results: Path, folder: Path) -> Path:
    """Copy a folder, with names from `HOSTILE` wherever its own stood, and tokens that look like markup."""
    shutil.copytree(results, folder)
    (folder / ".index").unlink(missing_ok=True)
    for cell in (folder / "cells").iterdir():
        for name in ("spec.json", "metrics.json"):
            if (path := cell / name).exists():
                told = json.loads(path.read_text())
                kept = {key: told[key] for key in ("id", "cell", "same_as") if key in told}
                path.write_text(json.dumps(_renamed(told) | kept, ensure_ascii=False))
        if (path := cell / "attributions/attributions.parquet").exists():
            _rewrite(path)
    (folder / "grid.yaml").write_text("version: 1\nname: '<script>alert(5)</script>'\n")
    return folder


def _add_layers(features: Path) -> None:
    whole = {path.name: path.read_bytes() for path in features.iterdir() if path.name != MANIFEST}
    with atomic_folder(features) as out:
        for name, content in whole.items():
            (out / name).write_bytes(content)
        for path in out.glob("*.safetensors"):
            vectors = load_file(path)
            save_file({**vectors, **{f"layer_{layer:02}": vectors["cls"] * (layer + 1) for layer in range(3)}}, path)


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {HOSTILE.get(key, key): _renamed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner) for inner in value]
    return HOSTILE.get(value, value) if isinstance(value, str) else value


def _rewrite(path: Path) -> None:
    table = pyarrow.parquet.read_table(path, partitioning=None)
    change: dict[str, Callable[[Any], Any]] = {
        "language": lambda name: HOSTILE.get(name, name),
        "pieces": lambda pieces: [f"</script><i>{piece}" for piece in pieces],
    }
    for name, function in change.items():
        column = pyarrow.array([function(one) for one in table.column(name).to_pylist()], table.schema.field(name).type)
        table = table.set_column(table.schema.get_field_index(name), name, column)
    pyarrow.parquet.write_table(table, path)


def opened(site: Path) -> dict[str, Any]:
    """Return the page's data by the name of its block, unpacked without the page's program."""
    import gzip
    import re
    from base64 import b64decode

    blocks = re.findall(r'<script type="text/plain" id="data-([\w-]+)">([^<]*)</script>', site.read_text())
    return {name: json.loads(gzip.decompress(b64decode(letters))) for name, letters in blocks}
