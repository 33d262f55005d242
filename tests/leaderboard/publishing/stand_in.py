"""A hub on loopback that can be written to: what `huggingface_hub` asks for when it creates, uploads, commits, merges.

It keeps all in memory. As on the hub, parquet and safetensors files are stored apart by their SHA-256, other files
travel in the commit, and a repository begins with a commit of its own.
"""

import base64
import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

import yaml

from tests.serving import serving

TOKEN = "hf_ofNobodyInParticular0123456789"
USER, ORGANISATION = "nobody-special", "org"
_PAGE = 100  # entries of a tree a page
_APART = (".parquet", ".safetensors")


@dataclass
class Repo:
    """A repository.

    Attributes:
        commits: every state so far, oldest first: title and files by path.
        refs: the place in ``commits`` of each branch and pull request.
        requests: title and status of each pull request, by number.
    """

    commits: list[tuple[str, dict[str, bytes]]]
    refs: dict[str, int]
    requests: dict[int, list[str]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """The files of ``main``, less what the hub put there itself."""
        return {path: content for path, content in self.at("main").items() if path != ".gitattributes"}

    def at(self, revision: str) -> dict[str, bytes]:
        """The files of a branch, a pull request or a commit."""
        return self.commits[self.place(revision)][1]

    def place(self, revision: str) -> int:
        """The place of a revision in `commits`."""
        named = {_sha(place): place for place in range(len(self.commits))} | self.refs
        return named[revision]


@dataclass
class Hub:
    """A running stand-in.

    Attributes:
        url: its address.
        repos: by kind and name, for example ``("dataset", "org/demo")``.
        stored: what was uploaded apart from commits, by SHA-256.
        received: every byte string that was uploaded, in whatever way.
        uploads: the SHA-256 of each file that was uploaded apart, in their order.
        drop_after: reset the connection of each upload after so many; None never.
        requests: method and path of every request.
    """

    url: str = ""
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    received: list[bytes] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    drop_after: int | None = None
    requests: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, kind: str, name: str, files: dict[str, bytes]) -> Repo:
        """Put a repository there that somebody else has made."""
        repo = self.repos[kind, name] = _new()
        repo.commits.append(("upload", repo.at("main") | files))
        repo.refs["main"] = 1
        return repo


@contextmanager
def serve() -> Iterator[Hub]:
    """Serve an empty hub, in which the user `USER` may write to the organisation `ORGANISATION`."""
    hub = Hub()
    with serving(type("Handler", (_Handler,), {"hub": hub})) as hub.url:
        yield hub


def _new() -> Repo:
    return Repo([("initial commit", {".gitattributes": b"*.parquet filter=lfs\n"})], {"main": 0})


def _sha(place: int) -> str:
    return hashlib.sha1(b"commit %d" % place).hexdigest()


