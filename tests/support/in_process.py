"""Call an application in this process through `requests`, without a socket."""

from email.message import Message
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Response


class InProcess(HTTPAdapter):
    """A transport that calls a WSGI application; cookies are the session's own."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._client = Client(app, Response, use_cookies=False)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        assert isinstance(request.url, str)
        url = urlsplit(request.url)
        environ = EnvironBuilder(
            path=url.path or "/",
            query_string=url.query,
            base_url=f"{url.scheme}://{url.netloc}",
            method=request.method or "GET",
            headers=list(request.headers.items()),
            data=_bytes(request.body),
            environ_base={"REMOTE_ADDR": "127.0.0.1"},
        )
        answer = self._client.open(environ)
        headers, message = HTTPHeaderDict(), Message()
        for name, value in answer.headers.items():
            headers.add(name, value)
            message.add_header(name, value)
        raw = HTTPResponse(
            body=BytesIO(answer.get_data()),
            headers=headers,
            status=answer.status_code,
            preload_content=False,
            original_response=cast("Any", SimpleNamespace(msg=message, isclosed=lambda: True)),
        )
        return self.build_response(request, raw)


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""
