"""HTTP requests that callers send to an environment's Odoo: input and view."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from oduflow.domain.environment import EnvironmentName
from oduflow.domain.limits import between
from oduflow.domain.outcome import Model

MOST_HEADERS = 50
LONGEST_SECONDS = 60
MOST_BODY_CHARACTERS = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")
_PATH = re.compile(r"/[^\s#\x00-\x20\x7f]{0,8000}")
# They decide where a request goes and where it ends, or how its answer is read.
_OWN = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)


def request_path(path: str) -> str:
    """Return a path with an optional query.

    Raises:
        ValueError: it does not begin with a slash, or has blanks or a fragment.
    """
    if not _PATH.fullmatch(path):
        raise ValueError("is not a path such as /web/login?debug=1, without blanks")
    return path


def request_headers(headers: dict[str, str]) -> dict[str, str]:
    """Return headers that a caller may choose.

    Raises:
        ValueError: names one that is refused.
    """
    for name, value in headers.items():
        if name.lower() in _OWN:
            raise ValueError(f"{name} cannot be chosen")
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"{ascii(name)[:100]} or its value is not a header")
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("names a header twice")
    return headers


class HttpRequest(EnvironmentName):
    """One request."""

    model_config = ConfigDict(str_strip_whitespace=False)

    path: Annotated[
        str,
        AfterValidator(request_path),
        Field(description="Such as /web/login?debug=1.", examples=["/web/login"]),
    ]
    method: Annotated[
        Literal["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"],
        Field(description="Method of the request."),
    ] = "GET"
    headers: Annotated[
        dict[str, str],
        AfterValidator(request_headers),
        Field(max_length=MOST_HEADERS, description="Headers of the request."),
    ] = {}  # noqa: RUF012 - pydantic copies it
    body: Annotated[
        str | None,
        StringConstraints(max_length=MOST_BODY_CHARACTERS),
        Field(description="Body of the request."),
    ] = None
    timeout: Annotated[int, between(1, LONGEST_SECONDS), Field(description="In seconds.")] = 30


class HttpHeader(Model):
    """One header of an answer."""

    name: str
    value: str


class HttpAnswer(Model):
    """What an environment's Odoo answered: untrusted data.

    `text` is empty for a body that is no text.
    """

    model_config = ConfigDict(str_strip_whitespace=False)

    status: int
    headers: tuple[HttpHeader, ...]
    text: str
    seconds: float
