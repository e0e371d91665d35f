"""A WSGI application around `git http-backend`, which serves bare repositories for reading."""

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import FileWrapper

from oduflow.adapters.git import process
from oduflow.adapters.git.invocation import local_environment
from oduflow.adapters.git.limits import AbortCheck

_LOG = logging.getLogger(__name__)
_SECONDS = 120.0
_FILTER = "uploadpack.allowFilter=true"  # commits can be fetched without their files

# The two requests of a clone (gitprotocol-http(5)): never receive-pack, never a file of the
# repository, never a name that starts with a dot.
_REQUEST = re.compile(
    r"(?P<repository>(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+\.git)"
    r"/(?P<service>info/refs|git-upload-pack)"
)
_METHODS = {"info/refs": ("GET", "service=git-upload-pack"), "git-upload-pack": ("POST", "")}
_CGI = (
    "REQUEST_METHOD",
    "QUERY_STRING",
    "PATH_INFO",
    "CONTENT_TYPE",
    "REMOTE_ADDR",
    "HTTP_CONTENT_ENCODING",
)


class HttpBackend:
    """Serves every repository `root/…/NAME.git` at `/…/NAME.git`.

    Request and response are buffered in files, so that a slow client occupies no process and no
    memory. The server in front limits the request's body and marks its end, as waitress does.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        asked = _REQUEST.fullmatch(environ.get("PATH_INFO", ""))
        how = (environ["REQUEST_METHOD"], environ.get("QUERY_STRING", ""))
        if not asked or _METHODS[asked["service"]] != how:
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        with tempfile.TemporaryFile() as body:
            shutil.copyfileobj(environ["wsgi.input"], body)
            answer = self._run(environ, asked["repository"], body)
        start_response(*_read_head(answer))
        return FileWrapper(answer)

    def _run(self, environ: WSGIEnvironment, repository: str, body: BinaryIO) -> BinaryIO:
        variables = {name: str(environ.get(name, "")) for name in _CGI}
        variables |= {
            "CONTENT_LENGTH": str(body.tell()),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_PROTOCOL": str(environ.get("HTTP_GIT_PROTOCOL", "")),
        }
        options = (f"safe.directory={self._root}{repository}", "core.hooksPath=/dev/null", _FILTER)
        body.seek(0)
        answer = tempfile.TemporaryFile()  # noqa: SIM115  closed after the last byte is sent
        process.run(
            ("git", *(part for option in options for part in ("-c", option)), "http-backend"),
            {**local_environment(), **variables},
            on_output=answer.write,
            on_message=_LOG.debug,
            abort_check=AbortCheck(f"serving {repository}", _SECONDS),
            stdin=body,
        )
        answer.seek(0)
        return answer


def _read_head(answer: BinaryIO) -> tuple[str, list[tuple[str, str]]]:
    """Read the header of a CGI response up to its body (RFC 3875, 6.2)."""
    status, headers = "200 OK", []
    while line := answer.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            status = value.strip()
        else:
            headers.append((name, value.strip()))
    body = answer.tell()
    length = answer.seek(0, os.SEEK_END) - body
    answer.seek(body)
    return status, [*headers, ("Content-Length", str(length))]
