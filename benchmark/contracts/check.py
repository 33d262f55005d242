"""Check what a name or a file stands for against the promises of its kind."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from benchmark.contracts.promises import Finding, findings
from polyskew.errors import UserError, suggest_pluggable
from polyskew.plugins import KINDS, SAID, load_plugin, registered, registry


@dataclass(frozen=True)
class Checked:
    """One thing, and what came of its promises.

    Attributes:
        kind: ``task``, ``method``, ``weighting``, ``loss``, ``measure`` or ``explainer``.
        name: its name.
        findings: one for each promise.
    """

    kind: str
    name: str
    findings: tuple[Finding, ...]

    @property
    def kept(self) -> bool:
        """Whether all promises are."""
        return all(finding.kept for finding in self.findings)

    def __str__(self) -> str:
        """A head, and a line for each promise."""
        return "\n".join([f"{self.kind} {self.name}", *(f"  {finding}" for finding in self.findings)])


def check(target: str | Path, kind: str = "") -> list[Checked]:
    """Check things against what their kind promises.

    Args:
        target: a registered name, a plug-in file (all that it registers is checked) or a task's YAML file.
        kind: which kind a name means, where several kinds have it.

    Raises:
        UserError: there is no such thing or file, several kinds have the name, or a thing cannot be made at all.
    """
    meant = _meant(str(target), SAID.get(kind, kind))
    return [Checked(found, name, tuple(_findings(found, name, alone=len(meant) == 1))) for found, name in meant]


def _findings(kind: str, name: str, *, alone: bool) -> Iterator[Finding]:
    """Yield what came of each promise; beside others, a thing that cannot be made breaks a promise of its own."""
    contract = import_module(f"benchmark.contracts.{kind}")
    try:
        subject = contract.subject(name)
    except UserError as error:
        if alone:
            raise
        yield Finding("It can be made", False, str(error))
        return
    with _quiet():
        yield from findings(contract.PROMISES, subject)


def _meant(target: str, kind: str) -> list[tuple[str, str]]:
    if kind:
        registry(kind)  # tells a wrong one
    if target.endswith((".yaml", ".yml")):
        return [("task", target)]
    if target.endswith(".py"):
        load_plugin(target)
        found = [(its, name) for its, name in registered(target) if kind in ("", its)]
        if not found:
            raise UserError(f"{target} registers {f'no {kind}' if kind else 'nothing'}, so there is nothing to check")
        return found
    kinds = [its for its in KINDS if kind in ("", its) and target in registry(its)]
    if not kinds:
        if Path(target).exists():
            raise UserError(
                f"{target} cannot be checked; wanted is a name, a plug-in's .py file or a task's .yaml file"
            )
        known = [name for its in KINDS if kind in ("", its) for name in registry(its).names()]
        raise UserError(
            f"there is no {kind or 'task, method or other thing'} called {target!r}{suggest_pluggable(target, known)}"
        )
    if len(kinds) > 1:
        raise UserError(f"{target!r} is a {' and a '.join(kinds)}; say which with --kind {kinds[0]}")
    return [(kinds[0], target)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing a bar for each of the tiny models that are saved and loaded."""
    if "transformers" not in sys.modules:  # what is checked has no use for it
        yield
        return
    from transformers.utils import logging

    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()
