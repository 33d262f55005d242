"""What methods, weightings and losses with options have in common."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Component(BaseModel):
    """A named thing whose pydantic fields are the options that users can set, each with a default.

    Attributes:
        name: the name under which it is registered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]

    @property
    def options(self) -> dict[str, Any]:
        """All options in force, JSON-able."""
        return self.model_dump(mode="json")

    def identity(self) -> dict[str, Any]:
        """Return what tells this from others, for cell ids: its name and the options not at their default.

        An option that a later version adds leaves the identities of old cells as they are.
        """
        changed = self.model_dump(mode="json", exclude_defaults=True)
        return {"name": self.name, "options": changed} if changed else {"name": self.name}
