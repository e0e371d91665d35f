from typing import Any

import pytest

from oduflow.settings.kinds import Kind, Refused
from oduflow.settings.urls import BASE_URL, LINKS, ORIGIN, REDIRECT_URI


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (BASE_URL, "", ""),
        (BASE_URL, "https://GitHub.example/api/v3/", "https://github.example/api/v3"),
        (BASE_URL, "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (ORIGIN, "https://Your-Server.com:443/", "https://your-server.com"),
        (ORIGIN, "https://your-server.com:8443", "https://your-server.com:8443"),
        (ORIGIN, "http://[::1]:8000", "http://[::1]:8000"),
        (REDIRECT_URI, "https://a.example/cb?x=1", "https://a.example/cb?x=1"),
        (REDIRECT_URI, "http://localhost:33418/", "http://localhost:33418/"),
        (REDIRECT_URI, "cursor://anysphere.cursor-mcp/cb", "cursor://anysphere.cursor-mcp/cb"),
        (LINKS, "/srv/wheels", "/srv/wheels"),
        (LINKS, "https://wheels.lan/simple", "https://wheels.lan/simple"),
    ],
)
def test_right_urls_are_read_in_one_form(kind: Kind, value: str, read: str):
    assert kind.read(value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (BASE_URL, "github.com"),
        (BASE_URL, "ftp://github.com"),
        (BASE_URL, "https://"),
        (BASE_URL, "https://me:pw@github.com"),
        (BASE_URL, "https://github.com/?x=1"),
        (BASE_URL, "https://github.com/#x"),
        (BASE_URL, "https://github.com:99999"),
        (BASE_URL, "https://[::1"),
        (BASE_URL, "https://git hub.com"),
        (BASE_URL, "https://github.com\\@evil.example"),
        (BASE_URL, 'https://github.com/"'),
        (BASE_URL, "https://127.1/"),
        (BASE_URL, 1),
        (ORIGIN, "https://your-server.com/oduflow"),
        (REDIRECT_URI, ""),
        (REDIRECT_URI, "http://a.example/cb"),
        (REDIRECT_URI, "https://*.example/cb"),
        (REDIRECT_URI, "https://a.example/cb#x"),
        (REDIRECT_URI, "https://me@a.example/cb"),
        (REDIRECT_URI, "javascript:alert(1)"),
        (REDIRECT_URI, "data:text/html,x"),
        (REDIRECT_URI, "file:///etc/passwd"),
        (REDIRECT_URI, "unknown-app://cb"),
        (REDIRECT_URI, "cursor:cb"),
        (LINKS, "wheels"),
    ],
)
def test_wrong_urls_are_refused(kind: Kind, value: Any):
    with pytest.raises(Refused):
        kind.read(value)
