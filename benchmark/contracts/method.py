"""What a method promises: only what it declares is trained, what is saved comes back, disabling it is exact."""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from adapters import METHODS, Method, get_method, head_modules
from benchmark.contracts.encoders import FAMILIES, batch, encoder, logits
from benchmark.contracts.promises import BrokenError
from polyskew.errors import UserError

_RATE = 0.1  # of plain gradient descent: large, so that whatever is trained moves visibly
_ROUNDING = 1e-5  # relative to the largest logit


def rates_are_positive(method: Method) -> None:
    """Learning rates are positive, and their source is named."""
    rates = method.rates
    if not (rates.body > 0 and rates.head > 0):
        raise BrokenError(f"rates has body {rates.body} and head {rates.head}; numbers above 0 are wanted")
    if not rates.source:
        raise BrokenError("rates.source is empty; say where the two numbers come from")


def options_are_json(method: Method) -> str | None:
    """Options are plain values."""
    form = method.identity()
    if json.loads(json.dumps(method.options)) != method.options or json.loads(json.dumps(form)) != form:
        raise BrokenError(f"options {method.options} do not survive JSON; take numbers, strings, lists or None")
    if kept := set(form.get("options", {})) - {"base"}:  # which is what `subject` sets
        return f"{', '.join(sorted(kept))} is part of its identity at the default too"
    return None


def declared_weights_require_gradients(method: Method) -> None:
    """Exactly the weights in parameter_groups require gradients, the whole head among them."""
    for family in FAMILIES:
        model = _prepared(method, family)
        groups = method.parameter_groups(model)
        if set(groups) != {"body", "head"}:
            raise BrokenError(f"parameter_groups has {', '.join(groups)}; 'body' and 'head' are wanted")
        declared = [id(parameter) for group in groups.values() for parameter in group]
        if len(set(declared)) < len(declared):
            raise BrokenError(f"on {family} a weight stands twice in parameter_groups")
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and id(parameter) not in declared:
                raise BrokenError(f"on {family} {name} requires gradients and stands in no parameter group")
            if not parameter.requires_grad and id(parameter) in declared:
                raise BrokenError(f"on {family} {name} stands in a parameter group and requires no gradients")
        if not groups["head"]:
            raise BrokenError(f"on {family} no weight of the head ({', '.join(head_modules(model))}) is trained")


def only_declared_weights_move(method: Method) -> None:
    """A step of training moves weights that require gradients, and no others."""
    for family in FAMILIES:
        model = _prepared(method, family)
        declared = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
        before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        _train(method, model)
        after = dict(model.named_parameters())
        moved = {name for name, tensor in before.items() if not torch.equal(after[name], tensor)}
        if strays := sorted(moved - declared):
            raise BrokenError(f"on {family} {strays[0]} moves and requires no gradients")
        if not moved:
            raise BrokenError(f"on {family} nothing moves")
        if any(not torch.isfinite(after[name]).all() for name in moved):
            raise BrokenError(f"on {family} weights are no longer finite after two steps at a rate of {_RATE}")


def a_saved_model_comes_back(method: Method) -> None:
    """Saved and loaded on a fresh base with another head, it gives the same logits."""
    for family in FAMILIES:
        model = _trained(method, family)
        wanted = logits(model)
        with tempfile.TemporaryDirectory() as folder:
            method.save(model, Path(folder) / "saved")
            loaded = method.load(encoder(family, head_seed=9), Path(folder) / "saved")
            if loaded.training:
                raise BrokenError("load() returns a model in training mode; call eval() on it")
            _compare(logits(loaded), wanted, f"on {family} logits differ by {{}} after save and load")


def files_can_travel(method: Method) -> None:
    """What is saved is safetensors and JSON, without a path of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        base = encoder("BERT")
        base.save_pretrained(Path(folder) / "base")
        model = method.prepare(type(base).from_pretrained(Path(folder) / "base"))
        method.save(model, Path(folder) / "saved")
        files = [path for path in (Path(folder) / "saved").rglob("*") if path.is_file()]
        if not any(path.suffix == ".safetensors" for path in files):
            raise BrokenError(
                f"save() wrote {', '.join(path.name for path in files) or 'nothing'}; no safetensors file"
            )
        for path in files:
            if path.suffix in (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"):
                raise BrokenError(f"save() wrote {path.name}, which is read by running code; write safetensors")
            if folder.encode() in path.read_bytes():
                raise BrokenError(f"{path.name} names the folder that the base model lay in; leave it out")


def disabled_is_the_base(method: Method) -> str | None:
    """Disabled, a loaded adapter gives exactly the base model."""
    from peft import PeftModel

    for family in FAMILIES:
        model = _trained(method, family)
        if not isinstance(model, PeftModel):
            return "it is no PEFT adapter, so there is nothing to disable"
        with tempfile.TemporaryDirectory() as folder:
            method.save(model, Path(folder) / "saved")
            loaded: Any = method.load(encoder(family, head_seed=9), Path(folder) / "saved")
            with loaded.disable_adapter():
                disabled = logits(loaded)
            _compare(disabled, logits(encoder(family, head_seed=9)), f"on {family} logits differ by {{}} when disabled")
    return None


def a_seed_decides_the_start(method: Method) -> None:
    """The same seed gives the same weights to start from."""
    first, second = (dict(_prepared(method, "BERT").named_parameters()) for _ in range(2))
    for name, parameter in first.items():
        if not torch.equal(parameter, second[name]):
            raise BrokenError(f"{name} starts otherwise after the same seed; draw it from torch's global generator")


PROMISES = (
    rates_are_positive,
    options_are_json,
    declared_weights_require_gradients,
    only_declared_weights_move,
    a_saved_model_comes_back,
    files_can_travel,
    disabled_is_the_base,
    a_seed_decides_the_start,
)


def subject(name: str) -> Method:
    """Return a method with its options at their defaults, on a base that is not quantized: what is tried is its own.

    Raises:
        UserError: there is no such method, it cannot be made, or it wants a quantized base.
    """
    options = {"base": None} if "base" in METHODS.get(name).model_fields else {}
    method = get_method(name, options)
    if method.quantization is not None:
        raise UserError(f"the method {name!r} wants a quantized base and has no option 'base' to do without; add one")
    return method


def _prepared(method: Method, family: str) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return method.prepare(encoder(family))


def _trained(method: Method, family: str) -> torch.nn.Module:
    model = _prepared(method, family)
    _train(method, model)
    return model


def _train(method: Method, model: torch.nn.Module) -> None:
    """Two steps of plain gradient descent: in the first, LoRA's A has no gradient, as B is 0."""
    groups = method.parameter_groups(model)
    optimizer = torch.optim.SGD([*groups["body"], *groups["head"]], lr=_RATE)
    model.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _ in range(2):
            optimizer.zero_grad()
            model(**batch(model)).loss.backward()
            optimizer.step()
    model.eval()


def _compare(found: torch.Tensor, wanted: torch.Tensor, sentence: str) -> None:
    off = float((found - wanted).abs().max())
    if not off <= _ROUNDING * max(1.0, float(wanted.abs().max())):
        raise BrokenError(sentence.format(f"{off:.2g}"))
