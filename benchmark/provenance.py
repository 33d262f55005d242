"""What was in force: versions, device, threads. Never a host, a user or a path."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmark.stages import Cell

_PACKAGES = (
    "polyskew", "torch", "transformers", "peft", "accelerate", "tokenizers", "datasets", "shap", "numpy", "pandas",
    "scikit-learn", "scipy",
)  # fmt: skip


def provenance(cell: Cell) -> dict[str, Any]:
    """Return what a reader needs to judge or repeat a cell; called in the process that computed its last stage."""
    plugins = cell.spec.plugins(cell.measure)
    force = in_force()
    force["packages"] |= {found["package"]: found["version"] for found in plugins if "package" in found}
    return {
        "asked": cell.spec.canonical(),
        "recipe": cell.spec.recipe.model_dump(),
        "method": None if cell.spec.untuned else cell.spec.method.method.options,
        "measure": cell.measure.model_dump(),
        "plugins": plugins,
        **force,
    }


def in_force() -> dict[str, Any]:
    """Return versions, device and threads of this process; each stage records its own."""
    import torch

    return {
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "python": sys.version.split()[0],
        "platform": f"{platform.system()} {platform.machine()}",
        "device": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
