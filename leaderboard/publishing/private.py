"""What of this machine and of its user must not go out: tokens, absolute paths, host and user names."""

import getpass
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

# The forms that the owners of the largest services give to their tokens.
_TOKEN = re.compile(
    r"\bhf_(?:oauth_)?[A-Za-z0-9]{16,}|\bapi_org_[A-Za-z0-9]{16,}|\bgithub_pat_\w{20,}|\bgh[pousr]_\w{30,}|\bglpat-[\w-]{16,}"
    r"|\bsk-[\w-]{20,}|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[\w-]{10,}|\bBearer\s+[\w.~+/-]{16,}=*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----",
    re.ASCII,
)
_PATH = re.compile(
    r"file://[^\s\"'<>]+"
    r"|(?<![\w./<~-])~(?:/[\w.@+=,%~-]+)+/?"
    r"|(?<![\w./<~-])/[\w.@+=,%~-]+(?:/[\w.@+=,%~-]+)+/?"
    r"|(?<!\w)[A-Za-z]:\\[^\s\"'<>|]+"
    r"|(?<![\w\\])\\\\[\w.-]+\\[^\s\"'<>|]+"
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

TOKEN, PATH, HOST, USER = "an access token", "an absolute path", "the name of this machine", "the name of its user"


@dataclass(frozen=True)
class Private:
    """Patterns of what must not go out.

    Attributes:
        patterns: what each kind looks like, with what takes its place; None where a path's last component does.
    """

    patterns: tuple[tuple[str, re.Pattern[str], str | None], ...]

    def found(self, text: str) -> str:
        """Return the kind of the first private thing in a text, or an empty string. The thing itself is not told."""
        return next((kind for kind, pattern, _ in self.patterns if pattern.search(text)), "")

    def clean(self, text: str) -> str:
        """Return a text without what is private: paths are cut to their last component."""
        for _, pattern, instead in self.patterns:
            text = pattern.sub(_last if instead is None else instead, text)
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
                (kind, re.compile(re.escape(value)), "[removed]")
                for kind, value in sorted(secrets.items(), key=lambda item: -len(item[1]))
                if len(value) >= _SHORTEST_SECRET
            ),
            (TOKEN, _TOKEN, "[removed]"),
            (PATH, _PATH, None),
            *((HOST, _word(name), "[host]") for name in _telling({host, host.split(".")[0]}, known)),
            *((USER, _word(name), "[user]") for name in _telling(users, known)),
        )
    )


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


def _last(match: re.Match[str]) -> str:
    path = match[0]
    return (PureWindowsPath(path) if "\\" in path else PurePath(path)).name
