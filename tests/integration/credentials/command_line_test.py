"""The published setup_repo_auth command as a real process: no other process sees its token."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.credentials.conftest import TOKEN, Parts
from tests.support import forked

PATIENCE_SECONDS = 40


def oduflow(parts: Parts, *words: str, typed: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "oduflow", *words, "--team", "1", "--config", str(parts.config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if typed:
        assert process.stdin is not None
        process.stdin.write(typed)
        process.stdin.close()
        process.stdin = None
    return process


def test_the_command_of_the_page_keeps_the_credential(parts: Parts, server):
    url = f"http://me:{TOKEN}@{server.authority}/private/addons.git"
    out, err = oduflow(parts, "call", "setup_repo_auth", url).communicate(timeout=60)
    assert "Saved the credential of me" in out, err
    assert TOKEN in parts.file().read_text()
    assert TOKEN not in out + err


def test_a_dash_reads_it_from_stdin(parts: Parts, server):
    url = f"http://me:{TOKEN}@{server.authority}/private/addons.git"
    process = oduflow(parts, "call", "setup_repo_auth", "-", typed=f"{url}\n")
    out, err = process.communicate(timeout=60)
    assert "Saved the credential of me" in out, err
    assert TOKEN in parts.file().read_text()


def test_while_it_works_no_process_shows_the_token(parts: Parts, server):
    url = f"http://me:{TOKEN}@{server.authority}/hang/addons.git"
    process = oduflow(parts, "call", "setup_repo_auth", url)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not server.requests and time.monotonic() < until:
            time.sleep(0.05)
        own = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert own.startswith(b"oduflow call setup_repo_auth")
        assert server.requests
        assert showing(TOKEN) == []
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.mark.parametrize(
    "words",
    [
        ("call", "list_credentials", "https://me:{0}@github.com/a/b"),
        ("call", "https://me:{0}@github.com/a/b"),
        ("call", "setup_repo_auth", "https://me:{0}@github.com/a/b", "--https://x:{0}@y=1"),
        ("call", "setup_repo_auth", '{{"repo_url": "https://me:{0}@github.com/a/b"'),
        ("call", "setup_repo_auth", "https://me:{0}@127.1/a/b"),
        ("https://me:{0}@github.com/a/b",),
    ],
)
def test_no_mistake_on_the_command_line_repeats_the_token(parts: Parts, words):
    filled = [word.format(TOKEN) for word in words]
    done = forked.oduflow(*filled, "--team", "1", "--config", str(parts.config))
    assert done.stderr
    assert TOKEN not in done.stdout + done.stderr


def showing(text: str) -> list[str]:
    """Name the files of /proc that hold a text, of every process but this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                if text.encode() in (process / name).read_bytes():
                    found.append(str(process / name))
            except OSError:
                continue
    return found
