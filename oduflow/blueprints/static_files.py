"""The scripts, styles and pictures of the pages, at URLs that change with their content.

They are read, joined and compressed once, when the application is made: a request costs a look-up.
A browser asks for each of them once, because a changed file has another URL.

Only these files are compressed. The compressed length of a page that holds both a secret and a
text that an attacker chooses would tell the secret (BREACH, CVE-2013-3587).
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from flask import Blueprint, Response, abort, request, url_for

STYLESHEET = "oduflow.css"
_LAYERS = ("tokens", "base", "layout", "form", "table", "state", "details")
_OTHERS = ("icon.svg", "oduflow.js", "upload.js", "vendor/htmx-2.0.11/htmx.min.js")
_TYPES = MappingProxyType({"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"})
_IMMUTABLE = "public, max-age=31536000, immutable"
_VERSION_LENGTH = 12

blueprint = Blueprint("static", __name__)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file.

    Attributes:
        version: the part of its URL that changes with its content.
    """

    content: bytes
    compressed: bytes
    version: str
    content_type: str

    @classmethod
    def of(cls, name: str, content: bytes) -> "StaticFile":
        """Compress a file and compute its version."""
        content_type = f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8"
        version = hashlib.sha256(content).hexdigest()[:_VERSION_LENGTH]
        return cls(content, gzip.compress(content, mtime=0), version, content_type)


@cache
def static_files() -> MappingProxyType[str, StaticFile]:
    """Return every served file by its name; the layers of the stylesheet are one file."""
    folder = files("oduflow") / "static"
    styles = b"".join((folder / f"{layer}.css").read_bytes() for layer in _LAYERS)
    contents = {STYLESHEET: styles, **{name: (folder / name).read_bytes() for name in _OTHERS}}
    return MappingProxyType({name: StaticFile.of(name, each) for name, each in contents.items()})


@blueprint.app_template_global()
def asset(name: str) -> str:
    """Return the URL of a static file, which changes with its content."""
    return url_for("static.serve_file", version=static_files()[name].version, name=name)


@blueprint.get("/static/<version>/<path:name>")
def serve_file(version: str, name: str) -> Response:
    """Serve a static file; one of another version than the URL names is not to be kept.

    A page of the server's last version may ask for it during an upgrade.
    """
    found = static_files().get(name)
    if found is None:
        abort(404)
    response = Response(found.content, content_type=found.content_type)
    response.headers["Vary"] = "Accept-Encoding"
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(found.compressed)
        response.headers["Content-Encoding"] = "gzip"
    if version == found.version:
        response.headers["Cache-Control"] = _IMMUTABLE
    return response
