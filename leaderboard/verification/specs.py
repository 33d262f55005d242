"""Whether a cell's spec says one thing: its names, its canonical form, its id, and what was made for it."""

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard.reading.schema import Spec
from leaderboard.reading.store import PROVENANCE, SPEC, STAGE_FILE, STAGES, Cell, Results
from leaderboard.verification.findings import Findings
from leaderboard.verification.names import (
    Get,
    called,
    is_called,
    is_weighting_called,
    weighting_form,
    weighting_name,
)
from leaderboard.verification.plugged import lacking
from polyskew.canonical import digest
from polyskew.errors import UserError
from polyskew.files import MANIFEST, sha256


class Registered(NamedTuple):
    """What names stand for; each returns the thing by its name and options.

    Attributes:
        weighting: a function from counts n[l, c] to weights w[l, c].
        method: a method.
        loss: a loss.
    """

    weighting: Get
    method: Get
    loss: Get


_CLOSE = 1e-12  # of shares, which are quotients of whole numbers
_STRENGTH = re.compile(r"0\.\d{1,3}")


def check_spec(cell: Cell, registered: Registered, findings: Findings) -> None:
    """Check a spec against its canonical form, and what stands beside it against the spec."""
    spec, canonical = cell.spec, cell.spec.canonical
    if (wanted := digest(canonical)) != spec.id:
        findings.fault(SPEC, f"the id is not that of the canonical form, which is {wanted}")
    for name, said, meant in _names(spec, canonical):
        if said != meant:
            findings.fault(SPEC, f"{name} is {said!r}, but the canonical form has {meant!r}")
    if not spec.is_untuned:
        _check_names(spec, registered, findings)
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
    if spec.is_untuned:
        yield "weighting", spec.weighting, None


def _check_names(spec: Spec, registered: Registered, findings: Findings) -> None:
    """Compare what a method and a weighting are called with the canonical form, which leaves out defaults."""
    method, weighting = _object(spec.canonical, "method"), canonical_weighting(spec)
    wanted = called(str(method.get("name")), _object(method, "options"))
    if spec.method != wanted:
        _check_name("method", spec, wanted, {"method": method}, registered, findings)
    wanted = weighting_name(weighting)
    if spec.weighting != wanted:
        forms = {"weighting": weighting, "loss": weighting["loss"]}
        _check_name("weighting", spec, wanted, forms, registered, findings)


def _check_name(
    what: str, spec: Spec, wanted: str, forms: dict[str, dict[str, Any]], registered: Registered, findings: Findings
) -> None:
    """Check a name that sets options to their defaults, which what is registered here knows."""
    told = str(getattr(spec, what))
    named = {kind: str(form["name"]) for kind, form in forms.items() if form.get("name")}
    absent = [lacking(kind, name, forms[kind].get("plugin"), spec.plugins) for kind, name in named.items()]
    if any(absent):
        findings.gap(SPEC, f"{next(filter(None, absent))}, so its name {told!r} cannot be checked")
        return
    try:
        if what == "method":
            right = is_called(told, forms["method"], registered.method)
        else:
            right = is_weighting_called(told, forms["weighting"], registered.weighting, registered.loss)
    except UserError:
        findings.gap(SPEC, f"the {what} of {wanted} is not known here, so its name {told!r} cannot be checked")
        return
    if not right:
        findings.fault(SPEC, f"the {what} is called {told!r}, but its canonical form is {wanted}")


def canonical_weighting(spec: Spec) -> dict[str, Any]:
    """Return what counters uneven labels, by the canonical form."""
    return weighting_form(spec.canonical.get("weighting", "none"))


def weights_of(spec: Spec, registered: Registered, counts: NDArray[np.int64]) -> NDArray[np.float64] | str:
    """Return a cell's weights w[l, c] for counts of training rows, or why they cannot be computed."""
    form = canonical_weighting(spec)
    if absent := lacking("weighting", str(form["name"]), form.get("plugin"), spec.plugins):
        return absent
    try:
        found: NDArray[np.float64] = registered.weighting(str(form["name"]), _object(form, "options"))(counts)
    except UserError:
        return f"the weighting {spec.weighting!r} is not known here"
    return found


