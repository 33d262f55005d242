"""Experiment trackers, which transformers calls: their names, and that each training is a run of its own in them."""

import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from polyskew.errors import UserError, suggest

_TENSORBOARD = "TENSORBOARD_LOGGING_DIR"  # read by transformers


def check_trackers(names: Collection[str]) -> None:
    """Refuse trackers that transformers does not know, or that are not installed.

    Raises:
        UserError: one is.
    """
    if not names:
        return
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    for name in names:
        if name not in INTEGRATION_TO_CALLBACK:
            raise UserError(f"report_to: there is no tracker called {name!r}{suggest(name, INTEGRATION_TO_CALLBACK)}")
        try:
            INTEGRATION_TO_CALLBACK[name]()
        except (ImportError, RuntimeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise UserError(f"report_to: {name} cannot be used: {reason}") from error


@contextmanager
def one_run(names: Collection[str], run_name: str) -> Iterator[None]:
    """Make what trackers are told within the block one run.

    TensorBoard's files go to ``runs/NAME`` in the working directory, or into the folder that the environment variable
    TENSORBOARD_LOGGING_DIR names; its default, the folder of checkpoints, is removed after training. A run of
    Weights & Biases is ended, or the next training of this process would be added to it.

    Args:
        names: of the trackers.
        run_name: what distinguishes the training.
    """
    before = os.environ.get(_TENSORBOARD)
    name = re.sub(r"[^\w.+=()-]+", "_", run_name)
    os.environ[_TENSORBOARD] = f"{before or 'runs'}/{name}"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TENSORBOARD]
        else:
            os.environ[_TENSORBOARD] = before
        if "wandb" in names and "wandb" in sys.modules:
            sys.modules["wandb"].finish()
