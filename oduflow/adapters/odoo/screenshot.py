"""The script that takes a screenshot: its input and its output, which a page may have written."""

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from oduflow.adapters.odoo import inside
from oduflow.adapters.odoo.test_output import RecordReader
from oduflow.domain.plan import ODOO_PORT
from oduflow.domain.screenshot import PAGE_SECONDS, PageFacts, TakeScreenshot

_MARK = "oduflow-screenshot-"
_MAX_RECORD = 8 << 20  # characters, the picture among them
_MOST, _LONGEST = 50, 1_000  # of a list, characters of a text


@dataclass(frozen=True, slots=True)
class Shot:
    """What the script said.

    Attributes:
        png: the picture; empty if the page does not let itself be drawn.
        seconds: how long it took, the browser's start included.
    """

    facts: PageFacts
    png: bytes = field(repr=False)
    seconds: float


@dataclass(slots=True)
class ScreenshotOutput:
    """Reads the script's output, line by line.

    Attributes:
        shot: what it said; None until then.
        last: the last line that is not its own, such as that of a traceback.
    """

    mark: str = field(default_factory=lambda: f"{_MARK}{secrets.token_hex(8)}:", init=False)
    shot: Shot | None = field(default=None, init=False)
    last: str = field(default="", init=False)
    _reader: RecordReader = field(init=False)

    def __post_init__(self) -> None:
        self._reader = RecordReader(self.mark, _MAX_RECORD)

    def add(self, line: str) -> None:
        """Take a line of the output."""
        if not self._reader.is_part(line):
            self.last = line.strip() or self.last
        elif (record := self._reader.read(line)) is not None:
            self.shot = _shot(record)


def command() -> tuple[str, ...]:
    """Return the command that takes a screenshot; `request` is its input."""
    source = (resources.files(inside) / "take_screenshot.py").read_text("utf-8")
    return ("python3", "-c", source)


def request(args: TakeScreenshot, base: str, cookie: tuple[str, str] | None, mark: str) -> bytes:
    """Return the script's input.

    Args:
        args: which page.
        base: the address under which people reach the environment.
        cookie: name and value of the session's cookie; None for a page that is seen signed out.
        mark: that of the output.
    """
    asked = {
        "mark": mark,
        "base": base.rstrip("/"),
        "path": args.path,
        "address": f"127.0.0.1:{ODOO_PORT}",
        "cookie": cookie,
        "width": args.width,
        "height": args.height,
        "seconds": PAGE_SECONDS,
    }
    return json.dumps(asked).encode()


def _shot(record: Mapping[str, Any]) -> Shot | None:
    try:
        said = record["facts"]
        facts = PageFacts(
            url=str(said["url"])[:_LONGEST],
            status=int(said["status"]),
            title=str(said["title"])[:_LONGEST],
            exceptions=_texts(said["exceptions"]),
            console=_texts(said["console"]),
            requests=_texts(said["requests"]),
            settled=said["settled"] is True,
            crashed=said["crashed"] is True,
        )
        png = base64.b64decode(record["png"], validate=True)
        return Shot(facts, png, float(said["seconds"]))
    except (KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        return None


def _texts(found: Any) -> tuple[str, ...]:
    return tuple(str(each)[:_LONGEST] for each in list(found)[:_MOST])
