import struct
from typing import Any

import pytest

from oduflow.domain.screenshot import PageFacts, TakeScreenshot, page_problem, png_size

URL = "http://localhost:20001"


def problem(path="/web", user=None, **facts: Any):
    known: dict[str, Any] = {"url": f"{URL}/web", "status": 200, "title": "", **facts}
    args = TakeScreenshot(name="shop", path=path, user=user)
    found = page_problem(args, PageFacts(**known))
    return None if found is None else found.reason


def test_a_page_that_was_loaded_has_no_problem():
    assert problem() is None
    assert problem(console=("an error",), requests=("404 GET /x",)) is None


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"crashed": True, "status": 0}, "ended the browser's process"),
        ({"status": 404}, "was answered with status 404"),
        ({"status": 500, "url": f"{URL}/web/login"}, "was answered with status 500"),
        ({"url": f"{URL}/web/login?redirect=%2Fweb"}, "led to the login page"),
        ({"url": f"{URL}/fr/web/login"}, "led to the login page"),
        ({"exceptions": ("E: x\n  at y",)}, "raised an error: E: x"),
        ({"settled": False}, "was not loaded within 25 s"),
        ({"status": 0}, "was not answered"),
    ],
)
def test_a_page_that_does_not_work_says_why(facts, said):
    assert problem(**facts) == said


def test_the_login_page_itself_may_be_asked_for():
    assert problem("/web/login?debug=1", url=f"{URL}/web/login?debug=1") is None


def test_the_hint_names_a_user_unless_one_was_signed_in():
    facts = PageFacts(url=f"{URL}/web/login", status=200, title="")
    calls = [TakeScreenshot(name="shop", path="/web", user=user) for user in (None, "demo")]
    hints = [found.hint for each in calls if (found := page_problem(each, facts))]

    assert "user=admin" in hints[0]
    assert hints[1].startswith("demo was signed in")


def test_the_size_of_a_png_is_read_and_nothing_else_is_one():
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)

    assert png_size(header + b"rest") == (640, 480)
    for content in (b"", b"GIF89a", header[:20], header.replace(b"IHDR", b"IDAT")):
        assert png_size(content) is None
