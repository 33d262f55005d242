"""A hub of one folder on loopback: the few addresses that `datasets` and `huggingface_hub` ask for."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def serve(folder: Path) -> ThreadingHTTPServer:
    """Serve ``folder/<organisation>/<name>/...`` as data sets; call ``serve_forever`` on what is returned."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            parts = unquote(urlparse(self.path).path).strip("/").split("/")
            if parts[:2] == ["api", "datasets"]:
                self._api(parts[2:])
            elif parts[0] == "datasets" and "resolve" in parts:
                self._file(parts[1] + "/" + parts[2], parts[parts.index("resolve") + 1], parts[5:])
            else:
                self._json({"error": "not here"}, 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            paths = parse_qs(body).get("paths", [])
            if self.headers.get("Content-Type", "").startswith("application/json"):
                paths = json.loads(body).get("paths", [])
            parts = unquote(urlparse(self.path).path).strip("/").split("/")
            root = folder / parts[2] / parts[3]
            known = {path: root / path for path in paths if (root / path).exists()}
            self._json([self._entry(root, path) for path in known.values()])

        def _api(self, parts: list[str]) -> None:
            root = folder / "/".join(parts[:2])
            if not root.is_dir():
                self._json({"error": "Repository not found"}, 401)
            elif parts[2:3] == ["revision"] and parts[3] not in ("main", COMMIT):
                self._json({"error": "Invalid rev id"}, 404, {"X-Error-Code": "RevisionNotFound"})
            elif parts[2:3] == ["tree"]:
                under = root / "/".join(parts[4:])
                if not under.is_dir():
                    self._json({"error": "no entry"}, 404, {"X-Error-Code": "EntryNotFound"})
                    return
                deep = "recursive=true" in self.path.lower()
                self._json([self._entry(root, path) for path in sorted(under.rglob("*") if deep else under.iterdir())])
            else:
                files = [
                    {"rfilename": str(path.relative_to(root))} for path in sorted(root.rglob("*")) if path.is_file()
                ]
                self._json({"id": "/".join(parts[:2]), "sha": COMMIT, "siblings": files, "tags": [], "private": False})

        def _entry(self, root: Path, path: Path) -> dict[str, object]:
            kind = "file" if path.is_file() else "directory"
            size = path.stat().st_size if path.is_file() else 0
            name = str(path.relative_to(root))
            return {"type": kind, "path": name, "size": size, "oid": hashlib.sha1(name.encode()).hexdigest()}

        def _file(self, repo: str, revision: str, parts: list[str]) -> None:
            path = folder / repo / "/".join(parts)
            if revision not in ("main", COMMIT) or not path.is_file():
                self._json({"error": "no entry"}, 404, {"X-Error-Code": "EntryNotFound"})
                return
            content = path.read_bytes()
            total, wanted = len(content), self.headers.get("Range", "").removeprefix("bytes=")
            self.send_response(206 if wanted else 200)
            if wanted:
                first, last = wanted.split("-")
                start, end = int(first), min(int(last or total), total - 1)
                content = content[start : end + 1]
                self.send_header("Content-Range", f"bytes {start}-{end}/{total}")
            self.send_header("ETag", f'"{hashlib.sha1(str(path).encode()).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

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

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
