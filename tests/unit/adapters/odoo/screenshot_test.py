import base64
import json
from typing import Any

import pytest

from oduflow.adapters.odoo.screenshot import ScreenshotOutput, command, request
from oduflow.domain.screenshot import PageFacts, TakeScreenshot

FACTS: dict[str, Any] = {
    "url": "http://localhost:20001/web",
    "title": "Odoo",
    "status": 200,
    "exceptions": [],
    "console": ["E"],
    "requests": [],
    "settled": True,
    "crashed": False,
    "seconds": 2.5,
}


def output(record, size=3000):
    """Give a reader the lines of a record."""
    made = ScreenshotOutput()
    text = json.dumps(record)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    made.add("a line of the browser")
    for number, piece in enumerate(pieces, 1):
        made.add(f"{made.mark}{'.' if number == len(pieces) else '+'}{piece}")
    return made


def test_a_picture_of_many_lines_is_put_together():
    png = bytes(range(256)) * 100

    found = output({"facts": FACTS, "png": base64.b64encode(png).decode()})

    assert found.shot.png == png
    assert found.shot.seconds == 2.5
    assert found.shot.facts == PageFacts(url=FACTS["url"], status=200, title="Odoo", console=("E",))
    assert found.last == "a line of the browser"


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"facts": FACTS},
        {"facts": FACTS, "png": "%"},
        {"facts": FACTS, "png": 7},
        {"facts": {**FACTS, "status": "x"}, "png": ""},
        {"facts": {**FACTS, "console": 7}, "png": ""},
        {"facts": [], "png": ""},
    ],
)
def test_what_a_hostile_browser_says_is_no_screenshot(record):
    assert output(record).shot is None


def test_long_texts_and_lists_are_cut():
    found = output(
        {"facts": {**FACTS, "console": ["x" * 9_000] * 900, "url": "y" * 9_000}, "png": ""}
    )

    assert len(found.shot.facts.console) == 50
    assert len(found.shot.facts.console[0]) == len(found.shot.facts.url) == 1_000


def test_a_record_that_is_too_long_is_none():
    assert output({"facts": FACTS, "png": "A" * (9 << 20)}, 1 << 20).shot is None


def test_the_session_is_in_the_input_and_not_in_the_command():
    args = TakeScreenshot(name="shop", path="/web?x=secret-path", user="demo")

    asked = json.loads(request(args, "http://localhost:20001/", ("session_id_20001", "abc"), "m"))

    assert asked["base"] + asked["path"] == "http://localhost:20001/web?x=secret-path"
    assert asked["cookie"] == ["session_id_20001", "abc"]
    assert asked["address"] == "127.0.0.1:8069"
    assert "secret-path" not in " ".join(command())
