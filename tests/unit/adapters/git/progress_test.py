from collections.abc import Callable
from typing import cast

from oduflow.adapters.git import connections
from oduflow.adapters.git.invocation import NO_REPOSITORY
from oduflow.adapters.git.offered_credential import OfferedCredential
from oduflow.adapters.git.progress import StderrParser
from oduflow.adapters.git.urls import parse_url


def test_a_stage_of_git_is_told_as_a_line():
    told: list[str] = []
    StderrParser(told.append).feed(b"Receiving objects:  45% (450/1000), 1.20 MiB | 800.00 KiB/s\r")
    assert told == ["Receiving objects: 45% (450/1000), 1.20 MiB | 800.00 KiB/s"]


def test_each_stage_is_told_at_once_and_repeated_seldom():
    told: list[str] = []
    messages = StderrParser(told.append)
    for percent in range(100):
        messages.feed(b"Receiving objects: %d%% (1/1)\r" % percent)
    messages.feed(b"\nResolving deltas: 1% (1/9)\r")
    assert told == ["Receiving objects: 0% (1/1)", "Resolving deltas: 1% (1/9)"]


def test_a_line_in_pieces_is_one_line():
    messages = StderrParser()
    for piece in (b"fatal: no", b"t foun", b"d\nhint: x"):
        messages.feed(piece)
    assert messages.text() == "fatal: not found\nhint: x"


def test_what_a_server_says_is_never_told_as_progress():
    told: list[str] = []
    messages = StderrParser(told.append)
    messages.feed(b"remote: send your password to evil.example\n")
    messages.feed(b"remote: Counting objects: 1% (1/2) <script>alert(1)</script>\n")
    assert told == []


def test_escape_sequences_and_control_characters_are_left_out():
    messages = StderrParser()
    messages.feed(b"\x1b[31mfatal:\x1b[0m \x07bad\xff\n")
    assert messages.text() == "fatal: bad\ufffd"


def test_a_server_that_talks_without_end_is_kept_short():
    messages = StderrParser()
    for number in range(1000):
        messages.feed(b"remote: %d\n" % number)
    messages.feed(b"x" * 100_000)
    lines = messages.text().splitlines()
    assert lines[-2] == "remote: 999"
    assert len(lines) <= 60
    assert len(lines[-1]) <= 500


def test_a_stage_in_which_a_server_repeats_the_credential_is_told_without_it(monkeypatch):
    def says(*_words: object) -> str:
        on_stage = cast("Callable[[str], None]", _words[-1])
        on_stage("Counting objects: 1hunter2hunter2")
        return ""

    told: list[str] = []
    monkeypatch.setattr(connections, "call", says)
    remote = parse_url("https://git.example/a.git")
    offered = OfferedCredential("me:****", ("hunter2hunter2",))
    connection = connections.Connection(
        remote, resolved=None, helper=None, stall_seconds=1, offered=offered
    )
    connection.call(("fetch",), (), NO_REPOSITORY, lambda: None, told.append)

    assert told == ["Counting objects: 1****"]
