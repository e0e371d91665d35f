"""The transport of the requests that the OAuth libraries send: one deadline for each.

`requests` limits each read of an answer, so a server that sends a byte now and then can hold a
thread for hours.
"""

from io import BytesIO
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from oduflow.blueprints.oauth.ports import GitHubClient


class GitHubTransport(BaseAdapter):
    """Sends a prepared request through the port `GitHubClient`.

    Args:
        client: sends it, within its limits.
    """

    def __init__(self, client: GitHubClient) -> None:
        super().__init__()
        self._client = client

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Send a request; what `requests` says of timeouts, proxies and certificates is ignored.

        Raises:
            UpstreamFailed: there is no answer.
        """
        body = request.body or b""
        status, headers, content = self._client(
            request.method or "GET",
            request.url or "",
            dict(request.headers),
            body.encode() if isinstance(body, str) else bytes(body),
        )
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = status, request, request.url or ""
        answer.headers = CaseInsensitiveDict(headers)
        answer.encoding = get_encoding_from_headers(answer.headers)
        answer.raw = BytesIO(content)
        return answer

    def close(self) -> None:
        """Do nothing: no connection is kept."""
