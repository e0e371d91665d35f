from typing import Any

import pytest
from pydantic import ValidationError

from oduflow.settings.addresses import BaseUrl, Links, Origin, RedirectUri
from tests.support.settings_values import read


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (BaseUrl, "", ""),
        (BaseUrl, "https://GitHub.example/api/v3/", "https://github.example/api/v3"),
        (BaseUrl, "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (Origin, "https://Your-Server.com:443/", "https://your-server.com"),
        (Origin, "https://your-server.com:8443", "https://your-server.com:8443"),
        (Origin, "http://[::1]:8000", "http://[::1]:8000"),
        (RedirectUri, "https://a.example/cb?x=1", "https://a.example/cb?x=1"),
        (RedirectUri, "http://localhost:33418/", "http://localhost:33418/"),
        (RedirectUri, "cursor://anysphere.cursor-mcp/cb", "cursor://anysphere.cursor-mcp/cb"),
        (Links, "/srv/wheels", "/srv/wheels"),
        (Links, "https://wheels.lan/simple", "https://wheels.lan/simple"),
    ],
)
def test_right_urls_are_read_in_one_form(type_: Any, value: str, expected: str):
    assert read(type_, value) == expected


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (BaseUrl, "github.com"),
        (BaseUrl, "ftp://github.com"),
        (BaseUrl, "https://"),
        (BaseUrl, "https://me:pw@github.com"),
        (BaseUrl, "https://github.com/?x=1"),
        (BaseUrl, "https://github.com/#x"),
        (BaseUrl, "https://github.com:99999"),
        (BaseUrl, "https://[::1"),
        (BaseUrl, "https://git hub.com"),
        (BaseUrl, "https://github.com\\@evil.example"),
        (BaseUrl, 'https://github.com/"'),
        (BaseUrl, "https://127.1/"),
        (BaseUrl, 1),
        (Origin, "https://your-server.com/oduflow"),
        (RedirectUri, ""),
        (RedirectUri, "http://a.example/cb"),
        (RedirectUri, "https://*.example/cb"),
        (RedirectUri, "https://a.example/cb#x"),
        (RedirectUri, "https://me@a.example/cb"),
        (RedirectUri, "javascript:alert(1)"),
        (RedirectUri, "data:text/html,x"),
        (RedirectUri, "file:///etc/passwd"),
        (RedirectUri, "unknown-app://cb"),
        (RedirectUri, "cursor:cb"),
        (Links, "wheels"),
    ],
)
def test_wrong_urls_are_refused(type_: Any, value: Any):
    with pytest.raises(ValidationError):
        read(type_, value)
