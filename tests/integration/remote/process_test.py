"""The command as a real process: what other users see of it, and Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.fakes import BLUE_TOKEN
from tests.support.mcp_world import McpWorld, eventually, mcp_world
from tests.support.remote_world import things_and_jobs

PATIENCE_SECONDS = 90
INTERRUPTED = 130


@contextmanager
def oduflow(*words: str, token: str = BLUE_TOKEN) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "oduflow", *words],
        env={**os.environ, "ODUFLOW_TOKEN": token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_ctrl_c_leaves_the_job_and_says_how_to_look_at_it(server: McpWorld) -> None:
    world = server.world
    world.slots.free.clear()
    asked = len(world.audit.outcomes)

    with oduflow("call", "bake_thing", "lamp", "--url", server.url) as process:
        # The second wait: by now the process knows its job.
        eventually(lambda: ("wait_for_job", "ok") in world.audit.outcomes[asked:], PATIENCE_SECONDS)
        [job] = world.job_rows.unfinished()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)

    still = world.job_rows.rows[job.id].status
    world.slots.free.set()
    assert (process.returncode, out) == (INTERRUPTED, ""), err
    assert f"interrupted: The job continues: `oduflow call get_job {job.id} --url" in err
    assert "Traceback" not in err
    assert still == "queued"


def test_ctrl_c_before_the_job_is_known_says_where_to_find_it() -> None:
    """A server that waits for the job itself tells its handle only when it gives up waiting."""
    with mcp_world(make=things_and_jobs) as served:
        served.world.slots.free.clear()
        with oduflow("call", "bake_thing", "lamp", "--url", served.url) as process:
            eventually(lambda: bool(served.world.job_rows.unfinished()), PATIENCE_SECONDS)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE_SECONDS)
        [job] = served.world.job_rows.unfinished()

    assert job.status == "queued"
    assert (process.returncode, out) == (INTERRUPTED, "")
    hint = f"A job may still run: `oduflow call list_jobs --url {served.url}` shows it."
    assert err.endswith(f"interrupted: {hint}\n")


def test_no_process_shows_the_token_and_none_inherits_it(server: McpWorld) -> None:
    world = server.world
    world.slots.free.clear()

    with oduflow("call", "bake_thing", "lamp", "--url", server.url) as process:
        eventually(lambda: bool(world.job_rows.unfinished()), PATIENCE_SECONDS)
        line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        world.slots.free.set()
        out, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0, err
    assert BLUE_TOKEN.encode() not in line
    assert children == ""
    assert BLUE_TOKEN not in out + err


def test_a_failure_is_its_line_and_its_next_step_and_nothing_else(server: McpWorld) -> None:
    with oduflow(
        "call", "get_thing", "x", "--url", server.url, token="wrong-0123456789"
    ) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, out) == (77, "")
    first, second = err.splitlines()
    assert first.startswith("unauthenticated: ")
    assert second.startswith("  → ")
    assert "wrong-0123456789" not in err
