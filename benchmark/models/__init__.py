"""Encoders: a name, what it stands for, and what identifies it. Nothing here imports torch."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from polyskew.errors import UserError, suggest
from polyskew.files import sha256

EMBEDDED = {"tiny-polyglot": Path(__file__).parent / "tiny_polyglot"}
SHORT_NAMES = {
    "mbert": ("google-bert/bert-base-multilingual-cased", "3f076fdb1ab68d5b2880cb87a0886f315b8146f8"),
    "xlm-r": ("FacebookAI/xlm-roberta-base", "e73636d4f797dec63c3081bb6ed5c7b0bb3f2089"),
}
"""The paper's encoders: hub id and the commit that is read unless a grid names another."""

# What a checkpoint is: other files beside it (cards, logs, weights of other frameworks) do not change it.
_CHECKPOINT = ("config.json", "tokenizer*", "vocab*", "special_tokens_map.json", "*.safetensors", "*.bin", "*.model")


class ModelChoice(BaseModel):
    """An encoder as a grid asks for it.

    Attributes:
        name: ``tiny-polyglot`` (embedded), ``mbert``, ``xlm-r``, a hub id (``org/name``) or a local folder; it is
            also what the board shows.
        path: the hub id or folder where the name is only a label.
        revision: the commit of a hub model; pin it, or the name may mean another model tomorrow. The short names
            are pinned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    path: str | None = None
    revision: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @property
    def source(self) -> str:
        """The hub id or the local folder to load from.

        Raises:
            UserError: the name is neither known, nor a folder with a config.json, nor of a hub id's form.
        """
        if self.path is None and self.name in EMBEDDED:
            return str(EMBEDDED[self.name])
        target = self.path or SHORT_NAMES.get(self.name, (self.name,))[0]
        folder = Path(target).expanduser()
        if folder.is_dir():
            if not (folder / "config.json").exists():
                raise UserError(f"the model folder {folder} has no config.json; a checkpoint folder is wanted")
            return str(folder)
        if target.count("/") != 1 or target.startswith((".", "/", "~")):
            known = [*EMBEDDED, *SHORT_NAMES]
            raise UserError(
                f"there is no model {target!r}: it is neither a folder nor a hub id of the form org/name"
                f"{suggest(target, known)}"
            )
        return target

    @property
    def commit(self) -> str | None:
        """The commit of a hub model to load; None is its newest."""
        if self.revision is None and self.path is None and self.name in SHORT_NAMES:
            return SHORT_NAMES[self.name][1]
        return self.revision

    @property
    def pinned(self) -> bool:
        """Whether the name will mean the same weights tomorrow: a folder, or a hub model at a commit."""
        return self.commit is not None or Path(self.source).is_dir()

    def identity(self) -> dict[str, Any]:
        """Return what identifies the weights: repository and revision, or a checksum of the folder's files."""
        source = self.source
        if Path(source).is_dir():
            return {"name": Path(self.name).name, "sha256": _folder_checksum(source)}
        return {"name": Path(self.name).name, "hub": source, "revision": self.commit or "main"}


@lru_cache
def _folder_checksum(folder: str) -> str:
    digest = hashlib.sha256()
    files = {path for pattern in _CHECKPOINT for path in Path(folder).glob(pattern) if path.is_file()}
    for path in sorted(files, key=lambda path: path.name):
        digest.update(f"{path.name}:{sha256(path)}\n".encode())
    return digest.hexdigest()[:16]