def _tags(files: dict[str, bytes]) -> list[str]:
    parts = files.get("README.md", b"").decode().split("---\n")
    found = yaml.safe_load(parts[1]) if len(parts) > 2 else {}
    return list(found.get("tags", []))


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.hub.lock:
            self.hub.requests.append(f"PUT {self.path}")
            if self.hub.drop_after is not None and len(self.hub.uploads) >= self.hub.drop_after:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            checksum = hashlib.sha256(body).hexdigest()
            self.hub.uploads.append(checksum)
            self.hub.received.append(body)
            self.hub.stored[checksum] = body
        self._send(b"")

    def _answer(self, body: bytes) -> None:
        path = unquote(urlparse(self.path).path).strip("/")
        query = {name: values[0] for name, values in parse_qs(urlparse(self.path).query).items()}
        with self.hub.lock:
            self.hub.requests.append(f"{self.command} /{path}")
            for pattern, act in _ROUTES.items():
                if match := re.fullmatch(pattern, path):
                    act(self, body, query, **match.groupdict())
                    return
        self._json({"error": f"not here: {path}"}, 404)

    # What is asked for.

    def _whoami(self, body: bytes, query: dict[str, str]) -> None:
        if self._token() == TOKEN:
            self._json({"type": "user", "name": USER, "orgs": [{"name": ORGANISATION}]})
        else:
            self._json({"error": "Invalid username or password."}, 401)

    def _valid(self, body: bytes, query: dict[str, str]) -> None:
        files = {"README.md": json.loads(body)["content"].encode()}
        try:
            _tags(files)
        except yaml.YAMLError as error:
            self._json({"errors": [{"message": str(error)}], "warnings": []}, 400)
            return
        self._json({"errors": [], "warnings": []})

    def _create(self, body: bytes, query: dict[str, str]) -> None:
        asked = json.loads(body)
        kind, name = asked.get("type", "model"), f"{asked['organization']}/{asked['name']}"
        if not self._may_write(name):
            return
        if (kind, name) in self.hub.repos:
            self._json({"error": "You already created this repo"}, 409)
            return
        self.hub.repos[kind, name] = _new()
        self._json({"url": f"{self.hub.url}/{'' if kind == 'model' else kind + 's/'}{name}"})

    def _info(self, body: bytes, query: dict[str, str], kind: str, name: str, revision: str = "main") -> None:
        if repo := self._repo(kind, name):
            files = repo.at(revision)
            siblings = [{"rfilename": path} for path in sorted(files)]
            told = {"id": name, "sha": _sha(repo.place(revision)), "siblings": siblings, "tags": _tags(files)}
            self._json({**told, "private": False, "gated": False, "disabled": False})

    def _tree(self, body: bytes, query: dict[str, str], kind: str, name: str, revision: str) -> None:
        if repo := self._repo(kind, name):
            start = int(query.get("cursor", 0))
            files = sorted(repo.at(revision).items())
            more = {}
            if len(files) > start + _PAGE:
                address = f"{self.hub.url}{urlparse(self.path).path}?recursive=true&cursor={start + _PAGE}"
                more = {"Link": f'<{address}>; rel="next"'}
            self._json([_entry(*file) for file in files[start : start + _PAGE]], headers=more)

    def _commits(self, body: bytes, query: dict[str, str], kind: str, name: str, revision: str) -> None:
        if repo := self._repo(kind, name):
            told = {"authors": [], "date": "2024-01-01T00:00:00.000Z", "message": ""}
            chosen = enumerate(repo.commits[: repo.place(revision) + 1])
            self._json([{**told, "id": _sha(place), "title": title} for place, (title, _) in chosen])

    def _preupload(self, body: bytes, query: dict[str, str], kind: str, name: str, revision: str) -> None:
        if self._may_write(name) and self._repo(kind, name):
            files = [
                {"path": file["path"], "uploadMode": "lfs" if file["path"].endswith(_APART) else "regular",
                 "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]  # fmt: skip
            self._json({"files": files})

    def _batch(self, body: bytes, query: dict[str, str], name: str, kind: str | None = None) -> None:
        objects = []
        for asked in json.loads(body)["objects"]:
            known = asked["oid"] in self.hub.stored
            action = {} if known else {"actions": {"upload": {"href": f"{self.hub.url}/apart/{asked['oid']}"}}}
            objects.append({"oid": asked["oid"], "size": asked["size"], **action})
        self._json({"transfer": "basic", "objects": objects})

    def _commit(self, body: bytes, query: dict[str, str], kind: str, name: str, revision: str) -> None:
        repo = self._repo(kind, name)
        if repo is None or not self._may_write(name):
            return
        header, *changes = [json.loads(line) for line in body.splitlines()]
        parent = header["value"].get("parentCommit")
        if parent is not None and parent != _sha(repo.place(revision)):
            self._json({"error": "The branch has moved"}, 412)
            return
        files = dict(repo.at(revision))
        for change in changes:
            path = change["value"]["path"]
            if change["key"] == "deletedFile":
                del files[path]
            elif change["key"] == "lfsFile":
                files[path] = self.hub.stored[change["value"]["oid"]]
            else:
                files[path] = base64.b64decode(change["value"]["content"])
                self.hub.received.append(files[path])
        repo.commits.append((header["value"]["summary"], files))
        told = {"commitUrl": f"{self.hub.url}/{kind}s/{name}/commit/x", "commitOid": _sha(len(repo.commits) - 1)}
        if query.get("create_pr"):
            number = len(repo.requests) + 1
            repo.requests[number] = [header["value"]["summary"], "open"]
            revision = f"refs/pr/{number}"
            told["pullRequestUrl"] = f"{self.hub.url}/{kind}s/{name}/discussions/{number}"
        repo.refs[revision] = len(repo.commits) - 1
        self._json(told)

    def _discussions(self, body: bytes, query: dict[str, str], kind: str, name: str) -> None:
        if repo := self._repo(kind, name):
            told = {"author": {"name": USER}, "createdAt": "2024-01-01T00:00:00.000Z", "isPullRequest": True}
            found = [
                {**told, "num": number, "title": title, "status": status, "repo": {"name": name, "type": kind}}
                for number, (title, status) in repo.requests.items()
                if status == query["status"] and query["author"] == USER
            ]
            self._json({"count": len(found), "start": 0, "discussions": found})

    def _merge(self, body: bytes, query: dict[str, str], kind: str, name: str, number: str) -> None:
        repo = self._repo(kind, name)
        if repo and self._may_write(name):
            repo.requests[int(number)][1] = "merged"
            repo.refs["main"] = repo.refs[f"refs/pr/{number}"]
            self._json({})

    def _file(self, body: bytes, query: dict[str, str], name: str, revision: str, path: str, kind: str = "") -> None:
        repo = self._repo(kind or "model", name)
        if repo is None:
            return
        files = repo.at(revision)
        if path not in files:
            self._json({"error": "no entry"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        content = files[path]
        tag = hashlib.sha256(content).hexdigest() if path.endswith(_APART) else _git(content)
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": _sha(repo.place(revision))}
        self._send(content, headers=headers)

    # What stands in the way.

    def _token(self) -> str:
        return str(self.headers.get("Authorization", "")).removeprefix("Bearer ")

    def _may_write(self, name: str) -> bool:
        if self._token() != TOKEN:
            self._json({"error": "Invalid credentials in Authorization header"}, 401)
        elif name.split("/")[0] != ORGANISATION:
            self._json({"error": "You don't have the rights to do this under this namespace"}, 403)
        else:
            return True
        return False

    def _repo(self, kind: str, name: str) -> Repo | None:
        repo = self.hub.repos.get((kind, name))
        if repo is None:
            self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        return repo

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def _send(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, text in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _entry(path: str, content: bytes) -> dict[str, object]:
    told: dict[str, object] = {"type": "file", "path": path, "size": len(content), "oid": _git(content)}
    if path.endswith(_APART):
        told["oid"] = "0" * 40  # of a pointer, which nobody may take for the file's
        told["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
    return told


_REPO = r"api/(?P<kind>dataset|model|space)s/(?P<name>[^/]+/[^/]+)"
_ROUTES: dict[str, Any] = {
    r"api/whoami-v2": _Handler._whoami,
    r"api/validate-yaml": _Handler._valid,
    r"api/repos/create": _Handler._create,
    _REPO: _Handler._info,
    _REPO + r"/revision/(?P<revision>.+)": _Handler._info,
    _REPO + r"/tree/(?P<revision>refs/pr/\d+|[^/]+)": _Handler._tree,
    _REPO + r"/commits/(?P<revision>[^/]+)": _Handler._commits,
    _REPO + r"/preupload/(?P<revision>.+)": _Handler._preupload,
    _REPO + r"/commit/(?P<revision>.+)": _Handler._commit,
    _REPO + r"/discussions": _Handler._discussions,
    _REPO + r"/discussions/(?P<number>\d+)/merge": _Handler._merge,
    r"(?:(?P<kind>dataset|space)s/)?(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch": _Handler._batch,
    r"(?:(?P<kind>dataset|space)s/)?(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)": _Handler._file,
}
