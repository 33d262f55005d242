"""What of this machine and of its user must not go out: tokens, absolute paths, host and user names."""

import getpass
import os
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leaderboard.publishing.paths import holds_path, without_paths

# The forms that the owners of the largest services give to their tokens.
_TOKEN = re.compile(
    r"\bhf_(?:oauth_)?[A-Za-z0-9]{16,}|\bapi_org_[A-Za-z0-9]{16,}|\bgithub_pat_\w{20,}|\bgh[pousr]_\w{30,}|\bglpat-[\w-]{16,}"
    r"|\bsk-[\w-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[\w-]{10,}|\bBearer\s+[\w.~+/-]{16,}=*"
    r"|\bAIza[\w-]{30,}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----",
    re.ASCII,
)
# Who logs in with an address, and what signs it; `git@` is nobody's name.
_LOGIN = re.compile(r"(?<=://)(?!git@)[^\s/?#\"'<>]*@")
_SIGNATURE = re.compile(
    r"(?<=[?&])[\w.-]*(?:token|secret|password|signature|credential|sig|key)=[^\s&#\"'<>]+", re.IGNORECASE
)
_SECRET_NAMES = {"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "KEY", "APIKEY", "CREDENTIAL", "CREDENTIALS"}
_SHORTEST_SECRET = 8  # characters; a shorter value is a setting rather than a secret
_SHORTEST_NAME = 4
# Names that many machines and accounts have, and that tell nobody's.
_COMMON = {
    "admin", "azureuser", "centos", "colab", "conda", "cuda", "debian", "default", "docker", "ec2-user", "fedora",
    "guest", "home", "jovyan", "linux", "localhost", "nobody", "notebook", "python", "root", "runner", "server", "test",
    "torch", "ubuntu", "user", "vagrant", "vscode", "worker", "workspace",
}  # fmt: skip

TOKEN, LOGIN, PATH = "an access token", "a name or password in an address", "an absolute path"
HOST, USER = "the name of this machine", "the name of its user"

Kind = tuple[str, Callable[[str], object], Callable[[str], str]]
"""What a private thing is called; whether a text holds one; the text without it."""


@dataclass(frozen=True)
class Private:
    """The kinds of what must not go out, in the order in which they are looked for."""

    kinds: tuple[Kind, ...]

    def found(self, text: str) -> str:
        """Return the kind of the first private thing in a text, or an empty string. The thing itself is not told."""
        return next((name for name, holds, _ in self.kinds if holds(text)), "")

    def clean(self, text: str) -> str:
        """Return a text without what is private: paths are cut to their last component."""
        for _, _, without in self.kinds:
            text = without(text)
        return text


def private(public: Iterable[str] = ()) -> Private:
    """Gather what is private here: from the environment, the account and the hub's client.

    Args:
        public: words that are no secret although a user or a machine may be called so: those of the results.
    """
    from huggingface_hub import get_token

    secrets = {f"the value of the environment variable {name}": value for name, value in os.environ.items()
               if _SECRET_NAMES & set(name.upper().split("_"))}  # fmt: skip
    secrets["your access token"] = get_token() or ""
    known = _COMMON | {word.lower() for word in public}
    host = socket.gethostname()
    users = {os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME")} | {_account(), Path.home().name}
    return Private(
        (
            *(
                _kind(name, re.compile(re.escape(value)), "[removed]")
                for name, value in sorted(secrets.items(), key=lambda item: -len(item[1]))
                if len(value) >= _SHORTEST_SECRET
            ),
            _kind(TOKEN, _TOKEN, "[removed]"),
            _kind(LOGIN, _LOGIN, ""),
            _kind(LOGIN, _SIGNATURE, "[removed]"),
            (PATH, holds_path, without_paths),
            *(_kind(HOST, _word(name), "[host]") for name in _telling({host, host.split(".")[0]}, known)),
            *(_kind(USER, _word(name), "[user]") for name in _telling(users, known)),
        )
    )


def _kind(name: str, pattern: re.Pattern[str], instead: str) -> Kind:
    return name, pattern.search, partial(pattern.sub, instead)


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as containers have
        return ""


def _telling(names: Iterable[str], known: set[str]) -> list[str]:
    """Return the names that say whose they are, the longest first."""
    chosen = {name for name in names if len(name) >= _SHORTEST_NAME and name.lower() not in known}
    return sorted(chosen, key=lambda name: (-len(name), name))


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
