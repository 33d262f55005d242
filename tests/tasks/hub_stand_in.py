"""A hub of one folder on loopback: the few addresses that `datasets`, `transformers` and `huggingface_hub` ask for.

Data sets and models alike lie in ``<organisation>/<name>/...``; which kind a repository is, the address says.
"""

import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from tests.serving import serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """A running stand-in.

    Attributes:
        url: what ``HF_ENDPOINT`` is set to.
        requests: every request so far: method, path, and the ``Authorization`` header or "".
        broken: how often the fault of each pattern was shown.
    """

    url: str
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)

    def files(self) -> set[str]:
        """The files whose content was asked for: ``organisation/name/path``."""
        asked = [path.removeprefix("/datasets") for method, path, _ in self.requests if method == "GET"]
        paths = [path.strip("/").split("/") for path in asked]
        return {"/".join(parts[:2] + parts[4:]) for parts in paths if parts[2:3] == ["resolve"]}

    def environment(self, cache: Path) -> dict[str, str]:
        """The variables that lead a process' clients here and nowhere else; they are read at import."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(cache),
            "HF_HUB_OFFLINE": "0",
            "HF_DATASETS_OFFLINE": "0",
            "TRANSFORMERS_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DOWNLOAD_TIMEOUT": "5",
            "HF_HUB_ETAG_TIMEOUT": "5",
        }

    def ask(self, script: str, asked: object, cache: Path) -> Any:
        """Run a script whose clients ask this hub, without a token, and return what it prints after ``RESULT``.

        Args:
            script: Python that reads `asked` from its first argument and prints one line, ``RESULT`` and JSON.
            asked: anything that JSON can hold.
            cache: an empty folder for what the clients keep.
        """
        mine = {name: value for name, value in os.environ.items() if name != "HF_TOKEN"}
        done = subprocess.run(
            [sys.executable, "-c", script, json.dumps(asked)],
            cwd=Path(__file__).resolve().parents[2],
            env=mine | self.environment(cache),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
        assert lines, done.stderr[-3000:]
        return json.loads(lines[0].removeprefix("RESULT"))


@contextmanager
def serve(
    folder: Path,
    faults: Mapping[str, str] | None = None,
    commits: Mapping[str, str] | None = None,
    tokens: Mapping[str, str] | None = None,
) -> Iterator[Hub]:
    """Serve ``folder/<organisation>/<name>/...``.

    Args:
        folder: the repositories.
        faults: what goes wrong, by a pattern for ``organisation/name`` or ``organisation/name/path``: ``withdrawn``
            (401, as the hub answers whoever may not know whether there is such a repository), ``disabled`` and
            ``gated`` (403), ``missing`` (404), ``down`` (500), ``dropped`` (the connection is reset in the middle
            of the file), ``dropped once`` (only the first time), ``short`` (half of what Content-Length says).
        commits: the only commit of a repository; `COMMIT` by default.
        tokens: the token that a private repository wants; without one it is not known, with a wrong one it is 401.
    """
    hub = Hub("")
    with serving(_handler(folder, hub, faults or {}, commits or {}, tokens or {})) as hub.url:
        yield hub


def _handler(
    folder: Path, hub: Hub, faults: Mapping[str, str], commits: Mapping[str, str], tokens: Mapping[str, str]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            hub.requests.append((self.command, urlparse(self.path).path, self.headers.get("Authorization", "")))
            parts = [unquote(part) for part in urlparse(self.path).path.strip("/").split("/")]
            if parts[0] == "api" and parts[1] in ("datasets", "models"):
                self._api(parts[2:])
                return
            parts = parts[1:] if parts[0] == "datasets" else parts
            if len(parts) < 5 or parts[2] != "resolve":
                self._json({"error": "not here"}, 404)
            else:
                self._file("/".join(parts[:2]), parts[3], "/".join(parts[4:]))

        def do_POST(self) -> None:
            hub.requests.append((self.command, urlparse(self.path).path, self.headers.get("Authorization", "")))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            parts = unquote(urlparse(self.path).path).strip("/").split("/")
            repo = "/".join(parts[2:4])
            if self._refuses(repo):
                return
            paths = parse_qs(body).get("paths", [])
            if self.headers.get("Content-Type", "").startswith("application/json"):
                paths = json.loads(body).get("paths", [])
            root = folder / repo
            self._json([self._entry(root, root / path) for path in paths if (root / path).exists()])

        def _api(self, parts: list[str]) -> None:
            repo, rest = "/".join(parts[:2]), parts[2:]
            root = folder / repo
            if self._refuses(repo):
                return
            if rest and rest[0] in ("revision", "tree") and not self._has(repo, rest[1]):
                self._json({"error": "Invalid rev id"}, 404, {"X-Error-Code": "RevisionNotFound"})
            elif rest[:1] == ["tree"]:
                under = root / "/".join(rest[2:])
                if not under.is_dir():
                    self._json({"error": "no entry"}, 404, {"X-Error-Code": "EntryNotFound"})
                    return
                deep = "recursive=true" in self.path.lower()
                self._json([self._entry(root, path) for path in sorted(under.rglob("*") if deep else under.iterdir())])
            else:
                files = [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.is_file()]
                siblings = [{"rfilename": name} for name in files]
                self._json({"id": repo, "sha": self._commit(repo), "siblings": siblings, "tags": [], "private": False})

        def _file(self, repo: str, revision: str, name: str) -> None:
            if self._refuses(repo) or self._refuses(f"{repo}/{name}"):
                return
            path = folder / repo / name
            if not self._has(repo, revision):
                self._json({"error": "Invalid rev id"}, 404, {"X-Error-Code": "RevisionNotFound"})
                return
            if not path.is_file():
                self._json({"error": "no entry"}, 404, {"X-Error-Code": "EntryNotFound"})
                return
            content = path.read_bytes()
            total, wanted = len(content), self.headers.get("Range", "").removeprefix("bytes=")
            first, last = wanted.split("-") if wanted else ("0", "")
            start, end = int(first), min(int(last or total), total - 1)
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{end}/{total}")
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", self._commit(repo))
            self.send_header("Content-Length", str(end + 1 - start))
            self.end_headers()
            if self.command == "GET":
                self._send(content, start, end + 1, f"{repo}/{name}")

        def _send(self, content: bytes, start: int, end: int, name: str) -> None:
            fault = self._fault(name, ("dropped", "dropped once", "short"))
            if not fault:
                self.wfile.write(content[start:end])
                return
            self.wfile.write(content[start : max(start, len(content) // 2)])
            self.wfile.flush()
            self.close_connection = True
            if fault.startswith("dropped"):
                # Closing at once and without a farewell is what a reset looks like to the other side.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _refuses(self, name: str) -> bool:
            """Answer for a repository or file that is not given out."""
            repo = "/".join(name.split("/")[:2])
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            known = self._fault(name, ("withdrawn", "gated", "disabled", "missing", "down"))
            if not (folder / repo).is_dir() or (repo in tokens and not given):
                known = "withdrawn"
            elif repo in tokens and given != tokens[repo]:
                known = "wrong token"
            if known == "withdrawn":
                # The hub itself sends no such code: its clients know a 401 from an https address without one.
                self._json({"error": "Repository not found"}, 401, {"X-Error-Code": "RepoNotFound"})
            elif known == "wrong token":
                reason = "Invalid credentials in Authorization header"
                self._json({"error": reason}, 401, {"X-Error-Message": reason})
            elif known == "gated":
                self._json({"error": "gated"}, 403, {"X-Error-Code": "GatedRepo"})
            elif known == "disabled":
                reason = "Access to this resource is disabled."
                self._json({"error": reason}, 403, {"X-Error-Message": reason})
            elif known == "missing":
                code = "RepoNotFound" if name == repo else "EntryNotFound"
                self._json({"error": "not found"}, 404, {"X-Error-Code": code})
            elif known == "down":
                self._json({"error": "internal error"}, 500)
            return bool(known)

        def _fault(self, name: str, kinds: tuple[str, ...]) -> str:
            for pattern, kind in faults.items():
                if fnmatch(name, pattern) and kind in kinds and not (kind.endswith("once") and hub.broken.get(pattern)):
                    hub.broken[pattern] = hub.broken.get(pattern, 0) + 1
                    return kind
            return ""

        def _commit(self, repo: str) -> str:
            return commits.get(repo, COMMIT)

        def _has(self, repo: str, revision: str) -> bool:
            return revision in ("main", "refs/convert/parquet", self._commit(repo))

        def _entry(self, root: Path, path: Path) -> dict[str, object]:
            kind = "file" if path.is_file() else "directory"
            size = path.stat().st_size if path.is_file() else 0
            name = str(path.relative_to(root))
            return {"type": kind, "path": name, "size": size, "oid": hashlib.sha1(name.encode()).hexdigest()}

        def _json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for name, text in (headers or {}).items():
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
