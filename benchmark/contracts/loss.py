"""What a loss promises: a loss for each row, with a gradient, whose state goes with a checkpoint."""

import json

import numpy as np
import torch

from adapters import Loss, get_loss
from adapters.losses.modules import JointLoss
from benchmark.contracts.promises import BrokenError

COUNTS = np.array([[10, 20, 30], [30, 20, 10]])
_ROWS = 8
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def options_are_json(loss: Loss) -> None:
    """Options are plain values, and those at their default are no part of its identity."""
    if json.loads(json.dumps(loss.options)) != loss.options:
        raise BrokenError(f"options {loss.options} do not survive JSON; take numbers, strings, lists or None")
    if set(form := loss.identity()) != {"name"}:
        raise BrokenError(f"identity() is {form} though no option is set; give each option a default that is kept")


def rows_have_losses(loss: Loss) -> None:
    """It returns a finite loss for each row, for sure and for hopeless predictions too."""
    for scale in (1.0, 50.0):
        rows = _batch(scale)
        found = _losses(loss, rows)
        if found.shape != (_ROWS,):
            raise BrokenError(
                f"for {_ROWS} rows it returns {tuple(found.shape)}; a loss a row is wanted, not their mean"
            )
        if not torch.isfinite(found).all():
            raise BrokenError(f"with logits of up to {rows[0].abs().max():.0f} the loss of a row is not finite")


def losses_have_gradients(loss: Loss) -> None:
    """Its gradient is finite and reaches the logits."""
    for scale in (1.0, 50.0):
        logits, labels, languages = _batch(scale)
        logits.requires_grad_()
        _losses(loss, (logits, labels, languages)).sum().backward()
        if logits.grad is None or not torch.isfinite(logits.grad).all():
            raise BrokenError("the gradient at the logits is missing or not finite; compute with torch, in logarithms")
        if scale == 1.0 and not logits.grad.abs().sum() > 0:
            raise BrokenError("the gradient at the logits is 0 everywhere, so nothing would be learned")


def order_does_not_matter(loss: Loss) -> None:
    """The order of the rows does not matter."""
    rows, order = _batch(), torch.arange(_ROWS).flip(0)
    if not _close(_losses(loss, rows)[order], _losses(loss, _taken(rows, order))):
        raise BrokenError("the losses of reversed rows are not the reversed losses")


def micro_batches_do_not_matter(loss: Loss) -> None:
    """A row has the same loss in whichever micro-batch of an update it is."""
    rows = _batch()
    whole = _losses(loss, rows)
    for part in torch.arange(_ROWS).split(3):
        module = _prepared(loss)
        _begin(module, rows)
        if not _close(module(*_taken(rows, part)), whole[part]):
            raise BrokenError(
                "a row's loss changes with the rows beside it, so it would depend on the batch size and on memory; "
                "compute each row by itself, or make it an adapters.losses.modules.JointLoss, which sees a whole update"
            )


def rows_without_label_are_left_out(loss: Loss) -> str | None:
    """A label of -100 has the loss 0."""
    if isinstance(_prepared(loss), JointLoss):
        return "not tried, as it weighs the rows of an update against each other, each of which has a label"
    logits, labels, languages = _batch()
    labels[2] = -100
    found = _losses(loss, (logits, labels, languages))
    if found[2] != 0 or not torch.isfinite(found).all():
        raise BrokenError(
            f"a row with the label -100 has the loss {float(found[2]):g}; pass it over, as cross_entropy does"
        )
    return None


def state_stands_in_buffers(loss: Loss) -> None:
    """What it learns on the way goes with a checkpoint."""
    rows = _batch()
    module, fresh = _prepared(loss), _prepared(loss)
    for _ in range(3):
        _apply(module, rows)
    fresh.load_state_dict(module.state_dict())
    if not torch.equal(_apply(module, rows), _apply(fresh, rows)):
        raise BrokenError("after loading its state_dict it gives other losses; keep what it learns in buffers")


def counts_are_not_touched(loss: Loss) -> None:
    """The counts that it is given are not changed."""
    given = COUNTS.copy()
    loss.prepare(given)
    if not np.array_equal(given, COUNTS):
        raise BrokenError("prepare() changes the counts in place; work on a copy")


PROMISES = (
    options_are_json,
    rows_have_losses,
    losses_have_gradients,
    order_does_not_matter,
    micro_batches_do_not_matter,
    rows_without_label_are_left_out,
    state_stands_in_buffers,
    counts_are_not_touched,
)


def subject(name: str) -> Loss:
    """Return a loss with its options at their defaults."""
    return get_loss(name)


def _batch(scale: float = 1.0) -> Batch:
    generator = torch.Generator().manual_seed(5)
    logits = scale * torch.randn(_ROWS, COUNTS.shape[1], generator=generator)
    return logits, torch.arange(_ROWS) % COUNTS.shape[1], torch.arange(_ROWS) % COUNTS.shape[0]


def _taken(rows: Batch, places: torch.Tensor) -> Batch:
    logits, labels, languages = rows
    return logits[places], labels[places], languages[places]


def _prepared(loss: Loss) -> torch.nn.Module:
    module = loss.prepare(COUNTS.copy())
    if not isinstance(module, torch.nn.Module):
        raise BrokenError(
            f"prepare() returns an object of the class {type(module).__name__}; a torch.nn.Module is wanted"
        )
    return module.train()


def _losses(loss: Loss, rows: Batch) -> torch.Tensor:
    return _apply(_prepared(loss), rows)


def _apply(module: torch.nn.Module, rows: Batch) -> torch.Tensor:
    _begin(module, rows)
    found: torch.Tensor = module(*rows)
    return found


def _begin(module: torch.nn.Module, rows: Batch) -> None:
    """Tell a joint loss of an update, as training does."""
    if isinstance(module, JointLoss):
        logits, labels, languages = rows
        module.begin(logits.detach(), labels, languages)


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, rtol=1e-5, atol=1e-6)
