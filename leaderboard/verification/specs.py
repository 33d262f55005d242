"""Whether a cell's spec says one thing: its names, its canonical form, its id, and what was made for it."""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading.schema import Spec
from leaderboard.reading.store import PROVENANCE, SPEC, STAGE_FILE, STAGES, Cell, Results
from leaderboard.verification.findings import Findings
from polyskew.canonical import digest
from polyskew.errors import UserError
from polyskew.files import MANIFEST, sha256

Weighting = Callable[[str], Callable[[NDArray[np.int64]], NDArray[np.float64]]]
"""Returns a weighting by its name: a function from counts n[l, c] to weights w[l, c]."""


class Method(Protocol):
    """A method with its options."""

    def identity(self) -> dict[str, Any]:
        """Return its part of the canonical form."""


class Registered(NamedTuple):
    """What names stand for.

    Attributes:
        weighting: returns a weighting by its name.
        method: returns a method by its name and options.
    """

    weighting: Weighting
    method: Callable[[str, Mapping[str, Any]], Method]


_CLOSE = 1e-12  # of shares, which are quotients of whole numbers


def check_spec(cell: Cell, registered: Registered, findings: Findings) -> None:
    """Check a spec against its canonical form, and what stands beside it against the spec."""
    spec, canonical = cell.spec, cell.spec.canonical
    if (wanted := digest(canonical)) != spec.id:
        findings.fault(SPEC, f"the id is not that of the canonical form, which is {wanted}")
    for name, said, meant in _names(spec, canonical):
        if said != meant:
            findings.fault(SPEC, f"{name} is {said!r}, but the canonical form has {meant!r}")
    if not spec.is_untuned:
        _check_method(spec, registered, findings)
    if spec.asked and set(spec.asked) != set(spec.stages or ()):
        findings.fault(SPEC, "'asked' and 'stages' do not name the same stages")
    _check_shares(spec, findings)
    beside = cell.folder / PROVENANCE
    if beside.exists():
        told = json.loads(beside.read_bytes())
        if not isinstance(told, dict) or told.get("asked") != canonical:
            findings.fault(PROVENANCE, "'asked' is not the canonical form of spec.json")
    _check_chain(cell, findings)


def _names(spec: Spec, canonical: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield what the spec says beside its canonical form, and what that form says."""
    task, method = _object(canonical, "task"), canonical.get("method")
    yield "task", spec.task, task.get("name")
    yield "task_version", spec.task_version, task.get("version")
    yield "model", spec.model, _object(canonical, "model").get("name")
    yield "languages", list(spec.languages), task.get("languages")
    yield "labels", list(spec.labels), task.get("labels")
    yield "method", spec.method.partition("(")[0], method.get("name") if isinstance(method, dict) else method
    yield "regime", spec.regime, canonical.get("regime")
    yield "seed", spec.seed, canonical.get("seed")
    yield "weighting", spec.weighting, None if spec.is_untuned else canonical.get("weighting", "none")


def _check_method(spec: Spec, registered: Registered, findings: Findings) -> None:
    """Compare the options in a method's name with its canonical form, which leaves out those at their defaults."""
    form = _object(spec.canonical, "method")
    name, _, listed = spec.method.partition("(")
    wanted = _called(name, _object(form, "options"))
    if spec.method == wanted:
        return
    try:
        registered.method(name, {})
    except UserError:
        findings.gap(SPEC, f"the method {name!r} is not known here, so its name {spec.method!r} cannot be checked")
        return
    try:
        call = ast.parse(f"f({listed}", mode="eval").body
        told = {str(word.arg): _option(word.value) for word in call.keywords} if isinstance(call, ast.Call) else {}
        if spec.method == _called(name, told) and registered.method(name, told).identity() == form:
            return
    except (MemoryError, RecursionError, SyntaxError, UserError, ValueError):
        pass  # it is not called as methods are
    findings.fault(SPEC, f"the method is called {spec.method!r}, but its canonical form is {wanted}")


def _called(name: str, options: dict[str, Any]) -> str:
    listed = ", ".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}({listed})" if listed else name


def _option(value: ast.expr) -> Any:
    return value.id if isinstance(value, ast.Name) else ast.literal_eval(value)


def _object(form: dict[str, Any], key: str) -> dict[str, Any]:
    value = form.get(key) if isinstance(form, dict) else None
    return value if isinstance(value, dict) else {}


