"""A container registry on loopback: the part of the OCI distribution API that a pull needs.

Source: OCI Distribution Specification 1.1, “Pull”.
"""

import gzip
import hashlib
import io
import json
import secrets
import tarfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_PIECES = 100


class ImageRegistry(ThreadingHTTPServer):
    """Serves images of one layer of random bytes, with a given delay."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.manifests: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked_for_layers: list[str] = []
        self.layers: dict[str, float] = {}

    def publish(self, name: str, tag: str, *, size: int, seconds: float = 0) -> str:
        """Offer an image with `size` bytes in it, sent in `seconds`; return its reference."""
        plain = _archive(size)
        layer = gzip.compress(plain, compresslevel=1)
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"User": "4000:4001"},
                "rootfs": {"type": "layers", "diff_ids": [_digest(plain)]},
            }
        ).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._blob(config, _CONFIG),
            "layers": [self._blob(layer, _LAYER)],
        }
        self.layers[_digest(layer)] = seconds
        raw = json.dumps(manifest).encode()
        self.manifests[f"{name}/manifests/{tag}"] = raw
        self.manifests[f"{name}/manifests/{_digest(raw)}"] = raw
        return f"{self.address}/{name}:{tag}"

    def _blob(self, content: bytes, kind: str) -> dict[str, Any]:
        self.blobs[_digest(content)] = content
        return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        registry = cast("ImageRegistry", self.server)
        path = self.path.removeprefix("/v2/")
        digest = path.rpartition("/")[2]
        if not path:
            self._answer(b"{}", "application/json")
        elif path in registry.manifests:
            self._answer(registry.manifests[path], _MANIFEST)
        elif digest in registry.blobs:
            seconds = registry.layers.get(digest)
            if seconds is not None:
                registry.asked_for_layers.append(digest)
            self._answer(registry.blobs[digest], "application/octet-stream", seconds or 0)
        else:
            self.send_error(404)

    def _answer(self, body: bytes, kind: str, seconds: float = 0) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.end_headers()
        if self.command == "HEAD":
            return
        step = max(1, len(body) // _PIECES)
        for start in range(0, len(body), step):
            try:
                self.wfile.write(body[start : start + step])
            except OSError:
                return  # given up on: what the test is about
            time.sleep(seconds / _PIECES)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base
        pass


def _archive(size: int) -> bytes:
    content = secrets.token_bytes(size)
    entry = tarfile.TarInfo("content")
    entry.size = len(content)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as writer:
        writer.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
