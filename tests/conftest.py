"""No test reaches the network: what asks for an address other than this machine's fails, and says so."""

import gc
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

# For child processes too; those that talk to a stand-in hub on loopback are given another environment.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in _LOOPBACK:
            raise AssertionError(f"a test asked for the network: {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def pytest_collection_finish() -> None:
    """Spare the collector the libraries' objects: each training collects garbage, and so does statsmodels."""
    gc.collect()
    gc.freeze()
