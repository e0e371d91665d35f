"""Take a screenshot of a page with Chromium, in a container of its own.

Standard input is a JSON object: `mark`, which begins each line of ours, `base` and `path` of the
page, `address` behind the base, `cookie` with name and value or null, `width`, `height` and
`seconds`, which the page may take. One record says what the browser saw, and has the picture in
base64. A long record is cut: a `+` behind the mark means that it goes on in the next line.

Chromium is driven through a pipe (the DevTools protocol, `--remote-debugging-pipe`): a port would
be open to the environment, whose network the container shares. It needs Python 3.7.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from typing import Any

CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
    *("--mute-audio", "--no-first-run", "--disable-extensions", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"),
)
READS, WRITES = 3, 4  # the descriptors that Chromium uses
QUIET_SECONDS = 0.5  # without a request, after which a page is loaded
COMMAND_SECONDS = 15.0
MOST, LONGEST, LONGEST_URL = 30, 1000, 300  # of a list, characters of a text and of a URL
CHUNK = 3000  # characters of a line
MOST_REQUESTS = 5000
OPEN = ("websocket_worker", "/longpolling/")  # requests that are open as long as their page is
AWAITED = {"Document", "Script", "Stylesheet", "XHR", "Fetch", "Image", "Font"}
# A web client is loaded when it shows an action. Odoo catches errors and shows a dialog.
STATE = """(() => {
  const text = each => (each.innerText || "").trim();
  const shown = document.querySelector(".o_action_manager > *, .o_home_menu");
  const busy = document.querySelector(".o_blockUI, .o_loading_indicator, .blockUI.blockOverlay");
  const dialogs = [...document.querySelectorAll(".o_error_dialog, .o_dialog_error")].map(text);
  const waits = document.querySelector(".o_web_client") && !shown;
  return {
    loaded: document.readyState === "complete" && !waits && !busy || dialogs.length > 0,
    dialogs: dialogs.map(each => each || "Odoo shows an error."),
    title: document.title,
    url: location.href,
  };
})()"""


class PageDriver:
    """A running Chromium, and what its page has told."""

    def __init__(self, arguments: list[str]) -> None:
        self.incoming, self.outgoing, self.process = started(arguments)
        self.session = ""
        self.buffer = b""
        self.number = 0
        self.frame = ""
        self.status = 0
        self.crashed = False
        self.last = time.monotonic()
        self.waiting: dict[str, str] = {}
        self.urls: dict[str, str] = {}
        self.console: list[str] = []
        self.exceptions: list[str] = []
        self.requests: list[str] = []

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come first are taken."""
        number = self.send(method, **parameters)
        end = time.monotonic() + COMMAND_SECONDS
        while time.monotonic() < end and not self.crashed:
            for answer in self.received(end - time.monotonic()):
                if answer.get("id") == number:
                    if "error" in answer:
                        raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                    result: dict[str, Any] = answer.get("result") or {}
                    return result
        raise TimeoutError(f"the browser did not answer {method}")

    def send(self, method: str, **parameters: Any) -> int:
        """Send a command and return its number, without waiting for its result."""
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.outgoing, data) :]
        return self.number

    def received(self, seconds: float) -> list[dict[str, Any]]:
        """Wait for messages; take the events, and return the answers to commands."""
        ready, _, _ = select.select([self.incoming], [], [], max(seconds, 0.0))
        if not ready:
            return []
        chunk = os.read(self.incoming, 1 << 20)
        if not chunk:
            raise EOFError("the browser ended")
        *whole, self.buffer = (self.buffer + chunk).split(b"\0")
        answers = []
        for each in whole:
            message = json.loads(each.decode("utf-8", "replace"))
            if "method" in message:
                self.take(message["method"], message.get("params") or {})
            else:
                answers.append(message)
        return answers

    def take(self, event: str, told: dict[str, Any]) -> None:
        """Take an event of the page."""
        handler = {
            "Inspector.targetCrashed": self._crashed,
            "Log.entryAdded": self._logged,
            "Network.loadingFailed": self._failed,
            "Network.loadingFinished": self._ended,
            "Network.requestWillBeSent": self._sent,
            "Network.responseReceived": self._answered,
            "Page.javascriptDialogOpening": self._asked,
            "Runtime.consoleAPICalled": self._written,
            "Runtime.exceptionThrown": self._thrown,
        }.get(event)
        if handler is not None:
            handler(told)

    def _sent(self, told: dict[str, Any]) -> None:
        url = told["request"]["url"]
        if len(self.urls) >= MOST_REQUESTS:
            return
        self.urls[told["requestId"]] = f"{told['request']['method']} {url[:LONGEST_URL]}"
        if told.get("type") in AWAITED and not any(each in url for each in OPEN):
            if not url.startswith(("data:", "blob:")):
                self.waiting[told["requestId"]] = self.urls[told["requestId"]]
            self.last = time.monotonic()

    def _answered(self, told: dict[str, Any]) -> None:
        response = told["response"]
        if told.get("type") == "Document" and told.get("frameId") == self.frame:
            self.status = int(response["status"])
        elif response["status"] >= 400:  # noqa: PLR2004 - HTTP's errors
            self._add(self.requests, f"{response['status']} {self._named(told)}")

    def _failed(self, told: dict[str, Any]) -> None:
        if not told.get("canceled"):
            self._add(self.requests, f"{told.get('errorText')} {self._named(told)}")
        self._ended(told)

    def _thrown(self, told: dict[str, Any]) -> None:
        details = told["exceptionDetails"]
        thrown = details.get("exception") or {}
        self._add(self.exceptions, str(thrown.get("description") or details.get("text")))

    def _written(self, told: dict[str, Any]) -> None:
        if told["type"] in {"error", "assert"}:
            values = (each.get("value", each.get("description", "")) for each in told["args"])
            self._add(self.console, " ".join(map(str, values)))

    def _logged(self, told: dict[str, Any]) -> None:
        entry = told["entry"]
        if entry["level"] == "error" and entry["source"] != "network":  # that is in `requests`
            self._add(self.console, f"{entry['text']} {entry.get('url', '')}".strip())

    def _asked(self, _told: dict[str, Any]) -> None:
        # Sent without waiting: this may be within another command, which the dialog holds up.
        self.send("Page.handleJavaScriptDialog", accept=False)

    def _crashed(self, _told: dict[str, Any]) -> None:
        self.crashed = True

    def _named(self, told: dict[str, Any]) -> str:
        return self.urls.get(told["requestId"], "a request")

    def _ended(self, told: dict[str, Any]) -> None:
        if self.waiting.pop(told["requestId"], None) is not None:
            self.last = time.monotonic()

    @staticmethod
    def _add(texts: list[str], text: str) -> None:
        if len(texts) < MOST and text[:LONGEST] not in texts:
            texts.append(text[:LONGEST])

    def open_page(self, given: dict[str, Any]) -> None:
        """Open a tab, and begin to load the page in it."""
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        self.session, self.frame = attached["sessionId"], target
        for each in ("Network", "Runtime", "Log", "Page", "Inspector"):
            self.command(f"{each}.enable")
        if given["cookie"]:
            name, value = given["cookie"]
            self.command(
                "Network.setCookie", name=name, value=value, url=given["base"], httpOnly=True
            )
        size = {"width": given["width"], "height": given["height"]}
        self.command(
            "Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, mobile=False, **size
        )
        self.last = time.monotonic()
        self.send("Page.navigate", url=given["base"] + given["path"])

    def settle(self, end: float) -> tuple[bool, dict[str, Any]]:
        """Wait until the page is loaded, or its time is over; return whether, and its state."""
        state: dict[str, Any] = {}
        while time.monotonic() < end and not self.crashed:
            self.received(min(0.1, end - time.monotonic()))
            if self.waiting or time.monotonic() - self.last < QUIET_SECONDS:
                continue
            with contextlib.suppress(RuntimeError):  # it goes to another page
                state = self.state()
                if state.get("loaded"):
                    return True, state
        if not self.crashed:
            with contextlib.suppress(RuntimeError, TimeoutError):
                state = self.state()
        return False, state

    def state(self) -> dict[str, Any]:
        """Return what the page is like now."""
        found = self.command("Runtime.evaluate", expression=STATE, returnByValue=True)
        value: dict[str, Any] = found.get("result", {}).get("value") or {}
        return value

    def unanswered(self, settled: bool) -> list[str]:  # noqa: FBT001
        """Return the requests without an answer, if the page is not loaded."""
        return [] if settled else [f"no answer: {each}" for each in self.waiting.values()]

    def picture(self) -> str:
        """Return the picture in base64; empty if the page does not let itself be drawn."""
        if self.crashed:
            return ""
        with contextlib.suppress(RuntimeError, TimeoutError):
            return str(self.command("Page.captureScreenshot", format="png")["data"])
        return ""


