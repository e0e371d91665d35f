"""Screenshots of an environment's pages: input, what the browser saw, verdict and view."""

import struct
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from oduflow.domain.environment import EnvironmentName
from oduflow.domain.http import request_path
from oduflow.domain.limits import between
from oduflow.domain.odoo_session import Login
from oduflow.domain.outcome import Model

PAGE_SECONDS = 25  # that a page may take to load
LOGIN_PATH = "/web/login"
_ERRORS = 400  # HTTP's, and above
_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">I4sII")  # of the first chunk: length, type, width, height
_LONGEST = 200  # characters of an error in a sentence
_LOG = "The environment's log may say why."
_WAITING = "`requests` has those without an answer, `console` what went wrong."


Pixels = Annotated[int, between(200, 2000)]


class TakeScreenshot(EnvironmentName):
    """One page."""

    path: Annotated[
        str,
        AfterValidator(request_path),
        Field(description="Path of the page.", examples=["/web"]),
    ]
    user: Annotated[Login | None, Field(description="Login; default: signed out.")] = None
    width: Annotated[Pixels, Field(description="Width of the page.")] = 1280
    height: Annotated[Pixels, Field(description="Height of the page.")] = 800


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a browser saw of a page: untrusted data.

    Attributes:
        url: where it ended.
        status: of the document's response; 0 without one.
        exceptions: that no code of the page caught, with the texts of Odoo's error dialogs.
        console: errors that the page wrote into its console.
        requests: those that failed, were answered with an error, or not in time.
        settled: whether the page was loaded in time.
        crashed: whether the browser's process of the page ended.
    """

    url: str
    status: int
    title: str
    exceptions: tuple[str, ...] = ()
    console: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    settled: bool = True
    crashed: bool = False


class ScreenshotView(Model):
    """What a browser saw of a page: untrusted data. The picture is the answer's `image`.

    `url` is where the browser ended. `console` has errors only, `requests` those that failed.
    """

    url: str
    status: int
    title: str
    seconds: float
    exceptions: tuple[str, ...] = ()
    console: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageProblem:
    """Why a page is none that works, as the end of a sentence about it; and the next step."""

    reason: str
    hint: str


def page_problem(args: TakeScreenshot, facts: PageFacts) -> PageProblem | None:
    """Return why a page does not work; None if there is nothing against it."""
    thrown = next(iter(facts.exceptions), "").strip().partition("\n")[0][:_LONGEST]
    login = is_login(facts.url) and not is_login(args.path)
    problems = (
        (facts.crashed, "ended the browser's process", "It may need more memory than that has."),
        (facts.status >= _ERRORS, f"was answered with status {facts.status}", _LOG),
        (login, "led to the login page", _login_hint(args)),
        (bool(facts.exceptions), f"raised an error: {thrown}", "`exceptions` has it whole."),
        (not facts.settled, f"was not loaded within {PAGE_SECONDS} s", _WAITING),
        (not facts.status, "was not answered", "`requests` may say why."),
    )
    return next((PageProblem(reason, hint) for holds, reason, hint in problems if holds), None)


def _login_hint(args: TakeScreenshot) -> str:
    if args.user is None:
        return "Name the user whose page it is: user=admin."
    return f"{args.user} was signed in, so a page on the way has ended the session."


def is_login(url: str) -> bool:
    """Whether a URL or a path is that of Odoo's login page."""
    path = urlsplit(url).path.rstrip("/")
    return path == LOGIN_PATH or path.endswith(LOGIN_PATH)  # below a language, such as /fr


def png_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG image (RFC 2083, 3.1 and 4.1.1); None if it is none."""
    header = content[len(_PNG) : len(_PNG) + _HEADER.size]
    if not content.startswith(_PNG) or len(header) < _HEADER.size:
        return None
    length, kind, width, height = _HEADER.unpack(header)
    return (width, height) if (length, kind) == (13, b"IHDR") else None
