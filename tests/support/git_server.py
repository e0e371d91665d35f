"""A real git server on a loopback port, with faults that a client must survive."""

import base64
import hmac
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self
from wsgiref.types import StartResponse, WSGIEnvironment

from oduflow.adapters.git.loopback_server import LoopbackServer
from tests.support.receiving_backend import ReceivingBackend

USER, PASSWORD = "reader", "read-only-password"
_FAULTS = {"hang", "drip", "dumb", "redirect", "moved", "page", "error"}
_ADVERTISEMENT = b"001e# service=git-upload-pack\n0000"


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Submodule:
    """A gitlink, as `git submodule add` leaves it."""

    commit: str = "1" * 40


Files = Mapping[str, str | bytes | Link | Submodule]


@dataclass(frozen=True, slots=True)
class GitRequest:
    """A client's request."""

    method: str
    path: str
    query: str
    host: str
    authorization: str


@dataclass
class GitServer:
    """Serves bare repositories made from dictionaries.

    A repository `name` is at `/public/name.git`, and with Basic auth at `/private/name.git`:
    `accounts` says who reads what lies below a path. `/echo/…` wants Basic auth too, and tells
    back what it was sent in a message of git's. `/hang/…` never answers, `/drip/…` answers a byte
    now and then, `/redirect/…` sends the client to `/public/…` at `redirect_to`, `/moved/…` to
    `/private/…` of this server, `/page/…` to a page, `/dumb/…` serves the files of a repository as
    a plain web server does, `/error/500/…` answers that status. A push is received as well; what
    lies below `/readonly/…` can be read, and a push to it is answered 403. `requests` holds every
    request, in order. With `adds_suffix` a path without `.git` is redirected to the one with it,
    as GitLab does.
    """

    root: Path
    requests: list[GitRequest] = field(default_factory=list)
    redirect_to: str = ""
    adds_suffix: bool = False
    accounts: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"/private/": (USER, PASSWORD)}
    )

    def __post_init__(self) -> None:
        self._backend = ReceivingBackend(self.root)
        self._server = LoopbackServer(self._answer)
        self._stopping = Event()

    @property
    def authority(self) -> str:
        return self._server.authority

    @property
    def port(self) -> int:
        return self._server.port

    def url(self, path: str) -> str:
        return f"http://{self.authority}/{path}"

    def repository(self, name: str, branches: Mapping[str, Files], *, default: str = "main") -> str:
        """Make or extend a repository by one commit a branch; return its public URL."""
        bare = self.root / f"{name}.git"
        bare.mkdir(parents=True, exist_ok=True)
        _git(bare, "init", "--quiet", "--bare", f"--initial-branch={default}")
        _git(bare, "config", "http.receivepack", "true")
        _git(bare, "fast-import", "--quiet", "--force", stdin=b"".join(_stream(bare, branches)))
        return self.url(f"public/{name}.git")

    def commit(self, name: str, branch: str) -> str:
        return _git(self.root / f"{name}.git", "rev-parse", f"refs/heads/{branch}")

    def git(self, name: str, *arguments: str, stdin: bytes = b"") -> str:
        """Run git in a repository and return its output."""
        return _git(self.root / f"{name}.git", *arguments, stdin=stdin)

    def forget(self, name: str, branch: str) -> None:
        """Delete a branch."""
        _git(self.root / f"{name}.git", "update-ref", "-d", f"refs/heads/{branch}")

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._server.stop()

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        self.requests.append(
            GitRequest(method, path, environ["QUERY_STRING"], environ["HTTP_HOST"], authorization)
        )
        _, area, rest = path.split("/", 2)
        if area in _FAULTS:
            return self._fail(area, rest, environ["QUERY_STRING"], start)
        if self.adds_suffix and ".git/" not in path:
            repository, mark, refs = path.partition("/info/")
            location = f"{repository}.git{mark}{refs}?{environ['QUERY_STRING']}"
            start("301 Moved Permanently", [("Location", location)])
            return []
        if (area == "private" and not self._knows(path, authorization)) or (
            area == "echo" and not authorization
        ):
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="git"')])
            return []
        if area == "readonly" and "receive-pack" in f"{path}{environ['QUERY_STRING']}":
            start("403 Forbidden", [("Content-Length", "0")])
            return []
        if area == "echo":
            start("200 OK", [("Content-Type", "application/x-git-upload-pack-advertisement")])
            sent = authorization.removeprefix("Basic ")
            return [_error(f"you sent {sent}, {base64.b64decode(sent).decode()}".encode())]
        return self._backend({**environ, "PATH_INFO": f"/{rest}"}, start)

    def _fail(self, area: str, rest: str, query: str, start: StartResponse) -> Iterable[bytes]:
        if area == "hang":
            self._stopping.wait(120)
        if area == "drip":
            start("200 OK", [("Content-Type", "application/x-git-upload-pack-advertisement")])
            return self._drip()
        if area == "dumb":
            file = self.root / rest
            start("200 OK" if file.is_file() else "404 Not Found", [])
            return [file.read_bytes()] if file.is_file() else []
        targets = {
            "redirect": f"{self.redirect_to or self.url('')}public/{rest}",
            "moved": f"/private/{rest}",
            "page": "/users/sign_in",
        }
        if area in targets:
            start("301 Moved Permanently", [("Location", f"{targets[area]}?{query}")])
        else:
            status = rest.partition("/")[0] if area == "error" else "404"
            start(f"{status} Error", [("Content-Length", "0")])
        return []

    def _knows(self, path: str, authorization: str) -> bool:
        prefixes = [prefix for prefix in self.accounts if path.startswith(prefix)]
        user, password = self.accounts[max(prefixes, key=len)]
        expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        return hmac.compare_digest(authorization, expected)

    def _drip(self) -> Iterator[bytes]:
        for byte in _ADVERTISEMENT * 100:
            yield bytes([byte])
            if self._stopping.wait(0.2):
                return


def _error(message: bytes) -> bytes:
    """Write an error as git's smart protocol does (gitprotocol-pack(5), ERR)."""
    announced = _ADVERTISEMENT + b"%04xERR %s" % (len(message) + 8, message)
    return announced + b"0000"


def _stream(bare: Path, branches: Mapping[str, Files]) -> Iterator[bytes]:
    """Speak git-fast-import(1)."""
    for number, (branch, files) in enumerate(branches.items()):
        ref = f"refs/heads/{branch}"
        yield f"commit {ref}\n".encode()
        yield f"committer Test <test@example.com> {int(time.time()) + number} +0000\n".encode()
        yield _data(f"Change {branch}".encode())
        if _git(bare, "for-each-ref", ref):
            yield f"from {ref}^0\n".encode()
        yield b"deleteall\n"
        for path, content in files.items():
            yield from _entry(path, content)


def _entry(path: str, content: str | bytes | Link | Submodule) -> Iterator[bytes]:
    if isinstance(content, Submodule):
        yield f"M 160000 {content.commit} {path}\n".encode()
        return
    mode = "120000" if isinstance(content, Link) else "100644"
    yield f"M {mode} inline {path}\n".encode()
    text = content.target if isinstance(content, Link) else content
    yield _data(text if isinstance(text, bytes) else text.encode())


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _git(bare: Path, *arguments: str, stdin: bytes = b"") -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "EMAIL": "test@example.com",
    }
    answer = subprocess.run(
        ["git", f"--git-dir={bare}", *arguments],
        input=stdin,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return answer.stdout.decode().strip()