def started(arguments: list[str]) -> tuple[int, int, subprocess.Popen[bytes]]:
    """Start Chromium; return the descriptors from which its messages come and to which they go."""
    pairs = (*os.pipe(), *os.pipe())
    # Out of the way of the two that Chromium expects.
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in pairs]
    for each in pairs:
        os.close(each)
    os.dup2(moved[0], READS)
    os.dup2(moved[3], WRITES)
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(READS, WRITES),
    )
    for each in (moved[0], moved[3], READS, WRITES):
        os.close(each)
    return moved[2], moved[1], process


def main() -> None:
    """Take the screenshot that standard input asks for."""
    given = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    host = given["base"].split("://", 1)[1].rstrip("/")
    folder = tempfile.mkdtemp()
    arguments = [
        *CHROMIUM,
        f"--user-data-dir={folder}",
        f"--host-resolver-rules=MAP {host} {given['address']}",
        f"--window-size={given['width']},{given['height']}",
        "about:blank",
    ]
    begun = time.monotonic()
    page = PageDriver(arguments)
    try:
        page.open_page(given)
        settled, state = page.settle(begun + given["seconds"])
        picture = page.picture()
    finally:
        page.process.kill()
    facts = {
        "url": str(state.get("url", ""))[:LONGEST],
        "title": str(state.get("title", ""))[:LONGEST],
        "status": page.status,
        "exceptions": [*page.exceptions, *(state.get("dialogs") or [])][:MOST],
        "console": page.console,
        "requests": [*page.requests, *page.unanswered(settled)][:MOST],
        "settled": settled,
        "crashed": page.crashed,
        "seconds": round(time.monotonic() - begun, 2),
    }
    text = json.dumps({"facts": facts, "png": picture})
    for start in range(0, len(text), CHUNK):
        sign = "+" if start + CHUNK < len(text) else "."
        sys.stdout.write(f"{given['mark']}{sign}{text[start : start + CHUNK]}\n")


main()