def ratios(spec: Spec) -> NDArray[np.int64] | None:
    """Return the ratio of labels within each language, ``[L, C]``, that the canonical form has; None without one."""
    if spec.regime == "balanced":
        return np.ones((len(spec.languages), len(spec.labels)), dtype=np.int64)
    found = _object(_object(spec.canonical, "task"), "regimes").get(spec.regime or "")
    if not isinstance(found, dict):
        return None
    try:
        table = np.array([found[language] for language in spec.languages], dtype=np.int64)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    right = table.shape == (len(spec.languages), len(spec.labels)) and (table >= 0).all() and table.sum(axis=1).all()
    return table if right else None


def _check_shares(spec: Spec, findings: Findings) -> None:
    """Compare shares P[l, c] and skew d[l, c] with the canonical form's ratios."""
    ratio = ratios(spec)
    if ratio is None:
        if spec.shares is not None:
            findings.fault(SPEC, f"it has shares, but the canonical form has no ratios of the regime {spec.regime!r}")
        return
    shares = ratio / ratio.sum(axis=1, keepdims=True)
    if spec.shares is None or not _same(spec.shares, shares):
        findings.fault(SPEC, f"the shares are not those of the regime {spec.regime!r}")
    skew = shares - shares.mean(axis=0)
    told = spec.skew or {}
    if np.abs(skew).max() < _CLOSE:
        if spec.regime in told:
            findings.fault(SPEC, f"it has a skew of {spec.regime!r}, whose labels are the same in all languages")
    elif set(told) != {spec.regime} or not _same(told[str(spec.regime)], skew):
        findings.fault(SPEC, f"the skew is not that of the regime {spec.regime!r}")


def _same(said: list[list[float]], meant: NDArray[np.float64]) -> bool:
    if [len(row) for row in said] != [meant.shape[1]] * len(meant):
        return False
    return bool(np.abs(np.array(said) - meant).max() <= _CLOSE)


def _check_chain(cell: Cell, findings: Findings) -> None:
    """Compare what each stage says that it was made from with what is there."""
    for stage in STAGES:
        path = cell.folder / stage / STAGE_FILE
        if stage in findings.broken or not path.exists():
            continue
        told = json.loads(path.read_bytes())
        inputs = _object(_object(told, "asked"), "inputs")
        for name, said in inputs.items():
            manifest = cell.folder / name / MANIFEST
            if name not in STAGES:
                findings.fault(f"{stage}/{STAGE_FILE}", f"it names an input {name!r}, which is no stage")
            elif not manifest.exists():
                findings.gap(f"{name}/{MANIFEST}", f"is missing, from which {stage} was made")
            elif sha256(manifest)[:16] != said:
                findings.fault(f"{stage}/{STAGE_FILE}", f"it was made from another {name} than the one that is here")


def check_same_work(results: Results, cell: Cell, registered: Registered, findings: Findings) -> None:
    """Check that the cell that ``same_as`` points to did the work of this one, as far as can be told."""
    other = results.cells.get(str(cell.spec.same_as))
    if other is None or other is cell or other.spec.same_as is not None:
        findings.fault(SPEC, f"same_as is {cell.spec.same_as!r}, which is no cell here that did its own work")
        return
    mine, theirs = ({**one.spec.canonical, "weighting": None} for one in (cell, other))
    ratio = ratios(cell.spec)
    if mine != theirs:
        findings.fault(SPEC, f"same_as is {other.spec.id!r}, which differs in more than its weighting")
    elif ratio is None:
        findings.gap(SPEC, f"same_as is {other.spec.id!r}: without ratios the weights cannot be computed")
    else:
        # The same number of rows in every language, as a regime has them.
        counts = ratio * (np.lcm.reduce(ratio.sum(axis=1)) // ratio.sum(axis=1, keepdims=True))
        try:
            weights = [registered.weighting(str(one.spec.weighting))(counts) for one in (cell, other)]
        except UserError:
            findings.gap(SPEC, f"same_as is {other.spec.id!r}: the weighting {cell.spec.weighting!r} is not known here")
            return
        if not np.array_equal(weights[0], weights[1]):
            findings.fault(SPEC, f"same_as is {other.spec.id!r}, whose weights are others")
