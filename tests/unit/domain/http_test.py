import pytest
from pydantic import ValidationError

from oduflow.domain.http import HttpRequest


@pytest.mark.parametrize("path", ["/", "/web/login?debug=1", "//elsewhere/x", "/ä?q=%20"])
def test_a_path_with_a_query_is_taken(path):
    assert HttpRequest(name="sale", path=path).path == path


@pytest.mark.parametrize(
    "path", ["", "web", "http://elsewhere/", "/a b", "/a\r\nHost: x", "/a#b", "/\0", "@x/"]
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValidationError, match="path"):
        HttpRequest(name="sale", path=path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "elsewhere"},
        {"transfer-encoding": "chunked"},
        {"Content-Length": "3"},
        {"X": "a\r\nY: b"},
        {"X:": "a"},
        {"X": "€"},
        {"x": "1", "X": "2"},
    ],
)
def test_headers_that_change_where_a_request_goes_or_ends_are_refused(headers):
    with pytest.raises(ValidationError, match="headers"):
        HttpRequest(name="sale", path="/", headers=headers)