def _object(form: dict[str, Any], key: str) -> dict[str, Any]:
    value = form.get(key) if isinstance(form, dict) else None
    return value if isinstance(value, dict) else {}


def ratios(spec: Spec) -> NDArray[np.int64] | None:
    """Return the ratio of labels within each language, ``[L, C]``, that the canonical form has; None without one."""
    if spec.regime == "balanced":
        return np.ones((len(spec.languages), len(spec.labels)), dtype=np.int64)
    base, _, strength = (spec.regime or "").partition("@")
    found = _object(_object(spec.canonical, "task"), "regimes").get(base)
    if not isinstance(found, dict) or (strength and not _STRENGTH.fullmatch(strength)):
        return None
    try:
        table = np.array([found[language] for language in spec.languages], dtype=np.int64)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    right = table.shape == (len(spec.languages), len(spec.labels)) and (table >= 0).all() and table.sum(axis=1).all()
    if not right or not strength:
        return table if right else None
    # The shares are (1 - s) / C + s P, on the line from balanced to the regime.
    part, whole = Fraction(strength).as_integer_ratio()
    return (whole - part) * table.sum(axis=1, keepdims=True) + part * table.shape[1] * table


def _check_shares(spec: Spec, findings: Findings) -> None:
    """Compare shares P[l, c] and skew d[l, c] with the canonical form's ratios."""
    ratio = ratios(spec)
    if ratio is None:
        if spec.shares is not None:
            findings.fault(SPEC, f"it has shares, but the canonical form has no ratios of the regime {spec.regime!r}")
        return
    shares = ratio / ratio.sum(axis=1, keepdims=True)
    if spec.shares is None or not same_matrix(spec.shares, shares):
        findings.fault(SPEC, f"the shares are not those of the regime {spec.regime!r}")
    skew = shares - shares.mean(axis=0)
    told = spec.skew or {}
    if np.abs(skew).max() < _CLOSE:
        if spec.regime in told:
            findings.fault(SPEC, f"it has a skew of {spec.regime!r}, whose labels are the same in all languages")
    elif set(told) != {spec.regime} or not same_matrix(told[str(spec.regime)], skew):
        findings.fault(SPEC, f"the skew is not that of the regime {spec.regime!r}")


def same_matrix(said: list[list[float]], meant: NDArray[np.float64]) -> bool:
    """Return whether recorded shares or skews are those that were computed, but for rounding."""
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
    mine, theirs = (_without_weights(one.spec) for one in (cell, other))
    ratio = ratios(cell.spec)
    if mine != theirs:
        findings.fault(SPEC, f"same_as is {other.spec.id!r}, which differs in more than its weighting")
    elif ratio is None:
        findings.gap(SPEC, f"same_as is {other.spec.id!r}: without ratios the weights cannot be computed")
    else:
        # The same number of rows in every language, as a regime has them.
        counts = ratio * (np.lcm.reduce(ratio.sum(axis=1)) // ratio.sum(axis=1, keepdims=True))
        own, others = (weights_of(one.spec, registered, counts) for one in (cell, other))
        if isinstance(own, str) or isinstance(others, str):
            findings.gap(SPEC, f"same_as is {other.spec.id!r}: {own if isinstance(own, str) else others}")
        elif not np.array_equal(own, others) or not (_acts_alike(cell.spec, other.spec) or (own == 1).all()):
            findings.fault(SPEC, f"same_as is {other.spec.id!r}, whose weights are others")


def _without_weights(spec: Spec) -> dict[str, Any]:
    """Return the canonical form, with the loss alone of what counters uneven labels."""
    return {**spec.canonical, "weighting": canonical_weighting(spec)["loss"]}


def _acts_alike(one: Spec, other: Spec) -> bool:
    return canonical_weighting(one).get("by") == canonical_weighting(other).get("by")
